"""Members and invites. A segment that is the SID of a member of the channel is a SID, anything else an identity."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from chatcore.commands.chat import Chat
from chatcore.commands.guests import GuestDraft
from chatcore.commands.members import MemberPatch
from chatcore.commands.membership import MemberDraft
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.guests import Guest
from chatcore.domain.model import Actor, Member
from gateway.sdkhttp.dispatch import Call, Handler
from gateway.sdkhttp.errors import bad_request
from gateway.sdkhttp.exchange import NO_CONTENT, SdkResponse, answer
from gateway.sdkhttp.reading import read, unset
from gateway.sdkhttp.routes import Rest, Route

from . import present
from .links import BASE


class _Binding(msgspec.Struct):
    address: str
    proxy_address: str | None = None
    projected_address: str | None = None


class _Add(msgspec.Struct):
    identity: str | None = None
    attributes: str | UnsetType = UNSET
    messaging_binding: _Binding | None = None


class _Update(msgspec.Struct):
    attributes: str | UnsetType = UNSET


class _Invite(msgspec.Struct):
    identity: str


class Members:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self) -> list[Route[Handler]]:
        place = f"{BASE}/Conversations/{{channel}}"
        return [
            Route("POST", f"{place}/Participants", self.add),
            Route("POST", f"{place}/Participants/{{member...}}", self.update),
            Route("DELETE", f"{place}/Participants/{{member...}}", self.remove),
            Route("POST", f"{place}/Invites", self.invite),
            Route("DELETE", f"{place}/Invites/{{identity...}}", self.uninvite),
        ]

    async def add(self, call: Call) -> SdkResponse:
        body, actor = read(_Add, call.request), call.request.session.actor
        made = await self._add(actor, call.params["channel"], body)
        return answer(present.member(made, actor.account_sid), 201)

    async def _add(self, actor: Actor, key: str, body: _Add) -> Member | Guest:
        if body.identity is None and body.messaging_binding is not None:
            binding = body.messaging_binding
            draft = GuestDraft(
                address=binding.address,
                proxy_address=binding.proxy_address,
                projected_address=binding.projected_address,
                attributes=unset(body.attributes),
            )
            return await self._chat.guests.add(actor, key, draft)
        if body.identity is None:
            raise bad_request("identity is missing")
        return await add(self._chat, actor, key, body.identity, MemberDraft(attributes=unset(body.attributes)))

    async def update(self, call: Call) -> SdkResponse:
        body, actor, channel = read(_Update, call.request), call.request.session.actor, call.params["channel"]
        patch = MemberPatch(attributes=unset(body.attributes))
        refused: ChatError | None = None
        for key in _candidates(call.rest):
            try:
                member = await self._chat.members.update(actor, channel, key, patch)
            except ChatError as error:
                if error.code is not Code.MEMBER_NOT_FOUND:
                    raise
                refused = refused or error
            else:
                return answer(present.member(member, actor.account_sid))
        assert refused is not None, "a path has a candidate"
        raise refused

    async def remove(self, call: Call) -> SdkResponse:
        actor, channel = call.request.session.actor, call.params["channel"]
        refused: ChatError | None = None
        for key in _candidates(call.rest):
            try:
                await remove(self._chat, actor, channel, key)
            except ChatError as error:
                if error.code is not Code.MEMBER_NOT_FOUND:
                    raise
                refused = refused or error
            else:
                return NO_CONTENT
        assert refused is not None, "a path has a candidate"
        raise refused

    async def invite(self, call: Call) -> SdkResponse:
        body, actor = read(_Invite, call.request), call.request.session.actor
        invite = await self._chat.invites.create(actor, call.params["channel"], body.identity)
        shown: dict[str, Any] = {
            "sid": invite.sid,
            "conversation_sid": invite.channel_sid,
            "identity": invite.identity,
            "role_sid": invite.role_sid,
            "created_by": invite.created_by,
        }
        return answer(shown, 201)

    async def uninvite(self, call: Call) -> SdkResponse:
        actor, channel = call.request.session.actor, call.params["channel"]
        refused: ChatError | None = None
        for identity in _candidates(call.rest):
            try:
                if identity == actor.identity:
                    await self._chat.invites.decline(actor, channel)
                else:
                    await self._chat.invites.delete(actor, channel, identity)
            except ChatError as error:
                if error.code is not Code.INVITE_NOT_FOUND:
                    raise
                refused = refused or error
            else:
                return NO_CONTENT
        assert refused is not None, "a path has a candidate"
        raise refused


async def add(chat: Chat, actor: Actor, key: str, identity: str, draft: MemberDraft) -> Member:
    """Oneself: joins."""
    if identity == actor.identity:
        _, member = await chat.channels.join(actor, key)
        return member
    return await chat.members.add(actor, key, identity, draft)


async def remove(chat: Chat, actor: Actor, key: str, member: str) -> None:
    """Oneself: leaves."""
    if member == actor.identity or (member.startswith("MB") and await _is_own(chat, actor, key, member)):
        await chat.channels.leave(actor, key)
        return
    await chat.members.remove(actor, key, member)


async def _is_own(chat: Chat, actor: Actor, key: str, sid: str) -> bool:
    own = (await chat.channels.get(actor, key)).member
    return own is not None and own.sid == sid


def _candidates(rest: Rest | None) -> tuple[str, ...]:
    assert rest is not None, "the route takes the rest of the path"
    return rest.candidates
