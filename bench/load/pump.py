"""Senders: many connections in one loop, each with its next request out as soon as the last one was acknowledged."""

from __future__ import annotations

import select
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from bench.load.wire import PING, PONG

Request = Callable[[int, int, float], bytes]
"""(connection, sequence number from 0, moment of `time.monotonic` that its latency counts from) → the bytes to send."""


class RefusedError(Exception):
    """A request was answered with an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Seconds from the first send to the last acknowledgement; latencies (send → acknowledgement) in seconds."""

    acknowledged: int
    seconds: float
    latencies: list[float]

    @property
    def rate(self) -> float:
        return self.acknowledged / self.seconds


class Pump:
    """Owns its sockets. `ack` and `refusal` are byte strings that occur exactly once in every such answer."""

    def __init__(self, sockets: Sequence[socket.socket], request: Request, *, ack: bytes, refusal: bytes) -> None:
        self._sockets = list(sockets)
        self._request = request
        self._ack, self._refusal = ack, refusal
        self._overlap = max(len(ack), len(refusal)) - 1
        self._tails = [b""] * len(self._sockets)
        self._in_flight: list[deque[float]] = [deque() for _ in self._sockets]
        self._epoll = select.epoll()
        self._places: dict[int, int] = {}
        for place, connection in enumerate(self._sockets):
            connection.settimeout(20)
            self._places[connection.fileno()] = place
            self._epoll.register(connection.fileno(), select.EPOLLIN)
        self._sequence = 0
        self._latencies: list[float] = []

    def closed_loop(self, total: int, *, patience: float = 60) -> Sent:
        """`total` requests, one in flight per connection."""
        self._latencies = []
        started = time.monotonic()
        left = total
        for place in range(min(total, len(self._sockets))):
            self._send(place, time.monotonic())
            left -= 1
        while len(self._latencies) < total:
            for place, answers in self._answers(patience):
                for _ in range(min(answers, left)):
                    self._send(place, time.monotonic())
                    left -= 1
        return self._sent(started)

    def paced(self, total: int, rate: float, *, patience: float = 60) -> Sent:
        """`total` requests at fixed moments, whatever is still in flight (connections in turn). The latency of one that
        leaves late counts from when it was due; only what a timer is late by does not count."""
        self._latencies = []
        started = time.monotonic()
        for number in range(total):
            moment = due = started + number / rate
            while (pause := due - time.monotonic()) > 0:
                self._answers_within(pause)
                moment = time.monotonic()
            self._send(number % len(self._sockets), moment)
        while len(self._latencies) < total:
            self._answers(patience)
        return self._sent(started)

    def close(self) -> None:
        self._epoll.close()
        for connection in self._sockets:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, place: int, moment: float) -> None:
        self._in_flight[place].append(moment)
        self._sockets[place].sendall(self._request(place, self._sequence, moment))
        self._sequence += 1

    def _sent(self, started: float) -> Sent:
        return Sent(acknowledged=len(self._latencies), seconds=time.monotonic() - started, latencies=self._latencies)

    def _answers(self, patience: float) -> list[tuple[int, int]]:
        answers = self._answers_within(patience)
        if answers is None:
            raise TimeoutError(f"no answer within {patience:.0f} s; {len(self._latencies)} were acknowledged")
        return answers

    def _answers_within(self, seconds: float) -> list[tuple[int, int]] | None:
        """Waits once. (connection, acknowledgements) of each that had something to say; None when none had."""
        ready = self._epoll.poll(seconds)
        if not ready:
            return None
        answers = []
        for fd, _ in ready:
            place = self._places[fd]
            data = self._sockets[place].recv(65536)
            if not data:
                raise ConnectionError("the server closed a sending connection")
            if PING in data:
                self._sockets[place].sendall(PONG)
            seen = self._tails[place] + data
            if self._refusal in seen:
                raise RefusedError(repr(seen[-400:]))
            found = seen.count(self._ack)
            # What was counted must not be seen again: keep only what follows the last acknowledgement.
            rest = seen[seen.rfind(self._ack) + len(self._ack) :] if found else seen
            self._tails[place] = rest[-self._overlap :]
            now = time.monotonic()
            for _ in range(found):
                self._latencies.append(now - self._in_flight[place].popleft())
            answers.append((place, found))
        return answers
