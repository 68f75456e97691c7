"""Users by identity, alone and as members of a channel."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

import msgspec
from msgspec import UNSET, UnsetType

from chatcore.commands.chat import Chat
from chatcore.commands.users import UserDraft
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import Identity, ServiceSid, UserSid, is_sid
from chatcore.domain.model import Actor, User
from gateway.sdkhttp.dispatch import Call, Handler
from gateway.sdkhttp.errors import bad_request
from gateway.sdkhttp.exchange import SdkResponse, answer
from gateway.sdkhttp.reading import query, read, unset
from gateway.sdkhttp.routes import Rest, Route

from . import present
from .links import BASE, OLD
from .pages import listed, wanted

logger = logging.getLogger(__name__)

Online = Callable[[ServiceSid, list[Identity]], Awaitable[Mapping[Identity, bool | None]]]
Notifiable = Callable[[ServiceSid, list[UserSid]], Awaitable[Mapping[UserSid, bool | None]]]


class _Update(msgspec.Struct):
    friendly_name: str | UnsetType | None = UNSET
    attributes: str | UnsetType = UNSET


class Users:
    def __init__(self, chat: Chat, online: Online, notifiable: Notifiable) -> None:
        self._chat = chat
        self._online = online
        self._notifiable = notifiable

    def routes(self) -> list[Route[Handler]]:
        return [
            Route("GET", f"{BASE}/Users", self.list),
            Route("GET", f"{BASE}/Users/{{identity...}}", self.fetch),
            Route("POST", f"{BASE}/Users/{{identity...}}", self.update),
            Route("GET", f"{OLD}/Users", self.list),
            Route("GET", f"{OLD}/Users/{{identity...}}", self.fetch),
        ]

    async def list(self, call: Call) -> SdkResponse:
        """Members of a channel; `ChannelSid` in older SDKs."""
        actor, asked = call.request.session.actor, query(call.request)
        channel = asked.text("ConversationSid")
        if not isinstance(channel, str):
            channel = asked.text("ChannelSid")
        if not isinstance(channel, str):
            raise bad_request("ConversationSid is missing")
        page = await self._chat.members.list(actor, channel, wanted(call))
        found = {
            user.sid: user for user in await self._chat.users.many(actor, [member.identity for member in page.items])
        }
        shown = {entry["sid"]: entry for entry in await self._present(actor, list(found.values()))}
        there = replace(page, items=[member for member in page.items if member.user_sid in shown])
        return answer(listed(call, "users", there, lambda m: (m.date_created, m.sid), lambda m: shown[m.user_sid]))

    async def fetch(self, call: Call) -> SdkResponse:
        actor = call.request.session.actor
        (shown,) = await self._present(actor, [await self._find(actor, call.rest)])
        return answer(shown)

    async def update(self, call: Call) -> SdkResponse:
        body, actor = read(_Update, call.request), call.request.session.actor
        user = await self._find(actor, call.rest)
        draft = UserDraft(friendly_name=unset(body.friendly_name), attributes=unset(body.attributes))
        (shown,) = await self._present(actor, [await self._chat.users.update(actor, user.sid, draft)])
        return answer(shown)

    async def _find(self, actor: Actor, rest: Rest | None) -> User:
        """By identity only: what looks like a SID is one here as well."""
        assert rest is not None, "the route takes the rest of the path"
        for identity in rest.candidates:
            try:
                user = await self._chat.users.get(actor, identity)
            except ChatError as error:
                if error.code is not Code.USER_NOT_FOUND:
                    raise
                continue
            if user.identity == identity or is_sid("US", identity):
                return user
        raise ChatError(Code.USER_NOT_FOUND, f"User {rest.candidates[0]} was not found")

    async def _present(self, actor: Actor, users: Sequence[User]) -> Sequence[present.Json]:
        service = await self._chat.services.settings(actor)
        online: Mapping[Identity, bool | None] = {}
        notifiable: Mapping[UserSid, bool | None] = {}
        if service.reachability_enabled and users:
            try:
                online = await self._online(service.sid, [user.identity for user in users])
            except (ConnectionError, TimeoutError):
                logger.warning("Reachability is unknown", exc_info=True, extra={"action": "reachability_unknown"})
            notifiable = await self._notifiable(service.sid, [user.sid for user in users])
        return [
            present.user(
                user,
                actor.account_sid,
                is_online=online.get(user.identity),
                is_notifiable=notifiable.get(user.sid),
            )
            for user in users
        ]
