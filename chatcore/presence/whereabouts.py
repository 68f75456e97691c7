"""Presence as the push worker asks for it: many identities at once, and whether the answer can be trusted yet."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final

from chatcore.domain.ids import Identity, ServiceSid
from chatcore.ports.clock import Clock
from chatcore.ports.pushes import Seen
from chatcore.presence.redis import PREFIX, left_key, online_key, whose
from chatcore.presence.server import Command, reach

SETTLING: Final = 30.0
"""Seconds in which all nodes have announced their connections to a server that began empty."""

# One script for many keys, because the client pays for each command and hardly for what is in it. The mark says when
# the memory of these keys began, as far as can be known: a server that lost its memory has lost the mark as well, and a
# replica that takes over has both.
_SEEN: Final = """
local now = tonumber(redis.call('TIME')[1])
local began = tonumber(redis.call('GET', KEYS[1]) or nil)
if not began then
  began = now - tonumber(string.match(redis.call('INFO', 'server'), 'uptime_in_seconds:(%d+)'))
  redis.call('SET', KEYS[1], began)
end
local answer = {now - began}
for k = 2, #KEYS do answer[k] = redis.call('ZCOUNT', KEYS[k], ARGV[1], '+inf') end
return answer
"""


class RedisWhereabouts:
    """Satisfies `ports.pushes.Whereabouts`, each call within a second. Connects when first used, and again after a
    loss."""

    def __init__(self, url: str, *, clock: Clock, prefix: str = PREFIX, settling: float = SETTLING) -> None:
        self._clock = clock
        self._prefix = prefix
        self._settling = settling
        self._server = reach(url, name="chat-whereabouts", away="presence is away", connections=8, again=1)

    async def close(self) -> None:
        await self._server.close()

    async def seen(self, service_sid: ServiceSid, identities: Sequence[Identity]) -> Seen:
        alive = f"({int(self._clock.now().timestamp() * 1000)}"
        groups = self._tagged(service_sid, identities)
        commands: list[tuple[str, Command]] = []
        for prefix, group in groups.items():
            keys = [f"{prefix}presence-began", *(online_key(prefix, service_sid, each) for each in group)]
            commands.append((keys[0], ("EVAL", _SEEN, len(keys), *keys, alive)))
        answers: list[list[int]] = await self._server.call(commands)
        online = frozenset(
            identity
            for group, (_, *counts) in zip(groups.values(), answers, strict=True)
            for identity, count in zip(group, counts, strict=True)
            if count
        )
        youngest = min((age for age, *_ in answers), default=self._settling)
        return Seen(online=online, settles_in=max(0.0, self._settling - youngest))

    async def left(
        self, service_sid: ServiceSid, identities: Sequence[Identity], since: datetime
    ) -> Collection[Identity]:
        groups = self._tagged(service_sid, identities)
        commands: list[tuple[str, Command]] = []
        for prefix, group in groups.items():
            keys = [left_key(prefix, service_sid, each) for each in group]
            commands.append((keys[0], ("MGET", *keys)))
        answers: list[list[bytes | None]] = await self._server.call(commands)
        moment = since.timestamp() * 1000
        return frozenset(
            identity
            for group, marks in zip(groups.values(), answers, strict=True)
            for identity, mark in zip(group, marks, strict=True)
            if mark is not None and int(mark) >= moment
        )

    def _tagged(self, service_sid: ServiceSid, identities: Iterable[Identity]) -> dict[str, list[Identity]]:
        """By the prefix of their keys: those of one group may be asked for in one command."""
        groups: dict[str, list[Identity]] = {}
        for identity in identities:
            prefix = self._prefix + self._server.tag(whose(service_sid, identity))
            groups.setdefault(prefix, []).append(identity)
        return groups
