"""`chatcore user`: removing people."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from chatcore import config
from chatcore.domain.errors import ChatError
from chatcore.telemetry import set_up_logging

if TYPE_CHECKING:
    from chatcore.supervisor.erasure import Erased

_NAMES = {
    "channels": "channels that name the creator",
    "invites": "invitations that name the inviter",
    "media": "files that name the uploader",
    "dead_jobs": "jobs that were given up",
}


@click.group()
def user() -> None:
    """Users."""


@user.command()
@click.option("--service", "service_sid", required=True, help="Chat service (IS…).")
@click.option("--identity", required=True, help="Whom to remove.")
@click.option(
    "--messages",
    type=click.Choice(["delete", "anonymise"]),
    default="anonymise",
    show_default=True,
    help="Delete them, or keep their text under a pseudonym.",
)
@click.option("--yes", is_flag=True, help="Do it; otherwise only say what would be done.")
def erase(service_sid: str, identity: str, messages: str, yes: bool) -> None:
    """Remove a person: profile, memberships, devices, and the name on messages and elsewhere.

    Revoke or let expire the person's tokens first: whoever comes back with a valid one is a new user. A run that was
    interrupted is completed by the next one.
    """
    settings, _ = config.load(os.environ)
    set_up_logging(settings.log_level, settings.log_format)
    try:
        name, erased = asyncio.run(_erase(settings, service_sid, identity, messages, yes=yes))
    except ChatError as error:
        raise click.ClickException(error.message) from error
    if not erased:
        raise click.ClickException(f"nothing in {service_sid} names {identity}")
    for line in _lines(erased, name, messages, done=yes):
        click.echo(line)


async def _erase(
    settings: config.Settings, service_sid: str, identity: str, messages: str, *, yes: bool
) -> tuple[str, Erased]:
    """The pseudonym, and what was found."""
    from chatcore.domain.ids import Identity, ServiceSid
    from chatcore.domain.model import Actor
    from chatcore.store.erasure import Traces
    from chatcore.supervisor import erasure
    from chatcore.supervisor.administration import commands, secret_keys

    key = secret_keys(settings)[0]
    async with commands(settings) as (chat, store):
        service = await store.read.services.find(ServiceSid(service_sid))
        if service is None:
            raise click.ClickException(f"there is no service {service_sid}")
        actor = Actor(account_sid=service.account_sid, service_sid=service.sid)
        work = erasure.Erasure(chat, store, Traces(store.pool), actor)
        who = Identity(identity)
        name = erasure.pseudonym(actor, who, key)
        if yes:
            return name, await work.erase(who, name, erasure.Messages(messages))
        return name, await work.look(who)


def _lines(erased: Erased, name: str, messages: str, *, done: bool) -> Iterator[str]:
    def what(text: str) -> str:
        return text if done else f"to be {text}"

    if erased.user_sid is None:
        yield "user: none of that identity"
    else:
        held = erased.belongings
        yield f"user: {erased.user_sid}, {what('deleted')}"
        yield f"  memberships: {held.memberships}"
        yield f"  invitations: {held.invites}"
        yield f"  devices: {held.devices}"
        yield f"  lines of the push log: {held.pushes}"
    yield f"messages: {erased.messages}, {what('deleted' if messages == 'delete' else 'anonymised')}"
    yield f"messages of others, edited last: {erased.edited}, {what('anonymised')}"
    for trace, count in erased.traces.items():
        yield f"{_NAMES[trace]}: {count}, {what('deleted' if trace == 'dead_jobs' else 'anonymised')}"
    if done:
        yield f"event logs: {len(erased.channels)} emptied, {erased.events} events"
    else:
        yield f"event logs: {len(erased.channels)}, to be emptied"
    yield f"pseudonym: {name}"
    if erased.came_back:
        yield "The person has come back with a valid token and is a new user: revoke the token and run this again."
    if not done:
        yield "Nothing was changed. Add --yes to do it."
