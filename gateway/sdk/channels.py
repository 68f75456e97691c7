"""Channels: create, read, change, delete; and the caller's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import msgspec
from msgspec import UNSET, UnsetType

from chatcore.commands.channels import ChannelDraft
from chatcore.commands.chat import Chat
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import ChannelSid, UserSid
from chatcore.domain.model import Actor, Channel, ChannelType, Membership, NotificationLevel
from chatcore.domain.paging import Cursor, Page
from gateway.http.errors import HttpError
from gateway.sdkhttp.dispatch import Call, Handler
from gateway.sdkhttp.errors import bad_request
from gateway.sdkhttp.exchange import NO_CONTENT, SdkResponse, answer
from gateway.sdkhttp.reading import read, unset
from gateway.sdkhttp.routes import Route
from gateway.sdkhttp.session import SdkSession

from . import present
from .links import BASE
from .pages import listed, wanted

STRANGER = 50400


Expect = Callable[[SdkSession, Sequence[ChannelSid]], Awaitable[None]]
"""Hears which channels a client was just handed: it is going to open them."""


def joined(page: Page[Membership]) -> list[ChannelSid]:
    return [membership.channel.sid for membership in page.items if membership.member is not None]


class _Create(msgspec.Struct):
    type: str | UnsetType = UNSET
    unique_name: str | UnsetType | None = UNSET
    friendly_name: str | UnsetType | None = UNSET
    attributes: str | UnsetType = UNSET


class _Update(msgspec.Struct):
    unique_name: str | UnsetType | None = UNSET
    friendly_name: str | UnsetType | None = UNSET
    attributes: str | UnsetType = UNSET


class _Own(msgspec.Struct):
    last_consumed_message_index: int | UnsetType | None = UNSET
    last_read_message_index: int | UnsetType | None = UNSET
    notification_level: str | UnsetType = UNSET


class Channels:
    def __init__(self, chat: Chat, expect: Expect) -> None:
        self._chat = chat
        self._expect = expect

    def routes(self) -> list[Route[Handler]]:
        many, own = f"{BASE}/Conversations", f"{BASE}/MyConversations"
        return [
            Route("POST", many, self.create),
            Route("GET", many, self.list_public),
            Route("GET", f"{many}/{{channel}}", self.fetch),
            Route("POST", f"{many}/{{channel}}", self.update),
            Route("DELETE", f"{many}/{{channel}}", self.delete),
            Route("GET", own, self.list_own),
            Route("GET", f"{own}/{{channel}}", self.fetch_own),
            Route("POST", f"{own}/{{channel}}", self.update_own),
        ]

    async def create(self, call: Call) -> SdkResponse:
        body, actor = read(_Create, call.request), call.request.session.actor
        draft = ChannelDraft(
            unique_name=unset(body.unique_name),
            friendly_name=unset(body.friendly_name),
            attributes=unset(body.attributes),
        )
        if isinstance(body.type, UnsetType):  # a conversation: private, with the account's timers
            channel = await self._chat.conversations.create(actor, draft)
        elif body.type in set(ChannelType):
            channel, _ = await self._chat.channels.create(actor, replace(draft, type=ChannelType(body.type)))
        else:
            raise bad_request("type must be public or private")
        return answer(present.channel(channel, actor.account_sid), 201)

    async def list_public(self, call: Call) -> SdkResponse:
        actor = call.request.session.actor
        page = await self._chat.channels.list(actor, wanted(call))
        return answer(
            listed(
                call,
                "conversations",
                page,
                lambda c: (c.date_created, c.sid),
                lambda c: present.channel(c, actor.account_sid),
            )
        )

    async def fetch(self, call: Call) -> SdkResponse:
        actor = call.request.session.actor
        access = await visible(self._chat, actor, call.params["channel"])
        return answer(present.channel(access, actor.account_sid))

    async def update(self, call: Call) -> SdkResponse:
        body, actor = read(_Update, call.request), call.request.session.actor
        draft = ChannelDraft(
            unique_name=unset(body.unique_name),
            friendly_name=unset(body.friendly_name),
            attributes=unset(body.attributes),
        )
        channel = await self._chat.channels.update(actor, call.params["channel"], draft)
        return answer(present.channel(channel, actor.account_sid))

    async def delete(self, call: Call) -> SdkResponse:
        await self._chat.channels.delete(call.request.session.actor, call.params["channel"])
        return NO_CONTENT

    # The caller's own.

    async def list_own(self, call: Call) -> SdkResponse:
        session = call.request.session
        page = await self._chat.channels.memberships(session.user_sid, wanted(call))
        await self._expect(session, joined(page))
        account, user_sid = session.actor.account_sid, session.user_sid
        shown = listed(call, "conversations", page, cursor, lambda m: present.own_channel(m, account, user_sid))
        return answer(shown)

    async def fetch_own(self, call: Call) -> SdkResponse:
        return answer(await self._own(call))

    async def update_own(self, call: Call) -> SdkResponse:
        body, actor, key = read(_Own, call.request), call.request.session.actor, call.params["channel"]
        if not isinstance(body.notification_level, UnsetType):
            if body.notification_level not in set(NotificationLevel):
                raise HttpError(400, Code.NOTIFICATION_LEVEL_INVALID, "notification_level must be default or muted")
            await self._chat.channels.notify(actor, key, NotificationLevel(body.notification_level))
        for index in (body.last_consumed_message_index, body.last_read_message_index):
            if not isinstance(index, UnsetType):
                if index is not None and index < 0:
                    raise HttpError(400, Code.CONSUMED_INDEX_INVALID, "The index must not be negative")
                await self._chat.horizons.report(actor, key, index, force=True)
        return answer(await self._own(call))

    async def _own(self, call: Call) -> present.Json:
        session = call.request.session
        membership = await own_membership(self._chat, session.actor, session.user_sid, call.params["channel"])
        return present.own_channel(membership, session.actor.account_sid, session.user_sid)


async def visible(chat: Chat, actor: Actor, key: str) -> Channel:
    """Strangers to a private channel are told that it is not for them, which the SDKs tell apart from its absence."""
    try:
        return (await chat.channels.get(actor, key)).channel
    except ChatError as error:
        stranger = Actor(account_sid=actor.account_sid, service_sid=actor.service_sid)
        if error.code is Code.CHANNEL_NOT_FOUND and await _exists(chat, stranger, key):
            raise HttpError(403, STRANGER, "User is not a member of the channel") from None
        raise


async def _exists(chat: Chat, server: Actor, key: str) -> bool:
    try:
        await chat.channels.get(server, key)
    except ChatError:
        return False
    return True


async def own_membership(chat: Chat, actor: Actor, user_sid: UserSid, key: str) -> Membership:
    """Raises ChatError(CHANNEL_NOT_FOUND) for channels that the user neither joined nor was invited to."""
    channel = (await chat.channels.get(actor, key)).channel
    membership = await chat.history.reads.channels.membership(user_sid, channel.sid)
    if membership is None:
        raise ChatError(Code.CHANNEL_NOT_FOUND, f"Channel {key} was not found")
    return membership


def cursor(membership: Membership) -> Cursor:
    entry = membership.member or membership.invite
    assert entry is not None, "a membership is joined or invited"
    return entry.date_created, entry.sid
