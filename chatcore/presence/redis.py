"""Presence in Redis or Valkey: one sorted set per identity, connection → moment of expiry in milliseconds.

Moments come from this node's clock, so clocks of nodes must agree within seconds. The key expires by the server's
clock, after its last entry was renewed: nothing stays behind when all nodes die.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from chatcore.domain.ids import Identity, ServiceSid
from chatcore.ports.clock import Clock
from chatcore.ports.presence import Session
from chatcore.presence.server import Command, hold

PREFIX: Final = "chat:"
TTL_MS: Final = 60_000

_LEFT_MS: Final = 600_000
"""For how long it is known that somebody left who is not there."""

# Scripts, because what is counted decides who tells of a change: of two connections that come at once, exactly one
# must see itself as the first.
_ENTER: Final = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
local limit, others = tonumber(ARGV[5]), redis.call('ZCARD', KEYS[1])
if limit > 0 and others >= limit and not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return others + 1 end
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
    """A sorted set: connection → expiry. The prefix ends with the tag of `whose`."""
    return f"{prefix}online:{service_sid}:{identity}"


def left_key(prefix: str, service_sid: ServiceSid, identity: Identity) -> str:
    """When the last client said goodbye; absent while one is there, and after one was lost."""
    return f"{prefix}left:{service_sid}:{identity}"


def whose(service_sid: ServiceSid, identity: Identity) -> str:
    """What the tag of somebody's keys is taken from."""
    return f"{service_sid}:{identity}"


class RedisPresence:
    """Satisfies `ports.presence.Presence`, each call within a second. Connects when first used, and again after a
    loss."""

    def __init__(self, url: str, *, clock: Clock, prefix: str = PREFIX) -> None:
        self._clock = clock
        self._prefix = prefix
        self._server = hold(url, name="chat-presence", away="presence is away")

    async def open(self) -> None:
        """Connects ahead of use. Raises ConnectionError; calls will try again."""
        await self._server.call([(self._prefix, ("PING",))])

    async def close(self) -> None:
        await self._server.close()

    async def enter(self, session: Session, *, limit: int = 0) -> int:
        now = self._now()
        return await self._script(_ENTER, session, session.connection, now, now + TTL_MS, TTL_MS, limit)

    async def leave(self, session: Session, *, goodbye: bool = False) -> int:
        return await self._script(_LEAVE, session, session.connection, self._now(), int(goodbye), _LEFT_MS)

    async def announce(self, sessions: Iterable[Session]) -> None:
        expiry = self._now() + TTL_MS
        commands: list[tuple[str, Command]] = []
        for session in sessions:
            key = online_key(self._tagged(session.service_sid, session.identity), session.service_sid, session.identity)
            commands.append((key, ("ZADD", key, expiry, session.connection)))
            commands.append((key, ("PEXPIRE", key, TTL_MS)))
        await self._server.call(commands)

    async def online(self, service_sid: ServiceSid, identities: Sequence[Identity]) -> Mapping[Identity, bool]:
        alive = f"({self._now()}"
        keys = [online_key(self._tagged(service_sid, each), service_sid, each) for each in identities]
        counts = await self._server.call([(key, ("ZCOUNT", key, alive, "+inf")) for key in keys])
        return {identity: count > 0 for identity, count in zip(identities, counts, strict=True)}

    async def _script(self, script: str, session: Session, *arguments: str | int) -> int:
        prefix = self._tagged(session.service_sid, session.identity)
        key, left = (make(prefix, session.service_sid, session.identity) for make in (online_key, left_key))
        (answer,) = await self._server.call([(key, ("EVAL", script, 2, key, left, *arguments))])
        return int(answer)

    def _tagged(self, service_sid: ServiceSid, identity: Identity) -> str:
        return self._prefix + self._server.tag(whose(service_sid, identity))

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)
