"""One master of a cluster, as the broker uses it: a connection, and what waits to be published there."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from chatcore.resp.address import Address
from chatcore.resp.link import Link, Replies, refusal

Spoken = tuple[int, bytes]
"""Partition and packed command."""


class ShardQueue:
    """Commands, oldest first. Over `limit` bytes the oldest are dropped: by then readers repair from the log."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[Spoken] = deque()
        self._size = 0
        self.dropped = 0

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, spoken: Spoken) -> None:
        self._waiting.append(spoken)
        self._size += len(spoken[1])
        while self._size > self._limit:
            self._size -= len(self._waiting.popleft()[1])
            self.dropped += 1

    def take(self) -> list[Spoken]:
        taken = list(self._waiting)
        self._waiting.clear()
        self._size = 0
        return taken

    def put_back(self, earlier: Iterable[Spoken]) -> None:
        """Before what waits."""
        later = self.take()
        for spoken in (*earlier, *later):
            self.add(spoken)


class Shard:
    """`link` is None while away. Publishing clocks itself: while one pipeline is under way the next one fills. What a
    server refuses is handed to `refused`; a pipeline whose fate is unknown leaves again once `link` is another."""

    def __init__(self, address: Address, limit: int, refused: Callable[[Shard, Spoken, str], None]) -> None:
        self.address = address
        self.link: Link | None = None
        self.opening = asyncio.Lock()
        self._queue = ShardQueue(limit)
        self._under_way: list[Spoken] = []
        self._refused = refused

    @property
    def busy(self) -> bool:
        """Whether anything is waiting or under way."""
        return bool(self._queue or self._under_way)

    def add(self, spoken: Spoken) -> None:
        self._queue.add(spoken)

    def flush(self) -> None:
        if self.link is None or self._under_way or not self._queue:
            return
        self._under_way = self._queue.take()
        packed = b"".join(command for _, command in self._under_way)
        self.link.attempt(packed, len(self._under_way)).add_done_callback(self._left)

    def abandon(self) -> Sequence[Spoken]:
        """Hangs up for good; what has not left for certain."""
        left = [*self._under_way, *self._queue.take()]
        self._under_way = []
        if self.link is not None:
            self.link.abort()
            self.link = None
        return left

    def take_dropped(self) -> int:
        """How many commands were dropped since the last call."""
        dropped, self._queue.dropped = self._queue.dropped, 0
        return dropped

    def _left(self, sent: asyncio.Future[Replies]) -> None:
        spoken, self._under_way = self._under_way, []
        if sent.cancelled() or sent.exception() is not None:
            self._queue.put_back(spoken)
            return
        for command, reply in zip(spoken, sent.result(), strict=False):  # none are left after `abandon`
            if refused := refusal(reply):
                self._refused(self, command, refused)
        self.flush()
