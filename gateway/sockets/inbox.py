"""Commands of one connection: strictly in order, in a task only where one has to wait for something.

It reads ahead a little, then the socket stops being read; and it rests while the client does not take its answers.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from .close import Close
from .endpoint import Link
from .tasks import Tasks

logger = logging.getLogger(__name__)
T = TypeVar("T")

AHEAD_ITEMS = 64
AHEAD_BYTES = 256 * 1024


Pending = Coroutine[Any, Any, None] | asyncio.Future[Any] | None
"""What is left to be done of an item: nothing; something to be run; or something to be waited for."""


class Inbox(Generic[T]):
    """`handle` gets one item at a time, and the next one when what it returned is done. What it raises ends the
    connection as an internal error; a future looks after its own outcome."""

    __slots__ = ("_busy", "_bytes", "_closed", "_handle", "_items", "_link", "_paused", "_tasks")

    def __init__(self, link: Link, tasks: Tasks, handle: Callable[[T], Pending]) -> None:
        self._link = link
        self._tasks = tasks
        self._handle = handle
        self._items: deque[tuple[T, int]] | None = None  # made when something waits: most connections are idle
        self._bytes = 0
        self._busy = False
        self._paused = False
        self._closed = False

    def put(self, item: T, size: int) -> None:
        """`size` is what the item weighs while it waits, in bytes."""
        if self._closed:
            return
        if self._items is None:
            self._items = deque()
        self._items.append((item, size))
        self._bytes += size
        if not self._paused and (len(self._items) >= AHEAD_ITEMS or self._bytes >= AHEAD_BYTES):
            self._paused = True
            self._link.pause_reading()
        self.resume()

    def resume(self) -> None:
        """Goes on if something waits: the connection takes answers again."""
        while self._items and not self._busy and not self._link.congested:
            item, size = self._items.popleft()
            self._bytes -= size
            self._read_on()
            try:
                pending = self._handle(item)
            except Exception as error:
                self._failed(error)
                return
            if pending is not None:
                self._busy = True
                self._tasks.follow(pending, self._ended)
        if not self._items:
            self._items = None

    def close(self) -> None:
        """The running command finishes, the others are dropped. No cycle is left to the collector, whose stops are felt
        by everybody when connections go by the thousand."""
        self._closed = True
        self._items = None
        self._handle = _nothing

    def _ended(self, command: asyncio.Future[Any]) -> None:
        self._busy = False
        if command.cancelled():
            self.close()  # the process ends
        elif isinstance(command, asyncio.Task) and isinstance(error := command.exception(), Exception):
            self._failed(error)
        self.resume()

    def _failed(self, error: Exception) -> None:
        logger.error("A command failed", exc_info=error, extra={"action": "command_failed"})
        self.close()
        self._link.close(*Close.INTERNAL.value)

    def _read_on(self) -> None:
        assert self._items is not None, "called while there are items"
        if self._paused and len(self._items) < AHEAD_ITEMS // 2 and self._bytes < AHEAD_BYTES // 2:
            self._paused = False
            self._link.resume_reading()


def _nothing(_: object) -> None:
    raise AssertionError("nothing is taken any more")
