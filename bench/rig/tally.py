"""What the clients of one process saw."""

from __future__ import annotations

import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bench.load.percentiles import Distribution
from bench.rig.client import Client
from bench.rig.plan import Protocol

DIGITS = 19
_FOLD = 500_000
"""Durations that are kept exactly before they are folded into a distribution."""


def stamped(body: int) -> Callable[[int], str]:
    """Makes texts of at least DIGITS + 1 characters that say when they were sent, in nanoseconds."""
    filler = "x" * (body - DIGITS - 1)
    return lambda now: f"t{now:0{DIGITS}d}{filler}"


@dataclass(slots=True)
class Durations:
    """In nanoseconds."""

    fresh: array[int] = field(default_factory=lambda: array("q"))
    folded: Distribution = field(default_factory=Distribution)

    def add(self, duration: int) -> None:
        self.fresh.append(duration)
        if len(self.fresh) >= _FOLD:
            self.fold()

    def fold(self) -> Distribution:
        self.folded.add(self.fresh)
        del self.fresh[:]
        return self.folded


class Tally:
    """The witness of its clients. `protocols` by number of the client; `on_answer` is told of each answer to a send."""

    def __init__(self, protocols: dict[int, Protocol], on_answer: Callable[[Client, int, str], None]) -> None:
        self._protocols = protocols
        self._on_answer = on_answer
        self.caught_up = Durations()
        self.returned = 0
        """When clients were told to come back, in nanoseconds; 0 before."""
        self.behind = 0
        """Clients that are not back, or have not got what they missed."""
        self.start()

    def start(self) -> None:
        """Counts from zero."""
        self.deliveries = 0
        self.acknowledged = 0
        self.errors: Counter[str] = Counter()
        self.refused_recoveries = 0
        self.received = {protocol: Durations() for protocol in self._protocols.values()}
        self.answers = Durations()

    def came(self, client: Client, room: int, index: int, body: str) -> None:
        if not client.ledger.enter(room, index):
            return
        self.deliveries += 1
        catching_up = client.catching_up
        if catching_up:
            if client.ledger.next[room] >= catching_up.get(room, index + 2):
                del catching_up[room]
                self._check(client)
        elif client.live and body.startswith("t"):  # what is part of a recovery was late because of the rig
            self.received[self._protocols[client.place.number]].add(time.monotonic_ns() - int(body[1 : DIGITS + 1]))

    def answered(self, client: Client, token: int, sent: int, error: str) -> None:
        if error:
            self.errors[error] += 1
        else:
            self.acknowledged += 1
            self.answers.add(time.monotonic_ns() - sent)
        self._on_answer(client, token, error)

    def lived(self, client: Client) -> None:
        self._check(client)

    def refused_recovery(self, client: Client) -> None:
        self.refused_recoveries += 1

    def expect(self, clients: Iterable[Client], totals: list[int], now: int) -> None:
        """From now on clients are behind until they are live and hold so many messages of each of their rooms."""
        self.returned, self.behind = now, 0
        self.caught_up = Durations()
        for client in clients:
            self.behind += 1
            client.catching_up = {room: totals[room] for room, due in client.ledger.next.items() if due < totals[room]}

    def _check(self, client: Client) -> None:
        if self.behind and client.live and not client.catching_up:
            self.behind -= 1
            self.caught_up.add(time.monotonic_ns() - self.returned)
