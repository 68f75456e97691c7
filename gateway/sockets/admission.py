"""How fast new connections are let in."""

from __future__ import annotations


class Admission:
    """A queue without members: each arrival is told how long to wait for its turn.

    Turns are 1/rate seconds apart, after an initial burst of a tenth of a second's worth. Clients that give up while
    they wait do not give their turn back; it is a limit, not a fair scheduler.
    """

    __slots__ = ("_bound", "_burst", "_next", "_step")

    def __init__(self, *, rate: float, bound: float) -> None:
        self._step = 1 / rate
        self._burst = 0.1
        self._bound = bound
        self._next = float("-inf")

    def delay(self, now: float) -> float | None:
        """Seconds to wait from `now` (0 = go on), or None when the wait would exceed the bound."""
        turn = max(self._next, now - self._burst)
        wait = turn - now
        if wait > self._bound:
            return None
        self._next = turn + self._step
        return max(0.0, wait)
