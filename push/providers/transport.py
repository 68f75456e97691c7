"""What APNs and FCM have in common: so many calls in flight, and how a call that got no answer ends."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from .exchange import Answer, NotSentError, UnknownFateError, UnreachableError
from .outcomes import Outcome, TryLater
from .port import Observer

SLACK: Final = 4.0
"""Seconds that a push may take beyond the time-out of a request: the wait for a place."""
UNCERTAIN: Final = 5.0
"""Seconds until what was perhaps sent is sent again."""


class InFlight:
    """So many calls at once, first come, first served. One that finds no place in time is put off."""

    def __init__(self, provider: str, places: int, timeout: float, observer: Observer) -> None:
        self._provider = provider
        self._free = places
        self._waiting: deque[asyncio.Future[bool]] = deque()  # asyncio's semaphore looks at all who wait, each time
        self._timeout = timeout
        self._observer = observer

    async def call(self, send: Callable[[float], Awaitable[Answer]]) -> Answer | Outcome:
        """`send` is given its deadline by the loop's clock."""
        loop = asyncio.get_running_loop()
        latest = loop.time() + self._timeout + SLACK
        if self._free > 0:
            self._free -= 1
        elif not await self._place(loop):
            return TryLater(reason="too many in flight", counts=False)
        self._observer.in_flight(self._provider, 1)
        begun = loop.time()
        try:
            return await send(min(begun + self._timeout, latest))
        except NotSentError as error:
            return TryLater(reason=f"refused: {error}")
        except UnknownFateError as error:
            return TryLater(reason=str(error), after=UNCERTAIN, maybe_sent=True)
        except UnreachableError as error:
            return TryLater(reason=str(error), after=error.after, counts=False)
        finally:
            self._leave()
            self._observer.in_flight(self._provider, -1)
            self._observer.took(self._provider, loop.time() - begun)

    async def _place(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Handed over by one who leaves; False when the time is up."""
        place: asyncio.Future[bool] = loop.create_future()
        self._waiting.append(place)
        timer = loop.call_later(self._timeout, _too_late, place)
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.result():
                self._leave()  # it was given one in this moment
            raise
        finally:
            timer.cancel()

    def _leave(self) -> None:
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(True)
                return
        self._free += 1


def _too_late(place: asyncio.Future[bool]) -> None:
    if not place.done():
        place.set_result(False)
