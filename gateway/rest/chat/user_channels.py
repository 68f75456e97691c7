"""The channels of a user, joined and invited, as the user has them."""

from __future__ import annotations

from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.commands.members import MemberPatch
from chatcore.domain.errors import Code
from chatcore.domain.model import Membership, NotificationLevel, User
from chatcore.domain.paging import Cursor
from gateway.http.call import Call, Handler
from gateway.http.responses import deleted, json_response
from gateway.http.router import Route
from gateway.rest.listing import list_by

from .members import last_consumed_index, last_consumption_timestamp
from .place import Place, enter_user
from .version import Version


class UserChannels:
    """Version 1 only lists them."""

    def __init__(self, chat: Chat, version: Version) -> None:
        self._chat = chat
        self._version = version

    def list_routes(self) -> list[Route[Handler]]:
        return [Route("GET", self._version.path("Services/{service}/Users/{user}/Channels"), self.list)]

    def routes(self) -> list[Route[Handler]]:
        one = self._version.path("Services/{service}/Users/{user}/Channels/{channel}")
        return [
            *self.list_routes(),
            Route("GET", one, self.fetch),
            Route("POST", one, self.update),
            Route("DELETE", one, self.delete),
        ]

    async def list(self, call: Call) -> Response:
        place, user = await enter_user(self._chat, self._version, call)
        return await list_by(
            _begun,
            call.query(),
            key="channels",
            url=place.url("Users", user.sid, "Channels"),
            fetch=lambda window: self._chat.channels.memberships(user.sid, window),
            present=lambda held: self._version.present.user_channel(place, user, held),
            maximum=self._version.user_channels_max,
        )

    async def fetch(self, call: Call) -> Response:
        place, user, held = await self._find(call)
        return json_response(self._version.present.user_channel(place, user, held))

    async def update(self, call: Call) -> Response:
        """An invite has neither level nor horizon: what is given is checked and goes no further."""
        place, user, held = await self._find(call)
        form = await call.form()
        patch = MemberPatch(
            notification_level=form.enum("NotificationLevel", NotificationLevel, code=Code.NOTIFICATION_LEVEL_INVALID),
            last_consumed_message_index=last_consumed_index(form),
            last_consumption_timestamp=last_consumption_timestamp(form),
        )
        if held.member is not None:
            await self._chat.members.update(place.actor, held.channel.sid, held.member.sid, patch)
            held = await self._chat.channels.membership(user.sid, held.channel.sid)
        return json_response(self._version.present.user_channel(place, user, held))

    async def delete(self, call: Call) -> Response:
        """The user leaves, or is not invited any more."""
        place, _, held = await self._find(call)
        if held.member is not None:
            await self._chat.members.remove(place.webhook_actor, held.channel.sid, held.member.sid, leaving=True)
        elif held.invite is not None:
            await self._chat.invites.delete(place.actor, held.channel.sid, held.invite.sid)
        return deleted()

    async def _find(self, call: Call) -> tuple[Place, User, Membership]:
        place, user = await enter_user(self._chat, self._version, call)
        channel = (await self._chat.channels.get(place.actor, call.params["channel"])).channel
        return place, user, await self._chat.channels.membership(user.sid, channel.sid)


def _begun(held: Membership) -> Cursor:
    entry = held.member or held.invite
    assert entry is not None, "joined or invited"
    return entry.date_created, entry.sid
