"""Presence in Redis or Valkey: one sorted set per identity, connection → moment of expiry in milliseconds.

Moments come from this node's clock, so clocks of nodes must agree within seconds. The key expires by the server's
clock, after its last entry was renewed: nothing stays behind when all nodes die.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from chatcore.domain.ids import Identity, ServiceSid
from chatcore.ports.clock import Clock
from chatcore.ports.presence import Session
from chatcore.resp.address import parse
from chatcore.resp.link import Argument, Link, Replies, dial

PREFIX: Final = "chat:"
TTL_MS: Final = 60_000
_PATIENCE: Final = 1.0
_PAUSE: Final = 0.25
"""Seconds for which one failure by silence answers for all callers. A refused connection costs nothing to try again."""

# Scripts, because what is counted decides who tells of a change: of two connections that come at once, exactly one
# must see itself as the first.
_ENTER: Final = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return redis.call('ZCARD', KEYS[1])
"""
_LEAVE: Final = """
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
return redis.call('ZCARD', KEYS[1])
"""


class RedisPresence:
    """Satisfies `ports.presence.Presence`, each call within a second. Connects when first used, and again after a
    loss."""

    def __init__(self, url: str, *, clock: Clock, prefix: str = PREFIX) -> None:
        self._address = parse(url)
        self._clock = clock
        self._prefix = f"{prefix}online:"
        self._link: Link | None = None
        self._dialling = asyncio.Lock()
        self._silent_until = 0.0  # loop time

    async def open(self) -> None:
        """Connects ahead of use. Raises ConnectionError; calls will try again."""
        await self._call([("PING",)])

    async def close(self) -> None:
        if self._link is not None:
            self._link.abort()
            self._link = None

    async def enter(self, session: Session) -> int:
        now = self._now()
        (count,) = await self._call(
            [("EVAL", _ENTER, 1, self._key(session), session.connection, now, now + TTL_MS, TTL_MS)]
        )
        return _number(count)

    async def leave(self, session: Session) -> int:
        (count,) = await self._call([("EVAL", _LEAVE, 1, self._key(session), session.connection, self._now())])
        return _number(count)

    async def announce(self, sessions: Iterable[Session]) -> None:
        expiry = self._now() + TTL_MS
        commands: list[tuple[Argument, ...]] = []
        for session in sessions:
            key = self._key(session)
            commands.append(("ZADD", key, expiry, session.connection))
            commands.append(("PEXPIRE", key, TTL_MS))
        await self._call(commands)

    async def online(self, service_sid: ServiceSid, identities: Sequence[Identity]) -> Mapping[Identity, bool]:
        alive = f"({self._now()}"
        counts = await self._call(
            [("ZCOUNT", f"{self._prefix}{service_sid}:{identity}", alive, "+inf") for identity in identities]
        )
        return {identity: _number(count) > 0 for identity, count in zip(identities, counts, strict=True)}

    async def _call(self, commands: Sequence[tuple[Argument, ...]]) -> Replies:
        if not commands:
            return []
        try:
            async with asyncio.timeout(_PATIENCE):
                link = await self._connection()
                return await link.call(*commands)
        except TimeoutError:
            # The connection may be half open, and the next call should not find that out for itself.
            await self.close()
            self._silent_until = asyncio.get_running_loop().time() + _PAUSE
            raise ConnectionError(f"{self._address} does not answer") from None

    async def _connection(self) -> Link:
        if self._link is not None and not self._link.lost.done():
            return self._link
        async with self._dialling:
            if self._link is not None and not self._link.lost.done():
                return self._link
            if asyncio.get_running_loop().time() < self._silent_until:
                raise ConnectionError(f"{self._address} does not answer")
            self._link = await dial(self._address, _unheard, name="chat-presence")
            return self._link

    def _key(self, session: Session) -> str:
        return f"{self._prefix}{session.service_sid}:{session.identity}"

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


def _unheard(_channel: bytes, _data: bytes) -> None:
    """This connection subscribes to nothing."""


def _number(reply: object) -> int:
    if not isinstance(reply, int):
        raise AssertionError("ZCARD and ZCOUNT reply with integers")
    return reply
