"""The connections of a provider: those of each credential apart, as long as they are made use of."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, Protocol, TypeVar

from .port import SendingCredential

IDLE: Final = 6 * 3600.0
"""Seconds after which what nobody uses is closed."""
REPLACED: Final = 60.0
"""Seconds that the line of a credential outlives its change: pushes under way still hold the old one."""


class Line(Protocol):
    @property
    def busy(self) -> bool:
        """There are open connections."""
        ...

    def finish(self) -> None:
        """Nothing new; what is under way comes to its end."""
        ...

    async def aclose(self) -> None: ...


L = TypeVar("L", bound=Line)


class Lines(Generic[L]):
    """Makes what is missing, once at a time; lets go of that of a credential that has changed."""

    def __init__(self, make: Callable[[SendingCredential], Awaitable[L]]) -> None:
        self._make = make
        self._held: dict[SendingCredential, asyncio.Future[L]] = {}
        self._used: dict[SendingCredential, float] = {}
        self._left: list[L] = []
        self._timers: set[asyncio.TimerHandle] = set()

    async def of(self, credential: SendingCredential) -> L:
        """Raises what making it raised, and makes it again the next time."""
        loop = asyncio.get_running_loop()
        self._used[credential] = loop.time()
        made = self._held.get(credential)
        if made is None:
            return await self._made(credential, loop)
        return made.result() if made.done() else await asyncio.shield(made)

    async def aclose(self) -> None:
        for timer in self._timers:
            timer.cancel()
        for credential in list(self._held):
            self._let_go(credential)
        left, self._left = self._left, []
        for line in left:
            await line.aclose()

    async def _made(self, credential: SendingCredential, loop: asyncio.AbstractEventLoop) -> L:
        self._clear_away(credential, loop)
        made: asyncio.Future[L] = loop.create_future()
        self._held[credential] = made
        try:
            line = await self._make(credential)
        except BaseException as error:
            del self._held[credential]
            whole = error if isinstance(error, Exception) else ConnectionError("given up while it was made")
            made.set_exception(whole)
            made.exception()  # seen, even if nobody else waits
            raise
        made.set_result(line)
        return line

    def _clear_away(self, fresh: SendingCredential, loop: asyncio.AbstractEventLoop) -> None:
        """Costs a look at every credential in use, when one is new."""
        self._left = [line for line in self._left if line.busy]
        self._timers = {timer for timer in self._timers if timer.when() > loop.time()}
        for credential, used in list(self._used.items()):
            if loop.time() - used > IDLE:
                self._let_go(credential)
            elif credential.sid == fresh.sid and credential != fresh:
                self._timers.add(loop.call_later(REPLACED, self._let_go, credential))

    def _let_go(self, credential: SendingCredential) -> None:
        self._used.pop(credential, None)
        made = self._held.get(credential)
        if made is not None and made.done():
            del self._held[credential]
            line = made.result()
            line.finish()
            self._left.append(line)
