"""Where new connections wait for the loop.

Theory of operation. The first bytes of a connection are the dearest: a request head costs half a millisecond, and
hundreds can arrive in one turn of the loop. One is let in at once; whoever comes in the same turn, or while others
wait, stands in line. From turn to turn those in front are let in for as long as everybody else took since the last
time, so that connecting gets about half of the processor when it is scarce; for SPELL at least and LONGEST at most.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final

SPELL: Final = 0.002
"""Seconds."""

LONGEST: Final = 0.01


class Doorway:
    """One for all connections of a loop. Who waits is let in in order."""

    __slots__ = ("_line", "_now", "_opens", "_shut")

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._line: deque[Callable[[], None]] = deque()
        self._opens: asyncio.Handle | None = None  # set from the first of a turn until nobody waits
        self._shut = 0.0  # when it did so last

    def come(self, enter: Callable[[], None]) -> None:
        """Calls back now or in one of the next turns; what that raises is for the loop."""
        if self._opens is not None:
            self._line.append(enter)
            return
        self._again()
        enter()
        self._shut = self._now()

    def _again(self) -> None:
        self._opens = asyncio.get_running_loop().call_soon(self._open)

    def _open(self) -> None:
        self._opens = None
        if not self._line:
            return
        self._again()
        began = self._now()
        end = began + min(max(SPELL, began - self._shut), LONGEST)
        while self._line and self._now() < end:
            self._line.popleft()()
        self._shut = self._now()
