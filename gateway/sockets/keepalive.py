"""Pings on schedule, and the clock that waits for the answer.

Theory of operation. A pulse is the wheel entry of one connection. It wakes for whichever comes first: the next ping, or
the deadline of the pong it waits for.

    ping sent ──pong──▶ nothing due until the next ping
        │ pong timeout
        ▼
    overdue ──one more turn of the wheel without a pong──▶ close "no pong"

The verdict takes two turns because timers run before sockets are read: after a pause of the process or of reading, the
pong may be there already. While reading is paused the deadline moves along. Pings do not: on busy connections too they
leave on schedule, because clients of the Centrifuge protocol that count on them look at nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from .close import Close
from .frames import is_ping
from .wheel import IDLE, Wheel


class Pinged(Protocol):
    """The connection, as its pulse sees it."""

    def next_ping(self) -> bytes | None: ...

    def send_first(self, frame: bytes) -> None: ...

    def close(self, code: int, reason: str) -> None: ...


class Keepalive:
    """The rules all pulses share, times in seconds; `chance` is uniform over [0, 1)."""

    def __init__(self, wheel: Wheel, *, interval: float, patience: float, chance: Callable[[], float]) -> None:
        self.wheel = wheel
        self.interval = interval
        self.patience = patience
        self._chance = chance

    def start(self, link: Pinged) -> Pulse:
        """The first ping follows after a random half to whole interval: thousands of clients that reconnected together
        are not pinged together ever after."""
        return Pulse(self, link, self.interval * (1 + self._chance()) / 2)


class Pulse:
    """Keepalive of one connection: `first` seconds to its first ping."""

    __slots__ = ("_keepalive", "_link", "_next", "_overdue", "_paused", "_pong_due", "control", "slot")

    def __init__(self, keepalive: Keepalive, link: Pinged, first: float) -> None:
        self.slot = IDLE
        self.control = False  # the last ping was an RFC 6455 one: its pong is the answer
        self._keepalive = keepalive
        self._link: Pinged | None = link  # None when stopped
        self._pong_due: float | None = None
        self._overdue = False
        self._paused: float | None = None  # since when reading is paused
        self._next = keepalive.wheel.now() + first
        keepalive.wheel.add(self, self._next)

    def fire(self, now: float) -> None:
        link, rules = self._link, self._keepalive
        if link is None:
            return
        if self._pong_due is not None and self._paused is None and now >= self._pong_due:
            if self._overdue:
                link.close(*Close.NO_PONG.value)
                return
            self._overdue = True
        if now >= self._next:
            # A process that stood still does not make up for the pings it missed.
            self._next = self._next + rules.interval if now < self._next + rules.interval else now + rules.interval
            ping = link.next_ping()
            if ping is not None:
                self.control = is_ping(ping)
                if self._pong_due is None:
                    self._pong_due = now + rules.patience
                link.send_first(ping)
        self._wait()

    def pong(self) -> None:
        """Surplus ones mean nothing."""
        self._pong_due = None
        self._overdue = False

    def pause(self) -> None:
        if self._paused is None:
            self._paused = self._keepalive.wheel.now()

    def resume(self) -> None:
        if self._paused is None:
            return
        if self._pong_due is not None:
            sent = self._pong_due - self._keepalive.patience
            self._pong_due += self._keepalive.wheel.now() - max(self._paused, sent)
        self._paused = None
        self._overdue = False
        self._wait()

    def stop(self) -> None:
        self._link = None
        self._keepalive.wheel.remove(self)

    def _wait(self) -> None:
        if self._link is None:
            return
        due = self._pong_due
        at = self._next if due is None or self._paused is not None else min(due, self._next)
        self._keepalive.wheel.add(self, at)
