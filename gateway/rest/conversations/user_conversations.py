"""The conversations that a user takes part in, as the user has them."""

from __future__ import annotations

from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.commands.members import MemberPatch
from chatcore.domain.errors import Code
from chatcore.domain.model import ChannelType, Membership, MembershipStatus, NotificationLevel, User
from chatcore.domain.paging import Cursor
from gateway.http.call import Call, Handler
from gateway.http.responses import deleted, json_response
from gateway.http.router import Route
from gateway.rest.listing import list_by

from . import present
from .parameters import last_read_index, last_read_timestamp
from .place import Place, both_forms, enter


class UserConversations:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self) -> list[Route[Handler]]:
        many = "Users/{user}/Conversations"
        one = many + "/{conversation}"
        return [
            *both_forms("GET", many, self.list),
            *both_forms("GET", one, self.fetch),
            *both_forms("POST", one, self.update),
            *both_forms("DELETE", one, self.delete),
        ]

    async def list(self, call: Call) -> Response:
        place, user = await self._enter(call)
        return await list_by(
            _joined,
            call.query(),
            key="conversations",
            url=place.url("Users", user.sid, "Conversations"),
            fetch=lambda window: self._chat.channels.memberships(
                user.sid, window, status=MembershipStatus.JOINED, kind=ChannelType.PRIVATE
            ),
            present=lambda membership: present.user_conversation(place, membership),
            maximum=50,
        )

    async def fetch(self, call: Call) -> Response:
        place, membership = await self._find(call)
        return json_response(present.user_conversation(place, membership))

    async def update(self, call: Call) -> Response:
        place, held = await self._find(call)
        form = await call.form()
        level = form.enum("NotificationLevel", NotificationLevel, code=Code.NOTIFICATION_LEVEL_INVALID)
        moment, index = last_read_timestamp(form), last_read_index(form)
        patch = MemberPatch(
            notification_level=level, last_consumed_message_index=index, last_consumption_timestamp=moment
        )
        assert held.member is not None, "_find answers with participants"
        member = await self._chat.members.update(place.actor, held.channel.sid, held.member.sid, patch)
        changed = await self._chat.channels.membership(member.user_sid, held.channel.sid)
        return json_response(present.user_conversation(place, changed))

    async def delete(self, call: Call) -> Response:
        place, held = await self._find(call)
        assert held.member is not None, "_find answers with participants"
        await self._chat.members.remove(place.actor, held.channel.sid, held.member.sid, leaving=True)
        return deleted()

    async def _enter(self, call: Call) -> tuple[Place, User]:
        place = await enter(self._chat, call)
        return place, await self._chat.users.get(place.actor, call.params["user"])

    async def _find(self, call: Call) -> tuple[Place, Membership]:
        """What the user has; invites are no concern of Conversations, and public channels neither."""
        place, user = await self._enter(call)
        channel = (await self._chat.channels.get(place.actor, call.params["conversation"])).channel
        membership = await self._chat.channels.membership(user.sid, channel.sid)
        if membership.member is None or membership.channel.type is not ChannelType.PRIVATE:
            raise call.not_found()
        return place, membership


def _joined(membership: Membership) -> Cursor:
    member = membership.member
    assert member is not None, "the list is of participants"
    return member.date_created, member.sid
