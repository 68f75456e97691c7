"""Small things that all push workers share in Redis or Valkey: texts with an end, and rates.

The rate is a bucket that holds a second's worth; seconds are those of the server's clock.
"""

from __future__ import annotations

from typing import Any, Final

from chatcore.presence.redis import PREFIX
from chatcore.presence.server import reach

_GET: Final = """
return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}
"""
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
if held[1] then left = math.min(rate, tonumber(held[1]) + math.max(0, now - tonumber(held[2])) * rate) end
local granted = math.max(0, math.min(wanted, math.floor(left)))
redis.call('HSET', KEYS[1], 'left', string.format('%.3f', left - granted), 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], 10)
return granted
"""


class RedisShared:
    """Each call ends within a second; raises ConnectionError while the server is away. Connects when first used."""

    def __init__(self, url: str, *, prefix: str = PREFIX) -> None:
        self._prefix = prefix
        self._server = reach(url, name="chat-shared", away="the broker is away", connections=4, again=0)

    async def close(self) -> None:
        await self._server.close()

    async def get(self, key: str) -> tuple[str, float] | None:
        """And the seconds that are left of it."""
        text, left = await self._script(_GET, key)
        return (text.decode(), left / 1000) if text is not None and left > 0 else None

    async def put_if_absent(self, key: str, text: str, seconds: float) -> bool:
        """Whether it was."""
        name = self._name(key)
        (done,) = await self._server.call([(name, ("SET", name, text, "NX", "PX", int(seconds * 1000)))])
        return bool(done)

    async def replace(self, key: str, old: str, text: str, seconds: float) -> bool:
        """Only if it still is `old`."""
        return bool(await self._script(_REPLACE, key, old, text, int(seconds * 1000)))

    async def take(self, key: str, wanted: int, per_second: int) -> int:
        """How many of them are granted now."""
        return int(await self._script(_TAKE, key, wanted, per_second))

    async def _script(self, script: str, key: str, *arguments: str | int) -> Any:  # what the script returns
        name = self._name(key)
        (answer,) = await self._server.call([(name, ("EVAL", script, 1, name, *arguments))])
        return answer

    def _name(self, key: str) -> str:
        return f"{self._prefix}{self._server.tag(key)}{key}"
