"""One timer for all connections: alarms in slots of a quarter second."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable

logger = logging.getLogger(__name__)
STEP = 0.25  # seconds


class Alarm:
    """Calls back once unless cancelled before."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class Wheel:
    """Alarms go off never early and at most a slot late. The loop's timer runs only while there are alarms.

    `now` is monotonic seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._slots: dict[int, list[Alarm]] = {}
        self._turned = math.floor(now() / STEP)  # slots up to here went off
        self._timer: asyncio.TimerHandle | None = None

    def alarm(self, seconds: float, callback: Callable[[], None]) -> Alarm:
        alarm = Alarm(callback)
        slot = math.floor((self._now() + seconds) / STEP) + 1
        self._slots.setdefault(max(slot, self._turned + 1), []).append(alarm)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(STEP, self.turn)
        return alarm

    def turn(self) -> None:
        """Sets off what is due."""
        reached = math.floor(self._now() / STEP)
        # After a long pause of the process there are more steps behind us than slots that hold anything.
        for slot in sorted(slot for slot in self._slots if slot <= reached):
            for alarm in self._slots.pop(slot):
                if alarm.callback is not None:
                    callback, alarm.callback = alarm.callback, None
                    self._go_off(callback)
        self._turned = reached
        self._timer = asyncio.get_running_loop().call_later(STEP, self.turn) if self._slots else None

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @staticmethod
    def _go_off(callback: Callable[[], None]) -> None:
        try:
            callback()
        except Exception:
            logger.exception("An alarm failed", extra={"action": "alarm_failed"})
