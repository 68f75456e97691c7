"""Requests of one connection: those that change something one after another, others beside them.

There is a task only while there is work. What waits is bounded: over the bound the socket is not read; and while the
client does not take its answers nothing new is begun.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable
from enum import IntEnum
from typing import Final, Generic, TypeVar

from gateway.sockets.close import Close
from gateway.sockets.endpoint import Link

from .room_services import Start
from .valve import Reason, Valve

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Lane(IntEnum):
    """Where a request waits for its turn."""

    CHANGES = 0  # strictly one after another
    SUBSCRIPTIONS = 1  # so are these, but they need not wait for changes, which may take long
    READS = 2  # together


_WIDTHS: Final = (1, 1, 8)
"""How many requests of each lane run at the same time."""

AHEAD_ITEMS: Final = 256
AHEAD_BYTES: Final = 1024 * 1024


class _Queue(Generic[T]):
    """Items in order, taken by up to `width` workers."""

    __slots__ = ("items", "width", "workers")

    def __init__(self, width: int) -> None:
        self.width = width
        self.workers = 0
        self.items: deque[tuple[T, int]] | None = None  # made when something waits: most connections are idle


class Lanes(Generic[T]):
    """`handle` gets the items; what it raises ends the connection as an internal error. `on_idle` is called whenever
    nothing waits or runs any more."""

    __slots__ = ("_bytes", "_closed", "_count", "_handle", "_link", "_on_idle", "_queues", "_start", "_valve")

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
        self._queues: tuple[_Queue[T], ...] = tuple(_Queue(width) for width in _WIDTHS)
        self._count = 0  # items that wait
        self._bytes = 0
        self._closed = False

    @property
    def idle(self) -> bool:
        return not (self._count or any(queue.workers for queue in self._queues))

    def put(self, lane: Lane, item: T, size: int) -> None:
        """`size` is what the item weighs while it waits, in bytes."""
        if self._closed:
            return
        queue = self._queues[lane]
        if queue.items is None:
            queue.items = deque()
        queue.items.append((item, size))
        self._count += 1
        self._bytes += size
        if self._count >= AHEAD_ITEMS or self._bytes >= AHEAD_BYTES:
            self._valve.shut(Reason.FULL)
        self._staff(queue)

    def resume(self) -> None:
        """Goes on if something waits: the connection takes answers again."""
        for queue in self._queues:
            self._staff(queue)

    def close(self) -> None:
        """What runs finishes, what waits is dropped. No cycle is left to the collector (see Inbox)."""
        self._closed = True
        self._handle, self._on_idle = _nothing, _nobody
        for queue in self._queues:
            queue.items = None
        self._count = self._bytes = 0

    def _staff(self, queue: _Queue[T]) -> None:
        if not queue.items or self._link.congested:
            return
        for _ in range(min(queue.width - queue.workers, len(queue.items))):
            queue.workers += 1
            self._start(self._work(queue), "requests")

    async def _work(self, queue: _Queue[T]) -> None:
        try:
            while queue.items and not self._link.congested:
                item, size = queue.items.popleft()
                self._count -= 1
                self._bytes -= size
                if self._count < AHEAD_ITEMS // 2 and self._bytes < AHEAD_BYTES // 2:
                    self._valve.open(Reason.FULL)
                await self._handle(item)
        except Exception:
            logger.exception("A request failed", extra={"action": "request_failed"})
            self._link.close(*Close.INTERNAL.value)
        finally:
            queue.workers -= 1
        if not queue.items:
            queue.items = None
        if self.idle:
            self._on_idle()


async def _nothing(_: object) -> None:
    raise AssertionError("nothing is taken any more")


def _nobody() -> None:
    """Who has gone need not know that all is done."""
