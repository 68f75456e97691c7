"""Answers of the database that may be a second old."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from chatcore.ports.clock import Clock

K = TypeVar("K")
V = TypeVar("V")

CACHE_SECONDS: Final = 1.0
"""How long a revoked key may live on at other nodes. One second spares nearly all decryption and SQL of a busy key."""

CACHE_SIZE: Final = 4096


class Remembered(Generic[K, V]):
    """What `read` answered, for CACHE_SECONDS. Readers that miss together share one read: thousands come back at the
    same time. None is not remembered: what is new works at once."""

    def __init__(self, read: Callable[[K], Awaitable[V | None]], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._found: dict[K, tuple[float, V]] = {}  # with the monotonic deadline
        self._reading: dict[K, asyncio.Task[V | None]] = {}

    async def get(self, key: K) -> V | None:
        """Raises what the read raises, to everybody who shares it."""
        found = self._found.get(key)
        if found is not None and self._clock.monotonic() < found[0]:
            return found[1]
        reading = self._reading.get(key)
        if reading is not None:
            value = await asyncio.shield(reading)
            return value if value is not None else await self._read(key)  # it may have been made since that began
        reading = self._reading[key] = asyncio.ensure_future(self._look(key))
        reading.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(reading)

    def forget(self, key: K) -> None:
        """What is being read already counts no more either."""
        self._found.pop(key, None)
        self._reading.pop(key, None)

    async def _look(self, key: K) -> V | None:
        asked, me = self._clock.monotonic(), asyncio.current_task()
        try:
            value = await self._read(key)
        finally:
            current = self._reading.get(key) is me
            if current:
                del self._reading[key]
        if current and value is None:
            self._found.pop(key, None)
        elif current and value is not None:
            if len(self._found) >= CACHE_SIZE:
                self._found.clear()  # rare, and refilled within a second
            self._found[key] = asked + CACHE_SECONDS, value
        return value
