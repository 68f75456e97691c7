"""Small things that all push workers share in Redis or Valkey: texts with an end, and rates.

The rate is a bucket that holds a second's worth; seconds are those of the server's clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from chatcore.presence.redis import PREFIX

_PATIENCE: Final = 1.0

_REPLACE: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""
_TAKE: Final = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local wanted, rate = tonumber(ARGV[1]), tonumber(ARGV[2])
local held = redis.call('HMGET', KEYS[1], 'left', 'at')
local left = rate
if held[1] then left = math.min(rate, tonumber(held[1]) + (now - tonumber(held[2])) * rate) end
local granted = math.max(0, math.min(wanted, math.floor(left)))
redis.call('HSET', KEYS[1], 'left', string.format('%.3f', left - granted), 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], 10)
return granted
"""
T = TypeVar("T")


class RedisShared:
    """Each call ends within a second; raises ConnectionError while the server is away. Connects when first used."""

    def __init__(self, url: str, *, prefix: str = PREFIX) -> None:
        self._prefix = prefix
        self._redis: Redis = Redis.from_url(
            url,
            max_connections=4,
            socket_timeout=_PATIENCE,
            socket_connect_timeout=_PATIENCE,
            retry=Retry(NoBackoff(), 0),
            client_name="chat-shared",
        )

    async def close(self) -> None:
        await self._redis.aclose()

    async def get(self, key: str) -> tuple[str, float] | None:
        """And the seconds that are left of it."""
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.get(self._prefix + key)
        pipeline.pttl(self._prefix + key)
        text, left = cast(tuple[bytes | None, int], await self._bounded(pipeline.execute()))
        return (text.decode(), left / 1000) if text is not None and left > 0 else None

    async def put_if_absent(self, key: str, text: str, seconds: float) -> bool:
        """Whether it was."""
        done = await self._bounded(self._redis.set(self._prefix + key, text, nx=True, px=int(seconds * 1000)))
        return bool(done)

    async def replace(self, key: str, old: str, text: str, seconds: float) -> bool:
        """Only if it still is `old`."""
        milliseconds = str(int(seconds * 1000))
        done = await self._bounded(
            cast(Awaitable[int], self._redis.eval(_REPLACE, 1, self._prefix + key, old, text, milliseconds))
        )
        return bool(done)

    async def take(self, key: str, wanted: int, per_second: int) -> int:
        """How many of them are granted now."""
        return await self._bounded(
            cast(Awaitable[int], self._redis.eval(_TAKE, 1, self._prefix + key, str(wanted), str(per_second)))
        )

    async def _bounded(self, call: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(_PATIENCE):
                return await call
        except TimeoutError:
            raise ConnectionError("the broker does not answer") from None
        except (RedisError, OSError) as error:
            raise ConnectionError(f"the broker is away: {error}") from None
