"""What stands in for the outside of a peer: its socket, its tokens, presence and history."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from chatcore.auth.tokens import Grant, TokenCode, TokenError, TokenKind
from chatcore.commands.history import PositionLost, Stretch
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.events import Event, Topic, channel_topic
from chatcore.domain.ids import AccountSid, ChannelSid, Identity, KeySid, MemberSid, RoleSid, ServiceSid, UserSid
from chatcore.domain.model import Member, NotificationLevel, Position
from chatcore.ports.presence import Session as LiveSession
from chatcore.ports.views import Access, StreamTop
from gateway.sockets.endpoint import frame
from tests.support.virtual_time import EPOCH, LoopClock

if TYPE_CHECKING:
    from .stage import Stage

ACCOUNT, SERVICE, KEY = AccountSid("AC" + "0" * 32), ServiceSid("IS" + "0" * 32), KeySid("SK" + "0" * 32)
Json = dict[str, Any]


def channel_sid(number: int) -> ChannelSid:
    return ChannelSid(f"CH{number:032x}")


def user_sid(identity: str) -> UserSid:
    return UserSid(f"US{identity.encode().hex():0>32}")


def room(number: int) -> str:
    """The name of a room in the protocol."""
    return f"chat:{channel_sid(number)}"


def payload_of(framed: bytes) -> bytes:
    """What is in a WebSocket frame of a server (RFC 6455 section 5.2)."""
    length = framed[1]
    start = {126: 4, 127: 10}.get(length, 2)
    return framed[start:]


class FakeLink:
    """Keeps what was sent; alarms go off by the loop's time."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self._closed: tuple[int, str] | None = None
        self.pongs = 0
        self.congested = False
        self.backlog = 0
        self.paused = False
        self.on_close: Callable[[int, str], None] = lambda _code, _reason: None

    @property
    def closed(self) -> tuple[int, str] | None:
        """Code and reason."""
        return self._closed

    def send(self, frame: bytes) -> None:
        if self._closed is None:
            self.sent.append(frame)

    def send_first(self, frame: bytes) -> None:
        self.sent.insert(0, frame)

    def frame(self, payload: bytes) -> bytes:
        return frame(payload, True)

    def close(self, code: int, reason: str) -> None:
        if self._closed is None:
            self._closed = (code, reason)
            asyncio.get_running_loop().call_soon(self.on_close, code, reason)

    def drop(self) -> None:
        """The socket is gone; the peer is told by whoever calls this."""
        self._closed = (1006, "")

    def pong(self) -> None:
        self.pongs += 1

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def alarm(self, seconds: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, callback)


def fan_out(links: Iterable[FakeLink], frame: bytes) -> int:
    count = 0
    for link in links:
        link.send(frame)
        count += 1
    return count


class FakePresence:
    def __init__(self) -> None:
        self.entries: dict[str, LiveSession] = {}
        self.gate = asyncio.Event()
        self.gate.set()

    async def enter(self, session: LiveSession, *, limit: int = 0) -> int:
        await self.gate.wait()
        if limit and (others := sum(s.identity == session.identity for s in self.entries.values())) >= limit:
            return others + 1
        self.entries[session.connection] = session
        return sum(s.identity == session.identity for s in self.entries.values())

    async def leave(self, session: LiveSession, *, goodbye: bool = False) -> int:
        self.entries.pop(session.connection, None)
        return sum(s.identity == session.identity for s in self.entries.values())

    async def announce(self, sessions: Iterable[LiveSession]) -> None: ...

    async def online(self, service_sid: ServiceSid, identities: Sequence[Identity]) -> Mapping[Identity, bool]:
        return {i: any(s.identity == i for s in self.entries.values()) for i in identities}


class FakeTokens:
    """A token is an identity; `@seconds` behind it says when it expires, by the loop's clock."""

    def __init__(self) -> None:
        self.failures: dict[str, Exception] = {
            "expired": TokenError(TokenCode.EXPIRED, "expired"),
            "": TokenError(TokenCode.INVALID, "malformed"),
            "bad": TokenError(TokenCode.INVALID, "bad signature"),
            "away": ChatError(Code.UNAVAILABLE, "the database is away"),
        }
        self.key = KEY  # which signs from now on

    async def verify(self, token: str) -> Grant:
        await asyncio.sleep(0)
        if token in self.failures:
            raise self.failures[token]
        identity, _, seconds = token.partition("@")
        expiry = LoopClock().now() + timedelta(seconds=float(seconds)) if seconds else None
        return replace(grant(identity, expiry), key_sid=self.key)


def grant(identity: str, expires_at: datetime | None = None) -> Grant:
    return Grant(
        kind=TokenKind.ACCESS,
        account_sid=ACCOUNT,
        service_sid=SERVICE,
        identity=Identity(identity),
        key_sid=KEY,
        expires_at=expires_at,
    )


class FakeHistory:
    """The log of the stage, and who may read what."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.gate = asyncio.Event()
        self.gate.set()
        self.before_joined: Callable[[], None] = lambda: None
        self.before_missed: Callable[[], None] = lambda: None
        self.reads = SimpleNamespace(channels=self)

    async def joined(self, user_sid: UserSid) -> list[tuple[ChannelSid, StreamTop]]:
        self.before_joined()
        stage = self._stage
        found = [sid for sid, members in stage.members.items() if user_sid in members]
        tops = await stage.log.tops([channel_topic(sid) for sid in found])
        await self.gate.wait()
        return [(sid, tops[channel_topic(sid)]) for sid in found]

    async def tops(self, topics: Sequence[Topic]) -> Mapping[Topic, StreamTop]:
        return await self._stage.log.tops(topics)

    async def missed(self, wanted: Mapping[Topic, int], *, per_topic: int) -> Mapping[Topic, Sequence[Event]]:
        self.before_missed()
        return await self._stage.log.missed(wanted, per_topic=per_topic)

    async def page(self, topic: Topic, *, since: tuple[int, str] | None, limit: int, reverse: bool = False) -> Stretch:
        top = Position(offset=len(self._stage.log.streams[topic]), epoch=self._stage.log.epochs[topic])
        start, epoch = since or (0, "")
        if start > top.offset or (epoch and epoch != top.epoch):
            raise PositionLost
        found = [e for e in self._stage.log.streams[topic] if e.offset > start]
        return Stretch(events=found[:limit] if limit >= 0 else found, top=top, complete=True)

    async def access(
        self, service_sid: ServiceSid, key: str, identity: Identity | None, *, lock: bool = False
    ) -> Access | None:
        """Before the gate the state is read, behind it the caller has it."""
        sid, stage = ChannelSid(key), self._stage
        if sid not in stage.members:
            return None
        found = stage.channel(sid)
        is_member = user_sid(str(identity)) in stage.members[sid]
        await self.gate.wait()
        return Access(channel=found, member=member(sid, str(identity), 0) if is_member else None)


def member(sid: ChannelSid, identity: str, rev: int) -> Member:
    return Member(
        sid=MemberSid("MB1"),
        channel_sid=sid,
        service_sid=SERVICE,
        user_sid=user_sid(identity),
        identity=Identity(identity),
        role_sid=RoleSid("RL1"),
        attributes="{}",
        notification_level=NotificationLevel.DEFAULT,
        last_consumed_message_index=None,
        last_consumption_timestamp=None,
        date_created=EPOCH,
        date_updated=EPOCH,
        rev=rev,
        roster_created=1,
        roster_position=1,
        own_created=1,
        own_position=1,
    )
