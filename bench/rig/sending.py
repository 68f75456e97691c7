"""When a process sends: at fixed moments, whatever is still in flight, or whenever the last send was acknowledged."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator, Mapping

from bench.rig.client import Client
from bench.rig.plan import Plan
from bench.rig.tally import stamped

_IDLE = 0.2
_REST = 0.1
"""Seconds that a sender waits after a refusal, or while nobody is connected."""
_PACED = -1
"""The token of a send that no sender waits for."""


class Sending:
    """`flush` writes what a client has to say. References of messages start with `prefix`."""

    def __init__(
        self,
        plan: Plan,
        process: int,
        body: int,
        prefix: str,
        clients: Mapping[int, Client],
        flush: Callable[[Client], None],
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._clock = clock
        self._plan, self._process = plan, process
        self._clients, self._flush = clients, flush
        self._text = stamped(body)
        self._prefix = f"{prefix}-{process}"
        self._references = 0
        # A closed loop goes round the seats of this process: rooms in turn, in each its members in turn.
        own = [[c for c in members if c % plan.processes == process] for members in plan.members]
        turns = range(max(map(len, own), default=0))
        self._seats = [(room, own[room][turn]) for turn in turns for room in plan.order if turn < len(own[room])]
        self._seat = 0
        self._running = False
        self._paused_at: float | None = None
        self._told = True
        self._rate = self._begin = self._end = 0.0
        self._schedule: Iterator[tuple[int, int, int]] = iter(())
        self._next = (0, 0, 0)
        self._idle: list[tuple[float, int]] = []  # senders that may send: (not before, token)
        self.sent = 0
        self.skipped = 0
        """Paced sends of clients that were not connected."""
        self.latest = 0.0
        """Seconds by which a paced send was late because this process had other things to do."""

    def start(self, *, begin: float, seconds: float, rate: float = 0, senders: int = 0) -> None:
        """With `rate` sends per second (of all processes) are due at moments counted from `begin`, a time of
        CLOCK_MONOTONIC; without, `senders` of this process have one send in flight each.
        """
        self._rate, self._begin, self._end = rate, begin, begin + seconds
        self._running, self._paused_at, self._told = bool(self._seats), None, False
        self.sent = self.skipped = 0
        self.latest = 0.0
        self._idle = [] if rate else [(begin, token) for token in range(senders)]
        if rate and self._seats:
            self._schedule = self._plan.sends_of(self._process)
            self._next = next(self._schedule)

    def stop(self) -> None:
        self._running = False

    def pause(self) -> None:
        """The clock stops until `resume`."""
        self._paused_at = self._now()

    def resume(self) -> None:
        if self._paused_at is not None:
            pause = self._now() - self._paused_at
            self._begin += pause
            self._end += pause
            self._paused_at = None

    def answered(self, token: int, *, gladly: bool) -> None:
        """A send was acknowledged; or it was refused, or its connection ended."""
        if token != _PACED:
            heapq.heappush(self._idle, (self._now() + (0 if gladly else _REST), token))

    def finished(self) -> bool:
        """True once: all sends are out, and answered."""
        if self._running or self._told or any(client.in_flight for client in self._clients.values()):
            return False
        self._told = True
        return True

    def due(self) -> float:
        """Sends what is due; returns in how many seconds to come again."""
        if not self._running or self._paused_at is not None:
            return _IDLE
        now = self._now()
        self._running = now < self._end
        if self._rate:
            return self._paced(now)
        return self._closed(now) if self._running else _IDLE

    def _paced(self, now: float) -> float:
        while (due := self._begin + self._next[0] / self._rate) <= now and due < self._end:
            _, room, number = self._next
            if self._may(number):
                self.latest = max(self.latest, now - due)
                self._send(room, number, _PACED)
            else:
                self.skipped += 1
            self._next = next(self._schedule)
            now = self._now()
        return max(due - now, 0.0)

    def _closed(self, now: float) -> float:
        while self._idle and self._idle[0][0] <= now:
            _, token = heapq.heappop(self._idle)
            seat = self._next_seat()
            if seat is None:
                heapq.heappush(self._idle, (now + _REST, token))
            else:
                self._send(*seat, token)
        return max(self._idle[0][0] - now, 0.0) if self._idle else _IDLE

    def _next_seat(self) -> tuple[int, int] | None:
        """Of somebody who is connected."""
        for _ in self._seats:
            self._seat = (self._seat + 1) % len(self._seats)
            if self._may(self._seats[self._seat][1]):
                return self._seats[self._seat]
        return None

    def _now(self) -> float:
        return self._clock() / 1e9

    def _may(self, number: int) -> bool:
        return self._clients[number].live

    def _send(self, room: int, number: int, token: int) -> None:
        client, now = self._clients[number], self._clock()
        self._references += 1
        self.sent += 1
        client.send(room, self._text(now), f"{self._prefix}-{self._references}", token, now)
        self._flush(client)
