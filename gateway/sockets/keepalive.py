"""Pings on schedule, and the clock that waits for the answer."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from .close import Close
from .wheel import Alarm, Wheel

if TYPE_CHECKING:
    from .driver import SocketDriver


class Keepalive:
    """Of one connection. Pings leave on schedule on busy connections too: clients that count on them look at nothing
    else. While the server itself has stopped reading, no answer can arrive and the clock stands still."""

    __slots__ = ("_deadline", "_driver", "_interval", "_next", "_overdue", "_patience", "_paused", "_wheel")

    def __init__(self, driver: SocketDriver, wheel: Wheel, interval: float, patience: float) -> None:
        self._driver = driver
        self._wheel = wheel
        self._interval = interval
        self._patience = patience
        self._deadline: Alarm | None = None  # set while a pong is due
        self._paused = False
        self._overdue = False  # the deadline passed while reading was paused
        # A random first one: thousands of clients that reconnected together are not pinged together ever after.
        self._next = wheel.alarm(random.uniform(0.5, 1.0) * interval, self._ping)

    def pong(self) -> None:
        """Surplus ones mean nothing."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        self._overdue = False

    def pause(self) -> None:
        self._paused = True

    def resume(self) -> None:
        self._paused = False
        if self._overdue:
            self._overdue = False
            self._wait()

    def stop(self) -> None:
        self._next.cancel()
        self.pong()

    def _ping(self) -> None:
        self._next = self._wheel.alarm(self._interval, self._ping)
        if self._driver.send_ping() and self._deadline is None and not self._overdue:
            self._wait()

    def _wait(self) -> None:
        self._deadline = self._wheel.alarm(self._patience, self._too_late)

    def _too_late(self) -> None:
        self._deadline = None
        if self._paused:
            self._overdue = True
        else:
            self._driver.close(*Close.NO_PONG.value)
