"""A token bucket for the commands of one connection."""

from __future__ import annotations

from chatcore.ports.clock import Clock

PATIENCE = 1000  # refusals, less those that time has paid off, before the connection is a flood


class Throttle:
    """`rate` commands per second after a burst."""

    __slots__ = ("_burst", "_clock", "_left", "_rate", "_refused", "_seen")

    def __init__(self, clock: Clock, rate: float, burst: float) -> None:
        self._clock = clock
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._seen = clock.monotonic()
        self._refused = 0.0

    def admit(self) -> bool:
        now = self._clock.monotonic()
        earned = (now - self._seen) * self._rate
        self._left = min(self._burst, self._left + earned)
        self._refused = max(0.0, self._refused - earned)
        self._seen = now
        if self._left < 1:
            self._refused += 1
            return False
        self._left -= 1
        return True

    @property
    def flooded(self) -> bool:
        """Refusing did not slow the client down: it goes on at more than twice its rate."""
        return self._refused > PATIENCE
