"""Sending everybody away without a stampede."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

STEP: Final = 0.02
"""Seconds between two looks at the clock: thousands of clients are not thousands of timers."""

Target = TypeVar("Target")


async def drain(connections: Iterable[Target], over: float, close: Callable[[Target], None]) -> None:
    """Close a snapshot of `connections` within `over` seconds, each at a random moment of its own."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    due = sorted(((random.random() * over, place), target) for place, target in enumerate(connections))
    for (moment, _), target in due:
        while (wait := start + moment - loop.time()) > 0:
            await asyncio.sleep(max(wait, STEP))
        close(target)
