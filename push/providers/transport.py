"""What APNs and FCM have in common: so many calls in flight, and how a call that got no answer ends."""

from __future__ import annotations

import asyncio
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
    """So many calls at once. One that finds no place in time is put off."""

    def __init__(self, provider: str, places: int, timeout: float, observer: Observer) -> None:
        self._provider = provider
        self._places = asyncio.Semaphore(places)
        self._timeout = timeout
        self._observer = observer

    async def call(self, send: Callable[[float], Awaitable[Answer]]) -> Answer | Outcome:
        """`send` is given its deadline by the loop's clock."""
        loop = asyncio.get_running_loop()
        latest = loop.time() + self._timeout + SLACK
        if self._places.locked():
            try:
                async with asyncio.timeout(self._timeout):
                    await self._places.acquire()
            except TimeoutError:
                return TryLater(reason="too many in flight", counts=False)
        else:
            await self._places.acquire()
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
            self._places.release()
            self._observer.in_flight(self._provider, -1)
            self._observer.took(self._provider, loop.time() - begun)
