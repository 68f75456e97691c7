"""Counts of many nodes in Redis or Valkey: one hash per key, from second and node to a number.

Seconds are those of the server's clock, so the nodes' clocks need not agree. A hash forgets what is older than the
window with each addition and expires with its last one.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from typing import Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from chatcore.ports.counts import WINDOW
from chatcore.presence.redis import PREFIX

_PATIENCE: Final = 0.9

_CHUNK: Final = 200
"""Keys per script: a script holds the server up for as long as it runs."""

# One script for many keys, because the client pays for each command and hardly for what is in it.
_SHARE: Final = """
local now = tonumber(redis.call('TIME')[1])
local node, window = ARGV[1], tonumber(ARGV[2])
local answer = {}
for k, key in ipairs(KEYS) do
  local others = {}
  for age = 1, window do others[age] = 0 end
  redis.call('HINCRBY', key, now .. ':' .. node, ARGV[k + 2])
  redis.call('EXPIRE', key, window + 1)
  local found = redis.call('HGETALL', key)
  for i = 1, #found, 2 do
    local second, who = string.match(found[i], '^(%d+):(.*)$')
    local age = now - tonumber(second)
    if age < 0 or age >= window then
      redis.call('HDEL', key, found[i])
    elseif who ~= node then
      others[age + 1] = others[age + 1] + tonumber(found[i + 1])
    end
  end
  answer[k] = others
end
return answer
"""


class RedisCounts:
    """Satisfies `ports.counts.SharedCounts`, each call within a second. Connects when first used, and again after a
    loss."""

    def __init__(self, url: str, *, prefix: str = PREFIX) -> None:
        self._prefix = f"{prefix}rate:"
        self._node = secrets.token_hex(4)
        self._redis: Redis = Redis.from_url(
            url,
            max_connections=2,
            socket_timeout=_PATIENCE,
            socket_connect_timeout=_PATIENCE,
            retry=Retry(NoBackoff(), 0),  # what is sent again might be counted twice
            client_name="chat-counts",
        )

    async def close(self) -> None:
        await self._redis.aclose()

    async def share(self, counted: Mapping[str, int]) -> Mapping[str, Sequence[int]]:
        keys = list(counted)
        pipeline = self._redis.pipeline(transaction=False)
        for start in range(0, len(keys), _CHUNK):
            chunk = keys[start : start + _CHUNK]
            names = [f"{self._prefix}{key}" for key in chunk]
            pipeline.eval(_SHARE, len(chunk), *names, self._node, str(WINDOW), *(str(counted[key]) for key in chunk))
        try:
            async with asyncio.timeout(_PATIENCE):
                answers: list[list[list[int]]] = await pipeline.execute()
        except TimeoutError:
            raise ConnectionError("shared counts do not answer") from None
        except (RedisError, OSError) as error:
            raise ConnectionError(f"shared counts are away: {error}") from None
        return dict(zip(keys, (others for answer in answers for others in answer), strict=True))
