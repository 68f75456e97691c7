"""An event loop whose clock jumps to the next timer when everybody waits: seconds pass in no time, in the right order.

Only for code that waits for timers and for itself; a socket or a thread would be given no time to answer.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(2026, 5, 17, 12, 0, tzinfo=UTC)


class _Jumping(selectors.DefaultSelector):
    """Looks at real files without waiting for them: where it was to wait, the clock jumps."""

    now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("everybody waits, for nothing")
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Starts at 1000 s. Closing it fails if a callback or a task failed unseen."""

    def __init__(self) -> None:
        self._clock = _Jumping()
        self.failures: list[dict[str, Any]] = []  # asyncio's own contexts
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.failures.append(context)

    def close(self) -> None:
        super().close()
        assert not self.failures, self.failures


class LoopClock:
    """A Clock that goes with the running loop."""

    def now(self) -> datetime:
        return EPOCH + timedelta(milliseconds=int((self.monotonic() - 1000.0) * 1000))

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


async def until(condition: Callable[[], object], patience: float = 60.0) -> None:
    """Lets virtual time pass until `condition()` is true; fails after `patience` seconds of it."""
    end = asyncio.get_running_loop().time() + patience
    while not condition():
        assert asyncio.get_running_loop().time() < end, "it did not come true in time"
        await asyncio.sleep(0.005)


async def settled() -> None:
    """Lets everybody run who can run without time passing."""
    for _ in range(50):
        await asyncio.sleep(0)
