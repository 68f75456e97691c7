"""Counts of many nodes in Redis or Valkey: one hash per key, from second and node to a number.

Seconds are those of the server's clock, so the nodes' clocks need not agree. A hash forgets what is older than the
window with each addition and expires with its last one.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Final

from chatcore.ports.counts import WINDOW
from chatcore.presence.redis import PREFIX
from chatcore.presence.server import Command, reach

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
        self._prefix = prefix
        self._node = secrets.token_hex(4)
        # What is sent again might be counted twice.
        self._server = reach(url, name="chat-counts", away="shared counts are away", connections=2, again=0)

    async def close(self) -> None:
        await self._server.close()

    async def share(self, counted: Mapping[str, int]) -> Mapping[str, Sequence[int]]:
        tagged: dict[str, list[str]] = {}
        for key in counted:
            tagged.setdefault(self._server.tag(key), []).append(key)
        chunks = [
            (tag, keys[start : start + _CHUNK]) for tag, keys in tagged.items() for start in range(0, len(keys), _CHUNK)
        ]
        answers: list[list[list[int]]] = await self._server.call(
            [self._script(tag, keys, counted) for tag, keys in chunks]
        )
        found = {
            key: others
            for (_, keys), answer in zip(chunks, answers, strict=True)
            for key, others in zip(keys, answer, strict=True)
        }
        return {key: found[key] for key in counted}

    def _script(self, tag: str, keys: Sequence[str], counted: Mapping[str, int]) -> tuple[str, Command]:
        names = [f"{self._prefix}{tag}rate:{key}" for key in keys]
        numbers = [counted[key] for key in keys]
        return names[0], ("EVAL", _SHARE, len(names), *names, self._node, WINDOW, *numbers)
