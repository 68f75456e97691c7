"""Presence as the push worker asks for it: many identities at once, and whether the answer can be trusted yet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection, Sequence
from datetime import datetime
from typing import Final, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from chatcore.domain.ids import Identity, ServiceSid
from chatcore.ports.clock import Clock
from chatcore.ports.pushes import Seen
from chatcore.presence.redis import PREFIX, left_key, online_key

SETTLING: Final = 30.0
"""Seconds in which all nodes have announced their connections to a server that began empty."""
_PATIENCE: Final = 0.9
_CONNECTIONS: Final = 8

# One script for many keys, because the client pays for each command and hardly for what is in it. The mark says when
# the server's memory began; a server that lost its memory has lost the mark as well.
_SEEN: Final = """
local answer = {redis.call('GET', KEYS[1]), redis.call('TIME')[1]}
for k = 2, #KEYS do answer[k + 1] = redis.call('ZCOUNT', KEYS[k], ARGV[1], '+inf') end
return answer
"""


class RedisWhereabouts:
    """Satisfies `ports.pushes.Whereabouts`, each call within a second. Connects when first used, and again after a
    loss."""

    def __init__(self, url: str, *, clock: Clock, prefix: str = PREFIX, settling: float = SETTLING) -> None:
        self._clock = clock
        self._prefix = prefix
        self._settling = settling
        self._redis: Redis = Redis.from_url(
            url,
            max_connections=_CONNECTIONS,
            socket_timeout=_PATIENCE,
            socket_connect_timeout=_PATIENCE,
            retry=Retry(NoBackoff(), 1),
            client_name="chat-whereabouts",
        )
        self._turns = asyncio.Semaphore(_CONNECTIONS)

    async def close(self) -> None:
        await self._redis.aclose()

    async def seen(self, service_sid: ServiceSid, identities: Sequence[Identity]) -> Seen:
        alive = f"({int(self._clock.now().timestamp() * 1000)}"
        keys = [f"{self._prefix}presence-began", *(online_key(self._prefix, service_sid, i) for i in identities)]
        try:
            async with asyncio.timeout(_PATIENCE), self._turns:
                answer = self._redis.eval(_SEEN, len(keys), *keys, alive)
                began, now, *counts = cast("list[bytes | int | None]", await cast("Awaitable[object]", answer))
                age = int(now or 0) - (int(began) if began is not None else await self._begin(keys[0], int(now or 0)))
        except TimeoutError:
            raise ConnectionError("presence does not answer") from None
        except (RedisError, OSError) as error:
            raise ConnectionError(f"presence is away: {error}") from None
        online = frozenset(identity for identity, count in zip(identities, counts, strict=True) if count)
        return Seen(online=online, settles_in=max(0.0, self._settling - age))

    async def left(
        self, service_sid: ServiceSid, identities: Sequence[Identity], since: datetime
    ) -> Collection[Identity]:
        if not identities:
            return frozenset()
        try:
            async with asyncio.timeout(_PATIENCE), self._turns:
                marks = await self._redis.mget([left_key(self._prefix, service_sid, i) for i in identities])
        except TimeoutError:
            raise ConnectionError("presence does not answer") from None
        except (RedisError, OSError) as error:
            raise ConnectionError(f"presence is away: {error}") from None
        moment = since.timestamp() * 1000
        return frozenset(
            i for i, mark in zip(identities, marks, strict=True) if mark is not None and int(mark) >= moment
        )

    async def _begin(self, key: str, now: int) -> int:
        """Marks the beginning of the server's memory, which is that of the server as far as can be known."""
        began = now - int((await self._redis.info("server"))["uptime_in_seconds"])
        await self._redis.set(key, began, nx=True)
        return began
