"""Presence in Redis or Valkey: one sorted set per identity, connection → moment of expiry in milliseconds.

Moments come from this node's clock, so clocks of nodes must agree within seconds. The key expires by the server's
clock, after its last entry was renewed: nothing stays behind when all nodes die.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Final, TypeVar, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from chatcore.domain.ids import Identity, ServiceSid
from chatcore.ports.clock import Clock
from chatcore.ports.presence import Session

PREFIX: Final = "chat:"
TTL_MS: Final = 60_000
_PATIENCE: Final = 0.9
_CONNECTIONS: Final = 8
T = TypeVar("T")

_LEFT_MS: Final = 600_000
"""For how long it is known that somebody left who is not there."""

# Scripts, because what is counted decides who tells of a change: of two connections that come at once, exactly one
# must see itself as the first.
_ENTER: Final = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('DEL', KEYS[2])
return redis.call('ZCARD', KEYS[1])
"""
_LEAVE: Final = """
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
local remain = redis.call('ZCARD', KEYS[1])
if remain == 0 and ARGV[3] == '1' then redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[4]) end
return remain
"""


def online_key(prefix: str, service_sid: ServiceSid, identity: Identity) -> str:
    """A sorted set: connection → expiry."""
    return f"{prefix}online:{service_sid}:{identity}"


def left_key(prefix: str, service_sid: ServiceSid, identity: Identity) -> str:
    """When the last client said goodbye; absent while one is there, and after one was lost."""
    return f"{prefix}left:{service_sid}:{identity}"


class RedisPresence:
    """Satisfies `ports.presence.Presence`, each call within a second. Connects when first used, and again after a
    loss."""

    def __init__(self, url: str, *, clock: Clock, prefix: str = PREFIX) -> None:
        self._clock = clock
        self._prefix = prefix
        self._redis: Redis = Redis.from_url(
            url,
            max_connections=_CONNECTIONS,
            socket_timeout=_PATIENCE,
            socket_connect_timeout=_PATIENCE,
            retry=Retry(NoBackoff(), 1),  # a connection that died while idle is replaced unseen
            client_name="chat-presence",
        )
        self._turns = asyncio.Semaphore(_CONNECTIONS)

    async def open(self) -> None:
        """Connects ahead of use. Raises ConnectionError; calls will try again."""
        await self._bounded(self._redis.ping())

    async def close(self) -> None:
        await self._redis.aclose()

    async def enter(self, session: Session) -> int:
        now = self._now()
        arguments = (session.connection, now, now + TTL_MS, TTL_MS)
        return await self._bounded(self._script(_ENTER, session, *arguments))

    async def leave(self, session: Session, *, goodbye: bool = False) -> int:
        arguments = (session.connection, self._now(), int(goodbye), _LEFT_MS)
        return await self._bounded(self._script(_LEAVE, session, *arguments))

    async def announce(self, sessions: Iterable[Session]) -> None:
        expiry = self._now() + TTL_MS
        pipeline = self._redis.pipeline(transaction=False)
        for session in sessions:
            key = self._key(session)
            pipeline.zadd(key, {session.connection: expiry})
            pipeline.pexpire(key, TTL_MS)
        await self._bounded(pipeline.execute())

    async def online(self, service_sid: ServiceSid, identities: Sequence[Identity]) -> Mapping[Identity, bool]:
        alive = f"({self._now()}"
        pipeline = self._redis.pipeline(transaction=False)
        for identity in identities:
            pipeline.zcount(online_key(self._prefix, service_sid, identity), alive, "+inf")
        counts: list[int] = await self._bounded(pipeline.execute())
        return {identity: count > 0 for identity, count in zip(identities, counts, strict=True)}

    async def _script(self, script: str, session: Session, *arguments: str | int) -> int:
        keys = self._key(session), left_key(self._prefix, session.service_sid, session.identity)
        answer = self._redis.eval(script, len(keys), *keys, *(str(argument) for argument in arguments))
        return int(await cast("Awaitable[int]", answer))

    async def _bounded(self, call: Awaitable[T]) -> T:
        """Whatever goes wrong is a ConnectionError: presence is away."""
        try:
            async with asyncio.timeout(_PATIENCE), self._turns:
                return await call
        except TimeoutError:
            raise ConnectionError("presence does not answer") from None
        except (RedisError, OSError) as error:
            raise ConnectionError(f"presence is away: {error}") from None

    def _key(self, session: Session) -> str:
        return online_key(self._prefix, session.service_sid, session.identity)

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)
