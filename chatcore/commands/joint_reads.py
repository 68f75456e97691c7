"""Reads that many clients need at the same time, as when all of them come back: done once for many.

While statements are under way, the next one fills. Who asks gets what was read after he asked, never what is being read
already: between the two something may have been committed that nobody will announce to him. A lone reader waits for
nothing, and a statement that hangs does not hold up the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Final, Generic, TypeVar

from chatcore.domain.errors import ChatError, Code

K = TypeVar("K", bound=Hashable)
A = TypeVar("A")
V = TypeVar("V")

KEYS: Final = 500
"""In one statement, about."""

WAYS: Final = 2
"""Statements at a time."""


class _Round(Generic[K, A, V]):
    """What the next statement will ask for."""

    __slots__ = ("found", "turn", "wanted")

    def __init__(self, wanted: Mapping[K, A]) -> None:
        loop = asyncio.get_running_loop()
        self.wanted = dict(wanted)
        self.turn: asyncio.Future[None] = loop.create_future()
        self.found: asyncio.Future[Mapping[K, V]] = loop.create_future()
        self.found.add_done_callback(lambda found: found.cancelled() or found.exception())

    def fits(self, wanted: Mapping[K, A]) -> bool:
        return len(self.wanted) < KEYS and all(self.wanted.get(key, what) == what for key, what in wanted.items())


class JointReads(Generic[K, A, V]):
    """`read` gets keys, each with what is wanted of it, and answers with what there is."""

    def __init__(self, read: Callable[[Mapping[K, A]], Awaitable[Mapping[K, V]]]) -> None:
        self._read = read
        self._reading = 0
        self._next: _Round[K, A, V] | None = None

    async def get(self, wanted: Mapping[K, A]) -> Mapping[K, V]:
        """At least what was asked for. Raises what the read raises, to everybody who shares it."""
        if self._reading < WAYS:
            self._reading += 1
            try:
                return await self._read(wanted)
            finally:
                self._pass_on()
        following = self._next
        if following is None:
            return await self._lead(_Round(wanted))
        if not following.fits(wanted):
            return await self._read(wanted)
        following.wanted.update(wanted)
        return await asyncio.shield(following.found)

    async def _lead(self, following: _Round[K, A, V]) -> Mapping[K, V]:
        """The first one who waits reads for all who came after him."""
        self._next = following
        try:
            await following.turn
        except asyncio.CancelledError:
            following.found.set_exception(ChatError(Code.UNAVAILABLE, "Try again"))
            if self._next is following:
                self._next = None
            else:
                self._pass_on()
            raise
        try:
            found = await self._read(following.wanted)
        except BaseException as error:
            cancelled = ChatError(Code.UNAVAILABLE, "Try again")
            following.found.set_exception(error if isinstance(error, Exception) else cancelled)
            raise
        else:
            following.found.set_result(found)
            return found
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        following, self._next = self._next, None
        if following is None:
            self._reading -= 1
        else:
            following.turn.set_result(None)
