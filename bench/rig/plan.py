"""Who is in which room and who sends when: the same in every process, so that nobody has to be told."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Protocol = Literal["json", "protobuf", "twilsock"]
PROTOCOLS: tuple[Protocol, ...] = ("json", "protobuf", "twilsock")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """`count` channels of `size` members each."""

    size: int
    count: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Clients and rooms are numbered from 0. `shares` of the protocols are whole numbers of any scale."""

    rooms: Sequence[Mix]
    clients: int
    shares: dict[Protocol, int]
    processes: int
    nodes: int

    @cached_property
    def members(self) -> list[list[int]]:
        """By room; seats are dealt to the clients in turn."""
        found, place = [], 0
        for mix in self.rooms:
            for _ in range(mix.count):
                found.append([(place + seat) % self.clients for seat in range(mix.size)])
                place = (place + mix.size) % self.clients
        return found

    @cached_property
    def seats(self) -> list[list[int]]:
        """Rooms by client."""
        found: list[list[int]] = [[] for _ in range(self.clients)]
        for room, members in enumerate(self.members):
            for client in members:
                found[client].append(room)
        return found

    @cached_property
    def protocols(self) -> list[Protocol]:
        """By client, evenly mixed: whichever is furthest behind its share comes next."""
        total = sum(self.shares.values())
        given = dict.fromkeys(self.shares, 0)
        found = []
        for place in range(1, self.clients + 1):
            behind = max(self.shares, key=lambda name: self.shares[name] * place / total - given[name])
            given[behind] += 1
            found.append(behind)
        return found

    @cached_property
    def order(self) -> list[int]:
        """Rooms in the order in which they are written to, over and over."""
        rooms = list(range(len(self.members)))
        random.Random(1).shuffle(rooms)
        return rooms

    def of_process(self, process: int) -> list[int]:
        return list(range(process, self.clients, self.processes))

    def node(self, client: int) -> int:
        return (client // self.processes) % self.nodes

    def sender(self, number: int) -> tuple[int, int]:
        """(room, client) of the send of this number: rooms in turn, in each room its members in turn."""
        turn, place = divmod(number, len(self.order))
        room = self.order[place]
        members = self.members[room]
        return room, members[turn % len(members)]

    def sends_of(self, process: int) -> Iterator[tuple[int, int, int]]:
        """(number, room, client) of the sends of this process, for ever."""
        number = 0
        while True:
            room, client = self.sender(number)
            if client % self.processes == process:
                yield number, room, client
            number += 1

    @property
    def largest(self) -> int:
        return max(mix.size for mix in self.rooms)
