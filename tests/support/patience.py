"""How long tests wait for what ought to happen at once."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Final

PATIENCE: Final = 60.0
"""Seconds until it is taken for something that never happens. So many, because a shared machine may stand still for
ten of them; what has to happen by a certain time happens `within` it."""

_MOMENT: Final = 0.05


async def until(condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """Returns when it holds; fails after `patience` seconds. For what has no event of its own."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "it did not come true in time"
        await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Fails if the block takes longer, not counting the time in which the machine stood still."""
    passed = 0.0

    async def count() -> None:
        nonlocal passed
        before = time.monotonic()
        while True:
            await asyncio.sleep(_MOMENT)
            now = time.monotonic()
            passed += min(now - before, 2 * _MOMENT)
            before = now

    counting = asyncio.create_task(count())
    try:
        yield
    finally:
        counting.cancel()
    assert passed < seconds, "it took too long"
