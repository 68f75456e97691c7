"""Requests of one connection: those that change something one after another, reads beside them.

There is a task only while there is work. What waits is bounded: over the bound the socket is not read; and while the
client does not take its answers nothing new is begun.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from gateway.sockets.close import Close
from gateway.sockets.endpoint import Link

from .room_services import Start
from .valve import Reason, Valve

logger = logging.getLogger(__name__)
T = TypeVar("T")

READERS: Final = 8
"""Reads of one connection that run at the same time."""

AHEAD_ITEMS: Final = 256
AHEAD_BYTES: Final = 1024 * 1024


class _Lane(Generic[T]):
    """Items in order, taken by up to `width` workers."""

    __slots__ = ("items", "width", "workers")

    def __init__(self, width: int) -> None:
        self.width = width
        self.workers = 0
        self.items: deque[tuple[T, int]] | None = None  # made when something waits: most connections are idle


class Lanes(Generic[T]):
    """`handle` gets the items; what it raises ends the connection as an internal error. `on_idle` is called whenever
    nothing waits or runs any more."""

    __slots__ = ("_bytes", "_closed", "_count", "_free", "_handle", "_link", "_on_idle", "_ordered", "_start", "_valve")

    def __init__(
        self,
        link: Link,
        valve: Valve,
        start: Start,
        handle: Callable[[T], Awaitable[None]],
        on_idle: Callable[[], None],
    ) -> None:
        self._link = link
        self._valve = valve
        self._start = start
        self._handle = handle
        self._on_idle = on_idle
        self._ordered: _Lane[T] = _Lane(1)
        self._free: _Lane[T] = _Lane(READERS)
        self._count = 0  # items that wait
        self._bytes = 0
        self._closed = False

    @property
    def idle(self) -> bool:
        return not (self._count or self._ordered.workers or self._free.workers)

    def put_ordered(self, item: T, size: int) -> None:
        """It begins when all before it have ended; `size` is what it weighs while it waits, in bytes."""
        self._put(self._ordered, item, size)

    def put_free(self, item: T, size: int) -> None:
        """It begins as soon as one of a few workers is free."""
        self._put(self._free, item, size)

    def resume(self) -> None:
        """Goes on if something waits: the connection takes answers again."""
        for lane in (self._ordered, self._free):
            self._staff(lane)

    def close(self) -> None:
        """What runs finishes, what waits is dropped."""
        self._closed = True
        self._ordered.items = self._free.items = None
        self._count = self._bytes = 0

    def _put(self, lane: _Lane[T], item: T, size: int) -> None:
        if self._closed:
            return
        if lane.items is None:
            lane.items = deque()
        lane.items.append((item, size))
        self._count += 1
        self._bytes += size
        if self._count >= AHEAD_ITEMS or self._bytes >= AHEAD_BYTES:
            self._valve.shut(Reason.FULL)
        self._staff(lane)

    def _staff(self, lane: _Lane[T]) -> None:
        if not lane.items or self._link.congested:
            return
        for _ in range(min(lane.width - lane.workers, len(lane.items))):
            lane.workers += 1
            self._start(self._work(lane), "requests")

    async def _work(self, lane: _Lane[T]) -> None:
        try:
            while lane.items and not self._link.congested:
                item, size = lane.items.popleft()
                self._count -= 1
                self._bytes -= size
                if self._count < AHEAD_ITEMS // 2 and self._bytes < AHEAD_BYTES // 2:
                    self._valve.open(Reason.FULL)
                await self._handle(item)
        except Exception:
            logger.exception("A request failed", extra={"action": "request_failed"})
            self._link.close(*Close.INTERNAL.value)
        finally:
            lane.workers -= 1
        if not lane.items:
            lane.items = None
        if self.idle:
            self._on_idle()
