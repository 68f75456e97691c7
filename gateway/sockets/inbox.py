"""The commands of one connection, run one after another."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from gateway.sockets.close import Close
from gateway.sockets.endpoint import Link
from gateway.sockets.tasks import Tasks

logger = logging.getLogger(__name__)

ITEMS: Final = 64
BYTES: Final = 256 * 1024
"""How much is read ahead of the running command; beyond it the socket is not read until both are below half."""

Item = TypeVar("Item")


class Inbox(Generic[Item]):
    """Order is strict: the next command starts when the handler of the one before has returned. The task that runs them exists only
    while there are some. What a handler raises is logged and closes the connection with 3004.

    While the connection is congested the next command waits, so that nobody inflates his own queue with requests; the peer passes
    `Peer.writable` on to `resume`.
    """

    __slots__ = ("_bytes", "_closed", "_handle", "_items", "_link", "_paused", "_relief", "_running", "_tasks")

    def __init__(self, tasks: Tasks, link: Link, handle: Callable[[Item], Awaitable[None]]) -> None:
        self._tasks = tasks
        self._link = link
        self._handle = handle
        self._items: deque[tuple[Item, int]] | None = None  # an empty deque has half a kilobyte
        self._bytes = 0
        self._running = False
        self._paused = False
        self._closed = False
        self._relief: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        """Commands that wait, without the running one."""
        return len(self._items) if self._items else 0

    def put(self, item: Item, size: int) -> None:
        """Add a command that was `size` bytes on the wire."""
        if self._closed:
            return
        if self._items is None:
            self._items = deque()
        self._items.append((item, size))
        self._bytes += size
        if not self._paused and (len(self._items) >= ITEMS or self._bytes >= BYTES):
            self._paused = True
            self._link.pause_reading()
        if not self._running:
            self._running = True
            self._tasks.start(self._run(self._items), "commands of a connection")

    def take_if(self, wanted: Callable[[Item], bool]) -> Item | None:
        """For a handler that can do several commands at once: the next one, if it is there and wanted."""
        if self._items and wanted(self._items[0][0]):
            return self._next(self._items)
        return None

    def resume(self) -> None:
        """The connection is no longer congested."""
        if self._relief is not None and not self._relief.done():
            self._relief.set_result(None)

    def close(self) -> None:
        """Drop what waits; the running command finishes."""
        self._closed = True
        if self._items is not None:
            self._items.clear()
        self._bytes = 0
        self.resume()

    def _next(self, items: deque[tuple[Item, int]]) -> Item:
        item, size = items.popleft()
        self._bytes -= size
        if self._paused and len(items) < ITEMS // 2 and self._bytes < BYTES // 2:
            self._paused = False
            self._link.resume_reading()
        return item

    async def _run(self, items: deque[tuple[Item, int]]) -> None:
        try:
            while items:
                if self._link.congested:
                    self._relief = asyncio.get_running_loop().create_future()
                    await self._relief
                    self._relief = None
                else:
                    await self._handle(self._next(items))
            self._items = None
        except Exception:
            logger.exception("A command failed", extra={"action": "command_failed"})
            self.close()
            self._link.close(*Close.INTERNAL.value)
        finally:
            self._running = False
