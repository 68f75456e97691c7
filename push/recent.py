"""What was just read and may be seconds old."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

SECONDS: Final = 5.0
_MOST: Final = 10_000


class Recent(Generic[K, V]):
    """Reads each key at most once in `seconds`; what reading raises reaches the caller and is not kept."""

    def __init__(self, read: Callable[[K], Awaitable[V]], seconds: float = SECONDS) -> None:
        self._read = read
        self._seconds = seconds
        self._held: dict[K, tuple[float, V]] = {}

    async def get(self, key: K) -> V:
        now = asyncio.get_running_loop().time()
        held = self._held.get(key)
        if held is not None and now < held[0]:
            return held[1]
        value = await self._read(key)
        if len(self._held) >= _MOST:
            self._held.clear()
        self._held[key] = (now + self._seconds, value)
        return value
