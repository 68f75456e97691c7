"""Removes a person from a service: the user, its devices, and its name wherever it stands.

The user goes first, so that nothing new can be written in its name; then messages, one command each, so that clients
hear of it; then what has no event; at last the event logs in which all of it was told. Each step commits by itself: a
run that was interrupted is completed by the next one.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from chatcore.commands.chat import Chat
from chatcore.commands.messages import MessagePatch
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import ChannelSid, Identity, UserSid
from chatcore.domain.model import UNSET, Actor, Channel
from chatcore.domain.paging import Window
from chatcore.ports.store import Store
from chatcore.store.erasure import Belongings, Stretch, Trace, Traces

_CHANNELS: Final = 200
"""Channels read in one step."""
_MESSAGES: Final = 20_000
"""Messages looked at by one statement."""
_ABSENT: Final = frozenset({Code.CHANNEL_NOT_FOUND, Code.MESSAGE_NOT_FOUND})


class Messages(StrEnum):
    """What happens to the messages of the person."""

    DELETE = "delete"
    ANONYMISE = "anonymise"


@dataclass(slots=True, kw_only=True)
class Erased:
    """What was found, and what was done about it unless it was only looked for."""

    user_sid: UserSid | None = None
    belongings: Belongings = field(default_factory=Belongings)
    messages: int = 0  # written by the person
    edited: int = 0  # of others, edited last by the person
    channels: set[ChannelSid] = field(default_factory=set)  # that told of the person
    traces: Mapping[str, int] = field(default_factory=dict)
    events: int = 0
    came_back: bool = False  # there is a user of that identity again

    def __bool__(self) -> bool:
        return bool(self.user_sid or self.messages or self.edited or sum(self.traces.values()))


def pseudonym(actor: Actor, identity: Identity, secret_key: str) -> str:
    """The same for every run with this key, and no way back to the identity without it."""
    text = f"{actor.service_sid}/{identity}".encode()
    return f"deleted user {hmac.new(secret_key.encode(), text, hashlib.sha256).hexdigest()[:12]}"


class Erasure:
    """`actor` is a REST caller of the service. Raises ChatError."""

    def __init__(self, chat: Chat, store: Store, traces: Traces, actor: Actor) -> None:
        self._chat = chat
        self._store = store
        self._traces = traces
        self._actor = actor

    async def look(self, identity: Identity) -> Erased:
        """Changes nothing."""
        found = await self._person(identity)
        async for batch in self._messages(identity, found):
            for trace in batch:
                _count(found, trace)
        found.traces = await self._traces.count(self._actor.service_sid, identity)
        return found

    async def erase(self, identity: Identity, name: str, messages: Messages) -> Erased:
        """`name` takes the place of the identity."""
        done = await self._person(identity)
        if done.user_sid is not None:
            await self._chat.users.delete(self._actor, done.user_sid)
        async for batch in self._messages(identity, done):
            for trace in batch:
                if await self._treat(trace, identity, name, messages):
                    _count(done, trace)
        done.traces = await self._traces.erase(self._actor.service_sid, identity, name)
        for sid in sorted(done.channels):
            done.events += await self._traces.forget_events(sid)
        done.came_back = await self._store.read.users.get(self._actor.service_sid, identity) is not None
        return done

    async def _person(self, identity: Identity) -> Erased:
        user = await self._store.read.users.get(self._actor.service_sid, identity)
        if user is None:
            return Erased()
        return Erased(
            user_sid=user.sid,
            belongings=await self._traces.belongings(user.sid),
            channels={member.channel_sid for member in await self._store.read.members.of_user(user.sid)},
        )

    async def _treat(self, trace: Trace, identity: Identity, name: str, messages: Messages) -> bool:
        """False where others deleted it in this moment."""
        try:
            if trace.own and messages is Messages.DELETE:
                await self._chat.messages.delete(self._actor, trace.channel_sid, trace.index)
                return True
            message = await self._chat.messages.get(self._actor, trace.channel_sid, trace.index)
            patch = MessagePatch(
                author=name if message.author == identity else UNSET,
                last_updated_by=name if message.last_updated_by == identity else UNSET,
            )
            await self._chat.messages.update(self._actor, trace.channel_sid, trace.index, patch)
        except ChatError as error:
            if error.code is Code.CHANNEL_CLOSED:
                await self._traces.rename_message(trace, identity, name)
            elif error.code in _ABSENT:
                return False
            else:
                raise
        return True

    async def _messages(self, identity: Identity, into: Erased) -> AsyncIterator[Sequence[Trace]]:
        """Those of the whole service that name the person; also notes which channels do."""
        waiting: list[Stretch] = []
        held = 0
        async for channel in self._channels():
            if channel.created_by == identity:
                into.channels.add(channel.sid)
            for low in range(0, channel.next_index, _MESSAGES):
                high = min(low + _MESSAGES, channel.next_index)
                if held + high - low > _MESSAGES:
                    yield await self._traces.messages(waiting, identity)
                    waiting, held = [], 0
                waiting.append(Stretch(channel_sid=channel.sid, low=low, high=high))
                held += high - low
        if waiting:
            yield await self._traces.messages(waiting, identity)

    async def _channels(self) -> AsyncIterator[Channel]:
        window = Window(limit=_CHANNELS)
        while True:
            page = await self._store.read.channels.list(self._actor.service_sid, window)
            for channel in page.items:
                yield channel
            if not page.has_after:
                return
            last = page.items[-1]
            window = Window(limit=_CHANNELS, after=(last.date_created, last.sid))


def _count(into: Erased, trace: Trace) -> None:
    into.channels.add(trace.channel_sid)
    if trace.own:
        into.messages += 1
    else:
        into.edited += 1
