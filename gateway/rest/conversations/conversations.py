"""Conversations of a service, by SID or unique name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from starlette.responses import Response

from chatcore.commands.channels import ChannelDraft
from chatcore.commands.chat import Chat
from chatcore.domain import limits
from chatcore.domain.model import UNSET, Channel, EmailBinding, Unset, given
from chatcore.domain.paging import Page, Window
from gateway.http.call import Call, Handler
from gateway.http.errors import HttpError
from gateway.http.forms import Form
from gateway.http.responses import created, deleted, json_response
from gateway.http.router import Route
from gateway.rest.listing import dated_list
from gateway.rest.parameters import date_created, date_updated, friendly_name, unique_name

from . import present_conversations as present
from .errors import MESSAGING_SERVICE_MISSING
from .place import Place, both_forms, enter, enter_conversation
from .timers import closed_after, inactive_after, state

LAST: Final = datetime.max.replace(tzinfo=UTC)


class Conversations:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self) -> list[Route[Handler]]:
        many, one = "Conversations", "Conversations/{conversation}"
        return [
            *both_forms("POST", many, self.create),
            *both_forms("GET", many, self.list),
            *both_forms("GET", one, self.fetch),
            *both_forms("POST", one, self.update),
            *both_forms("DELETE", one, self.delete),
        ]

    async def create(self, call: Call) -> Response:
        place = await enter(self._chat, call)
        channel = await self._chat.conversations.create(place.webhook_actor, draft(await call.form()))
        return created(present.conversation(place, channel))

    async def list(self, call: Call) -> Response:
        place = await enter(self._chat, call)
        query = call.query()
        since, until, wanted = _since(query), _until(query), state(query)

        async def fetch(window: Window) -> Page[Channel]:
            page = await self._chat.conversations.list(
                place.actor, window, since=since, until=until, state=given(wanted, None)
            )
            return replace(page, items=await complete(self._chat, place, page.items))

        return await dated_list(
            query,
            key="conversations",
            url=place.url("Conversations"),
            filters=("StartDate", "EndDate", "State"),
            fetch=fetch,
            present=lambda channel: present.conversation(place, channel),
            maximum=100,
        )

    async def fetch(self, call: Call) -> Response:
        place, channel = await enter_conversation(self._chat, call)
        return await self._answer(place, channel)

    async def update(self, call: Call) -> Response:
        place, channel = await enter_conversation(self._chat, call)
        changes = draft(await call.form(), channel.email)
        return await self._answer(
            place, await self._chat.conversations.update(place.webhook_actor, channel.sid, changes)
        )

    async def delete(self, call: Call) -> Response:
        place, channel = await enter_conversation(self._chat, call)
        await self._chat.channels.delete(place.webhook_actor, channel.sid)
        return deleted()

    async def _answer(self, place: Place, channel: Channel) -> Response:
        (channel,) = await complete(self._chat, place, [channel])
        return json_response(present.conversation(place, channel))


async def complete(chat: Chat, place: Place, channels: Sequence[Channel]) -> Sequence[Channel]:
    """Channels that Chat made have no messaging service of their own: they show that of the account."""
    if all(channel.messaging_service_sid for channel in channels):
        return channels
    default = (await chat.accounts.configuration(place.service.account_sid)).default_messaging_service_sid
    return [replace(c, messaging_service_sid=c.messaging_service_sid or default) for c in channels]


def draft(form: Form, held: EmailBinding | None = None) -> ChannelDraft:
    """What the parameters say of a conversation. `held`: the e-mail binding that it has."""
    name, unique = friendly_name(form), unique_name(form)
    made, changed = date_created(form), date_updated(form)
    messaging = _messaging_service(form)
    attributes = form.attributes(limit=limits.CHANNEL_ATTRIBUTES_BYTES)
    wanted, inactive, closed = state(form), inactive_after(form), closed_after(form)
    return ChannelDraft(
        friendly_name=name,
        unique_name=unique,
        date_created=made,
        date_updated=changed,
        messaging_service_sid=messaging,
        attributes=attributes,
        state=wanted,
        inactive_after=inactive,
        closed_after=closed,
        email=_email(form, held),
    )


def _messaging_service(form: Form) -> str | Unset:
    sid = form.text("MessagingServiceSid")
    if sid == "":
        raise HttpError(400, MESSAGING_SERVICE_MISSING, "MessagingServiceSid must not be empty")
    return sid


def _email(form: Form, held: EmailBinding | None) -> EmailBinding | Unset | None:
    """Address and name change apart from each other; without both there is no binding."""
    address = form.text_or_none("Bindings.Email.Address", limit=limits.NAME_CHARS)
    name = form.text_or_none("Bindings.Email.Name", limit=limits.NAME_CHARS)
    if address is UNSET and name is UNSET:
        return UNSET
    old = held or EmailBinding()
    new = EmailBinding(name=given(name, old.name), address=given(address, old.address))
    return None if new == EmailBinding() else new


def _since(query: Form) -> datetime | None:
    moment = given(query.date_or_time("StartDate"), None)
    return moment if moment is None or isinstance(moment, datetime) else _midnight(moment)


def _until(query: Form) -> datetime | None:
    """The moment after the last one that is meant. Dates are shown in whole seconds, so one names its whole second."""
    moment = given(query.date_or_time("EndDate"), None)
    if moment is None:
        return None
    if isinstance(moment, datetime):
        return _after(moment, timedelta(milliseconds=1) if moment.microsecond else timedelta(seconds=1))
    return _after(_midnight(moment), timedelta(days=1))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _after(moment: datetime, step: timedelta) -> datetime:
    return moment + step if moment < LAST - step else LAST
