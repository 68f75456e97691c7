"""Coarse timers for all connections, on one timer of the loop."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from typing import Final, Protocol

logger = logging.getLogger(__name__)

IDLE: Final = -1
"""Slot of an entry that is not in the wheel."""

_FAR: Final = 640
_ROUND: Final = 64
"""Entries over `_FAR` slots ahead share slots in steps of `_ROUND`: an hour of expiries is not ten thousand sets."""


class Entry(Protocol):
    slot: int

    def fire(self, now: float) -> None: ...


class Wheel:
    """Entries never fire early, and at most one resolution late, far ones up to a tenth of their time. Adding and
    removing cost one operation on a set. The loop's timer runs only while there are entries.

    `now` is monotonic seconds.
    """

    def __init__(self, now: Callable[[], float], *, resolution: float = 0.1) -> None:
        self.now = now
        self._resolution = resolution
        self._slots: dict[int, set[Entry]] = {}
        self._turned = math.floor(now() / resolution)  # slots up to here have fired
        self._timer: asyncio.TimerHandle | None = None

    def add(self, entry: Entry, at: float) -> None:
        """Fire `entry` at time `at`, instead of any earlier arrangement."""
        self.remove(entry)
        slot = max(math.ceil(at / self._resolution), self._turned + 1)
        if slot - self._turned > _FAR:
            slot += -slot % _ROUND
        entry.slot = slot
        self._slots.setdefault(slot, set()).add(entry)
        if self._timer is None:
            self._arm()

    def remove(self, entry: Entry) -> None:
        """No-op for an entry that is not in the wheel."""
        if entry.slot != IDLE:
            held = self._slots.get(entry.slot)
            if held is not None:
                held.discard(entry)
                if not held:
                    del self._slots[entry.slot]
            entry.slot = IDLE

    def turn(self) -> None:
        """Fire everything that is due."""
        now = self.now()
        self._turned = max(self._turned, math.floor(now / self._resolution))
        # After a long pause of the process there are more steps behind us than slots that hold anything.
        for slot in sorted(slot for slot in self._slots if slot <= self._turned):
            entries = self._slots.pop(slot, set())
            for entry in entries:
                entry.slot = IDLE
            for entry in entries:
                try:
                    entry.fire(now)
                except Exception:
                    logger.exception("An alarm failed", extra={"action": "alarm_failed"})
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._slots:
            self._arm()

    def stop(self) -> None:
        """Forget everything."""
        for entries in self._slots.values():
            for entry in entries:
                entry.slot = IDLE
        self._slots.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._resolution, self.turn)


class Alarm:
    """Calls back once unless cancelled before."""

    __slots__ = ("_callback", "_wheel", "slot")

    def __init__(self, wheel: Wheel, seconds: float, callback: Callable[[], None]) -> None:
        self.slot = IDLE
        self._wheel = wheel
        self._callback: Callable[[], None] | None = callback
        wheel.add(self, wheel.now() + seconds)

    def fire(self, now: float) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()

    def cancel(self) -> None:
        self._callback = None
        self._wheel.remove(self)
