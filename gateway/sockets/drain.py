"""Telling the clients of a node to come back, to others, one after another."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

T = TypeVar("T")

CROWD: Final = 100
"""Connections per second from which clients are told to come back one after another."""


def crowded(connections: int, over: float) -> bool:
    """Whether so many in `over` seconds should not all be back a second after they were sent away."""
    return connections > CROWD * over


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
