"""`chatcore pushes`: what became of pushes; `chatcore recount`: the numbers they carry, counted anew."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from chatcore import config
from chatcore.cli_store import with_store

if TYPE_CHECKING:
    from chatcore.domain.ids import MessageSid, ServiceSid, UserSid
    from chatcore.store.postgres import PostgresStore
    from chatcore.store.pushes import LoggedAttempt


@click.group()
def pushes() -> None:
    """Push notifications."""


@pushes.command()
@click.option("--service", "service_sid", help="Chat service (IS…); the first one if left out.")
@click.option("--user", "identity", help="Only what went to this identity.")
@click.option("--message", "message_sid", help="Only what told of this message (IM…).")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
def log(service_sid: str | None, identity: str | None, message_sid: str | None, limit: int) -> None:
    """Print attempts to push, newest first, one JSON object per line, and those that were not made.

    Services keep a log for seven days while `Notifications.LogEnabled` is on; texts and addresses are not in it. With
    --user and --message a last line says what speaks against a push as things stand now: the author, a muted channel,
    no device … (empty: nothing).
    """
    lines = with_store(lambda store: _read(store, service_sid, identity, message_sid, limit))
    for line in lines:
        click.echo(json.dumps(line, ensure_ascii=False))
    if not any("outcome" in line for line in lines):
        click.echo("nothing was logged", err=True)


@click.command()
def recount() -> None:
    """Count members, messages and joined channels anew, and correct what is wrong. May run while others work."""
    from chatcore.store import recount as counting

    found = with_store(lambda store: counting.recount(store.pool))
    click.echo(f"{found.channels} channels and {found.users} users were wrong")


async def _read(
    store: PostgresStore, service_sid: str | None, identity: str | None, message_sid: str | None, limit: int
) -> list[dict[str, object]]:
    from chatcore.domain.ids import Identity, MessageSid, ServiceSid
    from chatcore.store.pushes import PushLog

    settings, _ = config.load(os.environ)
    if service_sid is None:
        from chatcore.supervisor.administration import first_identifiers

        service_sid = first_identifiers(settings)["service_sid"]
    service = ServiceSid(service_sid)
    user_sid = None
    if identity is not None:
        user = await store.read.users.get(service, Identity(identity))
        if user is None:
            raise click.ClickException(f"there is no user {identity} in {service_sid}")
        user_sid = user.sid
    message = MessageSid(message_sid) if message_sid is not None else None
    found = await PushLog(store.pool).read(service, user_sid=user_sid, message_sid=message, limit=limit)
    lines = [_described(line) for line in found]
    if user_sid is not None and message is not None:
        lines.append({"now": await _against(store, service, user_sid, message)})
    return lines


async def _against(
    store: PostgresStore, service_sid: ServiceSid, user_sid: UserSid, message_sid: MessageSid
) -> Mapping[str, str]:
    from chatcore.push_reasons import against
    from chatcore.store.push_standing import PushStanding

    service = await store.read.services.find(service_sid)
    standing = await PushStanding(store.pool).of(service_sid, user_sid, message_sid)
    return against(service, standing) if service is not None and standing is not None else {}


def _described(line: LoggedAttempt) -> dict[str, object]:
    attempt = line.attempt
    return {
        "at": line.at.isoformat(timespec="milliseconds"),
        "push_id": attempt.push_id,
        "user_sid": attempt.user_sid,
        "binding_sid": attempt.binding_sid,
        "provider": attempt.provider,
        "address": f"…{attempt.address_end}" if attempt.address_end is not None else None,
        "event": attempt.event,
        "message_sid": attempt.message_sid,
        "outcome": attempt.outcome,
        "reason": attempt.reason,
        "status": attempt.status,
        "attempt": attempt.attempt,
        "milliseconds": attempt.milliseconds,
    }
