"""What one client must have got: every message of its rooms, once, in order. Room by room, by the messages' indexes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class Ledger:
    """A message that is skipped is a hole: if it comes later it came out of order, if it never comes it is lost."""

    __slots__ = ("disordered", "holes", "next", "repeated")

    def __init__(self, rooms: Iterable[int]) -> None:
        self.next = dict.fromkeys(rooms, 0)
        self.holes: set[tuple[int, int]] = set()
        self.repeated = 0
        self.disordered = 0

    def enter(self, room: int, index: int) -> bool:
        """Whether the message is new."""
        due = self.next[room]
        if index == due:
            self.next[room] = due + 1
            return True
        if index > due:
            self.holes.update((room, missing) for missing in range(due, index))
            self.next[room] = index + 1
            return True
        if (room, index) in self.holes:
            self.holes.remove((room, index))
            self.disordered += 1
            return True
        self.repeated += 1
        return False

    def lost(self, totals: Mapping[int, int]) -> int:
        """Of rooms that hold so many messages by now."""
        return len(self.holes) + sum(max(0, totals[room] - due) for room, due in self.next.items())
