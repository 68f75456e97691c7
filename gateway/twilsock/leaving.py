"""Sending a client away without losing what it asks meanwhile.

Theory of operation. What a client sends before it has read that the connection is over is lost, and its SDK neither
repeats it nor tells the application for half a minute. A client that was just answered is likely to ask again.

    asked to leave ──quiet for a moment──▶ gone
          └── never quiet: not read any more ──everything answered──▶ gone
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gateway.sockets.endpoint import Cancellable, Link

from .valve import Reason, Valve

QUIET: Final = 0.1
"""Seconds without a request, running or received."""

QUIET_MOST: Final = 1.0
"""Seconds until it is not waited for any more."""

PATIENCE: Final = 3.0
"""Seconds that requests may take then."""


class Leaving:
    """One connection on its way out. `idle` tells whether nothing is asked, `leave` ends the connection."""

    __slots__ = ("_idle", "_leave", "_limit", "_link", "_quiet", "_shut", "_valve")

    def __init__(self, link: Link, valve: Valve, idle: Callable[[], bool], leave: Callable[[], None]) -> None:
        self._link = link
        self._valve = valve
        self._idle = idle
        self._leave = leave
        self._shut = False  # it is not read any more
        self._quiet: Cancellable | None = None
        self._limit: Cancellable = link.alarm(QUIET_MOST, self._stop_reading)
        self.answered()

    def asked(self) -> None:
        """The client sent something."""
        if self._quiet is not None:
            self._quiet.cancel()
            self._quiet = None

    def answered(self) -> None:
        """Perhaps nothing is asked now."""
        if not self._idle():
            return
        if self._shut:
            self._leave()
        else:
            self.asked()
            self._quiet = self._link.alarm(QUIET, self._leave)

    def cancel(self) -> None:
        """The connection is over."""
        self.asked()
        self._limit.cancel()

    def _stop_reading(self) -> None:
        self._shut = True
        self._valve.shut(Reason.DRAIN)
        self.asked()
        self._limit = self._link.alarm(PATIENCE, self._leave)
        self.answered()
