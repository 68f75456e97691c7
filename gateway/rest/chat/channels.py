"""Channels of a service, by SID or unique name."""

from __future__ import annotations

from starlette.responses import Response

from chatcore.commands.channels import ChannelDraft
from chatcore.commands.chat import Chat
from chatcore.domain import limits
from chatcore.domain.model import UNSET, ChannelType, Unset
from gateway.http.call import Call, Handler
from gateway.http.errors import INVALID_PARAMETER, HttpError
from gateway.http.forms import Form
from gateway.http.responses import created, deleted, json_response
from gateway.http.router import Route
from gateway.rest.listing import dated_list
from gateway.rest.parameters import author, date_created, date_updated, friendly_name, unique_name

from .place import enter, enter_channel
from .version import Reads, Version


class Channels:
    def __init__(self, chat: Chat, version: Version) -> None:
        self._chat = chat
        self._version = version

    def routes(self) -> list[Route[Handler]]:
        many = self._version.path("Services/{service}/Channels")
        one = many + "/{channel}"
        return [
            Route("POST", many, self.create),
            Route("GET", many, self.list),
            Route("GET", one, self.fetch),
            Route("POST", one, self.update),
            Route("DELETE", one, self.delete),
        ]

    async def create(self, call: Call) -> Response:
        place = await enter(self._chat, self._version, call)
        draft = _draft(await self._version.form(call, Reads.CHANNEL_CREATE), new=True)
        channel, _ = await self._chat.channels.create(place.webhook_actor, draft)
        return created(self._version.present.channel(place, channel))

    async def list(self, call: Call) -> Response:
        place = await enter(self._chat, self._version, call)
        query = call.query()
        types = _types(query)
        return await dated_list(
            query,
            key="channels",
            url=place.url("Channels"),
            filters=("Type",),
            fetch=lambda window: self._chat.channels.list(place.actor, window, types=types),
            present=lambda channel: self._version.present.channel(place, channel),
            maximum=self._version.page_max,
        )

    async def fetch(self, call: Call) -> Response:
        place, channel = await enter_channel(self._chat, self._version, call)
        return json_response(self._version.present.channel(place, channel))

    async def update(self, call: Call) -> Response:
        place, channel = await enter_channel(self._chat, self._version, call)
        draft = _draft(await self._version.form(call, Reads.CHANNEL_UPDATE), new=False)
        channel = await self._chat.channels.update(place.webhook_actor, channel.sid, draft)
        return json_response(self._version.present.channel(place, channel))

    async def delete(self, call: Call) -> Response:
        place, channel = await enter_channel(self._chat, self._version, call)
        await self._chat.channels.delete(place.webhook_actor, channel.sid)
        return deleted()


def _draft(form: Form, *, new: bool) -> ChannelDraft:
    """The type of a channel never changes: an update does not look at it."""
    name, unique = friendly_name(form), unique_name(form)
    attributes = form.attributes(limit=limits.CHANNEL_ATTRIBUTES_BYTES)
    return ChannelDraft(
        friendly_name=name,
        unique_name=unique,
        attributes=attributes,
        type=form.enum("Type", ChannelType) if new else UNSET,
        date_created=date_created(form),
        date_updated=date_updated(form),
        created_by=author(form, "CreatedBy"),
    )


def _types(query: Form) -> tuple[ChannelType, ...]:
    """The types to list; none stands for both."""
    values = query.texts("Type")
    try:
        return () if isinstance(values, Unset) else tuple(ChannelType(value) for value in values)
    except ValueError:
        raise HttpError(400, INVALID_PARAMETER, f"Type must be one of {', '.join(ChannelType)}") from None
