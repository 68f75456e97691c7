"""The owner of tasks that come and go with what clients ask."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self

logger = logging.getLogger(__name__)


class Tasks:
    """Runs coroutines, logs what they raise, and cancels and awaits whatever is left at the end of the block."""

    def __init__(self) -> None:
        self._running: set[asyncio.Future[Any]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._running:
            for task in self._running:
                task.cancel()
            await asyncio.wait(self._running)

    def start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def follow(
        self, work: Coroutine[Any, Any, None] | asyncio.Future[Any], ended: Callable[[asyncio.Future[Any]], None]
    ) -> None:
        """Runs or only awaits what somebody else looks after: `ended` is called with it, and sees what became of it."""
        future = work if isinstance(work, asyncio.Future) else asyncio.get_running_loop().create_task(work)
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        future.add_done_callback(ended)

    async def idle(self, patience: float) -> None:
        """Returns when nothing runs any more, or after `patience` seconds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience
        while self._running and (left := deadline - loop.time()) > 0:
            await asyncio.wait(self._running, timeout=left)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("Task %s failed", task.get_name(), exc_info=error, extra={"action": "task_failed"})
