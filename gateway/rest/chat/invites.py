"""Invites to a channel, by SID. They raise no webhooks."""

from __future__ import annotations

from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.domain.ids import Identity
from chatcore.domain.model import Channel, Invite, given
from gateway.http.call import Call, Handler
from gateway.http.responses import created, deleted, json_response
from gateway.http.router import Route
from gateway.rest.listing import dated_list
from gateway.rest.parameters import identity, role_sid

from .place import Place, enter_channel
from .version import Version


class Invites:
    def __init__(self, chat: Chat, version: Version) -> None:
        self._chat = chat
        self._version = version

    def routes(self) -> list[Route[Handler]]:
        many = self._version.path("Services/{service}/Channels/{channel}/Invites")
        one = many + "/{invite}"
        return [
            Route("POST", many, self.create),
            Route("GET", many, self.list),
            Route("GET", one, self.fetch),
            Route("DELETE", one, self.delete),
        ]

    async def create(self, call: Call) -> Response:
        """The user must exist: 404 where it does not."""
        place, channel = await enter_channel(self._chat, self._version, call)
        form = await call.form()
        who, role = identity(form), role_sid(form)
        invite = await self._chat.invites.create(place.actor, channel.sid, who, role)
        return created(self._version.present.invite(place, invite))

    async def list(self, call: Call) -> Response:
        place, channel = await enter_channel(self._chat, self._version, call)
        query = call.query()
        identities = [Identity(text) for text in given(query.texts("Identity"), ())]
        return await dated_list(
            query,
            key="invites",
            url=place.url("Channels", channel.sid, "Invites"),
            filters=("Identity",),
            fetch=lambda window: self._chat.invites.list(place.actor, channel.sid, window, identities=identities),
            present=lambda invite: self._version.present.invite(place, invite),
            maximum=self._version.page_max,
        )

    async def fetch(self, call: Call) -> Response:
        place, _, invite = await self._find(call)
        return json_response(self._version.present.invite(place, invite))

    async def delete(self, call: Call) -> Response:
        place, channel, invite = await self._find(call)
        await self._chat.invites.delete(place.actor, channel.sid, invite.sid)
        return deleted()

    async def _find(self, call: Call) -> tuple[Place, Channel, Invite]:
        place, channel = await enter_channel(self._chat, self._version, call)
        key = call.params["invite"]
        invite = await self._chat.invites.get(place.actor, channel.sid, key)
        if invite.sid != key:  # the command takes identities as well
            raise call.not_found()
        return place, channel, invite
