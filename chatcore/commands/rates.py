"""How many changes a channel or a service may see per second, counted on this node."""

from __future__ import annotations

from collections.abc import Callable

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import ChannelSid, ServiceSid
from chatcore.ports.clock import Clock

WINDOW = 5  # seconds


class SlidingCount:
    """Events per key in the last WINDOW seconds, in buckets of one second; idle keys are forgotten."""

    def __init__(self, per_second: float, clock: Clock) -> None:
        self.allowed = int(per_second * WINDOW)
        self._clock = clock
        self._buckets: dict[int, dict[str, int]] = {}

    def admit(self, key: str, count: int = 1) -> bool:
        """Counts and returns True, or returns False and counts nothing. Zero allowed means unlimited."""
        if not self.allowed:
            return True
        second = int(self._clock.monotonic())
        for old in [s for s in self._buckets if s <= second - WINDOW]:
            del self._buckets[old]
        seen = sum(bucket.get(key, 0) for bucket in self._buckets.values())
        if seen + count > self.allowed:
            return False
        bucket = self._buckets.setdefault(second, {})
        bucket[key] = bucket.get(key, 0) + count
        return True


class Rates:
    """The two limits on mutations; both 0 switches them off."""

    def __init__(
        self, clock: Clock, *, channel: float, service: float, on_limited: Callable[[str], None] = lambda _: None
    ) -> None:
        """`on_limited` hears "channel" or "service" for each refusal."""
        self._channels = SlidingCount(channel, clock)
        self._services = SlidingCount(service, clock)
        self._on_limited = on_limited

    def channel(self, sid: ChannelSid) -> None:
        if not self._channels.admit(sid):
            self._on_limited("channel")
            raise ChatError(Code.CHANNEL_RATE_EXCEEDED, "Too many changes in this channel, slow down")

    def service(self, sid: ServiceSid) -> None:
        if not self._services.admit(sid):
            self._on_limited("service")
            raise ChatError(Code.SERVICE_RATE_EXCEEDED, "Too many changes in this service, slow down")
