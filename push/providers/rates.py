"""How much a device, and a project, is sent at most."""

from __future__ import annotations

import asyncio
from typing import Final

from chatcore.domain.devices import PushType

from .port import Quota

BURST: Final = 20
EVERY: Final = 3.0
"""Seconds between two pushes for one device after a burst. FCM drops a device at 240 a minute; APNs answers 429."""
PER_SECOND: Final = 9_000
"""FCM messages of one credential; a project may send 600,000 a minute."""
_LOT: Final = 250
_LOT_SECONDS: Final = 1.0
_FORGET: Final = 20_000


class DeviceRates:
    """Of this process."""

    def __init__(self) -> None:
        self._full_at: dict[tuple[PushType, str], float] = {}  # when the device has all of its burst again

    def wait(self, kind: PushType, address: str, now: float) -> float:
        """Seconds; 0 takes a place."""
        device = (kind, address)
        full_at = max(now, self._full_at.get(device, now))
        early = full_at - now - (BURST - 1) * EVERY
        if early > 0:
            return early
        if len(self._full_at) >= _FORGET:
            self._full_at = {device: moment for device, moment in self._full_at.items() if moment > now}
        self._full_at[device] = full_at + EVERY
        return 0.0


class ProjectRate:
    """Of one credential, shared by all workers through `quota` in lots; while that is away each goes on alone."""

    def __init__(self, quota: Quota | None, key: str) -> None:
        self._quota, self._key = quota, key
        self._left = 0
        self._ends = 0.0
        self._asking = asyncio.Lock()

    async def wait(self) -> float:
        """Seconds; 0 takes a place."""
        if self._quota is None:
            return 0.0
        loop = asyncio.get_running_loop()
        if self._left <= 0 or loop.time() >= self._ends:
            async with self._asking:
                if self._left <= 0 or loop.time() >= self._ends:
                    try:
                        self._left = await self._quota.take(self._key, _LOT, PER_SECOND)
                    except (ConnectionError, TimeoutError):
                        self._left = _LOT
                    self._ends = loop.time() + _LOT_SECONDS
        if self._left <= 0:
            return _LOT_SECONDS
        self._left -= 1
        return 0.0
