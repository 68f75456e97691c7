"""Telling the clients of a node to come back, to others, one after another."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def drain(connections: Iterable[T], over: float, close: Callable[[T], None]) -> None:
    """Closes all in random order, spread over `over` seconds with jitter, so that the other nodes are not stormed."""
    waiting = list(connections)
    random.shuffle(waiting)
    loop = asyncio.get_running_loop()
    started = loop.time()
    for number, connection in enumerate(waiting):
        due = started + over * (number + random.random()) / len(waiting)
        if (wait := due - loop.time()) > 0:
            await asyncio.sleep(wait)
        close(connection)
