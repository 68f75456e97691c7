"""How many changes a channel or a service may see per second, on all nodes together.

Each node counts its own changes and refuses by what it knows; what it counted goes to the other nodes, and what they
counted comes back, at most every 100 ms and beside the commands, which never wait for it. So a limit may be exceeded by
what comes in within that time, and while the nodes cannot reach each other each of them counts for itself.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Mapping, Sequence

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import ChannelSid, ServiceSid
from chatcore.ports.clock import Clock
from chatcore.ports.counts import WINDOW, SharedCounts

logger = logging.getLogger(__name__)
INTERVAL = 0.1  # seconds between two exchanges with other nodes
RETRY = 1.0  # seconds to the next one after a failure

_Buckets = dict[int, dict[str, int]]
"""Second → key → count."""


class RateExceeded(ChatError):
    """Too many changes. `retry_after` is when the same one will be admitted if nobody else is faster, in seconds."""

    def __init__(self, code: Code, message: str, retry_after: int) -> None:
        super().__init__(code, message)
        self.retry_after = retry_after


class SlidingCount:
    """Events per key in the last WINDOW seconds, in buckets of one second; idle keys are forgotten."""

    def __init__(self, per_second: float, clock: Clock) -> None:
        self.allowed = int(per_second * WINDOW)
        self._clock = clock
        self._here: _Buckets = {}
        self._elsewhere: _Buckets = {}
        self._untold: dict[str, int] = {}

    def admit(self, key: str, count: int = 1) -> bool:
        """Counts and returns True, or returns False and counts nothing. Zero allowed means unlimited."""
        if not self.allowed:
            return True
        second = self._now()
        if sum(self._seen(key).values()) + count > self.allowed:
            return False
        bucket = self._here.setdefault(second, {})
        bucket[key] = bucket.get(key, 0) + count
        self._untold[key] = self._untold.get(key, 0) + count
        return True

    def wait(self, key: str, count: int = 1) -> float:
        """Seconds until that many are admitted if nothing else comes; 0 at once, WINDOW where it never will be."""
        seen = self._seen(key)
        room, at = self.allowed - count - sum(seen.values()), 0.0
        for second in sorted(seen):
            if room >= 0:
                break
            room += seen[second]
            at = second + WINDOW - self._clock.monotonic()
        return at if room >= 0 else float(WINDOW)

    def take(self) -> Mapping[str, int]:
        """What was counted here since the last call."""
        untold, self._untold = self._untold, {}
        return untold

    def hear(self, key: str, by_age: Sequence[int]) -> None:
        """What other nodes counted in this second, in the one before, and so on."""
        second = self._now()
        for age, count in enumerate(by_age):
            if count:
                self._elsewhere.setdefault(second - age, {})[key] = count
            elif bucket := self._elsewhere.get(second - age):
                bucket.pop(key, None)

    def _seen(self, key: str) -> dict[int, int]:
        """By second, of those that still matter."""
        found: dict[int, int] = {}
        for buckets in (self._here, self._elsewhere):
            for second, bucket in buckets.items():
                if count := bucket.get(key, 0):
                    found[second] = found.get(second, 0) + count
        return found

    def _now(self) -> int:
        """This second. Forgets those that have left the window."""
        second = int(self._clock.monotonic())
        for buckets in (self._here, self._elsewhere):
            for old in [s for s in buckets if s <= second - WINDOW]:
                del buckets[old]
        return second


class Rates:
    """The two limits on mutations; 0 switches one off. `run` shares the counts with other nodes."""

    def __init__(
        self,
        clock: Clock,
        *,
        channel: float,
        service: float,
        shared: SharedCounts | None = None,
        on_limited: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`on_limited` hears "channel" or "service" for each refusal."""
        self._channels = SlidingCount(channel, clock)
        self._services = SlidingCount(service, clock)
        self._shared = shared
        self._on_limited = on_limited
        self._changed = asyncio.Event()
        self._alone = False

    def channel(self, sid: ChannelSid) -> None:
        """Raises RateExceeded."""
        self._count(self._channels, sid, "channel", Code.CHANNEL_RATE_EXCEEDED)

    def service(self, sid: ServiceSid) -> None:
        """Raises RateExceeded."""
        self._count(self._services, sid, "service", Code.SERVICE_RATE_EXCEEDED)

    async def run(self) -> None:
        """Until cancelled. Nothing is sent while nothing is counted."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            await asyncio.sleep(INTERVAL if await self._exchange() else RETRY)

    def _count(self, counts: SlidingCount, key: str, what: str, code: Code) -> None:
        if counts.admit(key):
            if counts.allowed:
                self._changed.set()
            return
        self._on_limited(what)
        retry_after = max(1, math.ceil(counts.wait(key)))
        raise RateExceeded(code, f"Too many changes in this {what}, slow down", retry_after)

    async def _exchange(self) -> bool:
        """Whether the others were reached. What was counted for a call that failed stays here."""
        channels, services = self._channels.take(), self._services.take()
        if self._shared is None:
            return True
        try:
            elsewhere = await self._shared.share({**channels, **services})
        except ConnectionError as error:
            if not self._alone:
                logger.warning("This node counts for itself: %s", error, extra={"action": "rates_alone"})
            self._alone = True
            return False
        self._alone = False
        for key, by_age in elsewhere.items():
            (self._channels if key in channels else self._services).hear(key, by_age)
        return True
