"""What waits to be published, while a pipeline is under way or the server is away."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence


class PublishQueue:
    """Packed commands, oldest first. Over `limit` bytes the oldest are dropped: by then readers repair from the log.

    A pipeline whose fate is unknown is queued again, because readers drop what they know, whereas a loss at the end of
    a stream is noticed late.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._under_way: list[bytes] = []
        self.dropped = 0

    def __bool__(self) -> bool:
        """Whether anything is waiting or under way."""
        return bool(self._waiting or self._under_way)

    def add(self, commands: Sequence[bytes]) -> None:
        self._waiting.extend(commands)
        self._size += sum(map(len, commands))
        while self._size > self._limit:
            self._size -= len(self._waiting.popleft())
            self.dropped += 1

    def take(self) -> list[bytes]:
        """All that waits, now under way; empty while something still is."""
        if self._under_way:
            return []
        self._under_way = list(self._waiting)
        self._waiting.clear()
        self._size = 0
        return self._under_way

    def delivered(self) -> None:
        self._under_way = []

    def failed(self) -> None:
        """What was under way waits again, before the rest."""
        again, self._under_way = self._under_way, []
        later = list(self._waiting)
        self._waiting.clear()
        self._size = 0
        self.add(again)
        self.add(later)
