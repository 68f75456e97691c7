"""Several reasons not to read from a socket, and the pace that is one of them."""

from __future__ import annotations

from enum import IntFlag
from typing import Final

from chatcore.ports.clock import Clock
from gateway.sockets.endpoint import Link


class Reason(IntFlag):
    FULL = 1  # too many requests wait
    PACE = 2  # they come too fast
    DRAIN = 4  # the connection is about to end


class Valve:
    """The socket is read while there is no reason not to."""

    __slots__ = ("_link", "_reasons")

    def __init__(self, link: Link) -> None:
        self._link = link
        self._reasons = Reason(0)

    def shut(self, reason: Reason) -> None:
        if not self._reasons:
            self._link.pause_reading()
        self._reasons |= reason

    def open(self, reason: Reason) -> None:
        if self._reasons:
            self._reasons &= ~reason
            if not self._reasons:
                self._link.resume_reading()


LEAST: Final = 0.001
"""Seconds: shorter pauses are none, whatever floating-point arithmetic leaves over."""


class Pace:
    """`rate` frames per second after a burst.

    SDKs never repeat a refused command, and ask for hundreds of objects at once when they start. So who is too fast is
    not refused but read more slowly.
    """

    __slots__ = ("_burst", "_clock", "_left", "_rate", "_seen")

    def __init__(self, clock: Clock, rate: float, burst: float) -> None:
        self._clock = clock
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._seen = clock.monotonic()

    def take(self, frames: int = 1) -> float:
        """Counts a frame; returns the seconds for which nothing more should be read, 0 while within the pace."""
        now = self._clock.monotonic()
        self._left = min(self._burst, self._left + (now - self._seen) * self._rate) - frames
        self._seen = now
        pause = -self._left / self._rate
        return pause if pause > LEAST else 0.0

    def ahead(self) -> float:
        """What `take` would return if nothing was taken."""
        return self.take(0)
