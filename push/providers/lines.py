"""The lines of a provider: one for each credential, as long as it is made use of."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, Generic, Protocol, TypeVar

from chatcore.domain.ids import CredentialSid

from .port import SendingCredential

logger = logging.getLogger(__name__)

IDLE: Final = 6 * 3600.0
"""Seconds after which what nobody uses is closed."""


class Closeable(Protocol):
    def finish(self) -> None:
        """Nothing new; what is under way comes to its end."""
        ...

    async def aclose(self) -> None: ...


L = TypeVar("L", bound=Closeable)


class Lines(Generic[L]):
    """Makes what is missing, once at a time; lets go of that of a credential that has changed."""

    def __init__(self, make: Callable[[SendingCredential], Awaitable[L]]) -> None:
        self._make = make
        self._held: dict[CredentialSid, tuple[SendingCredential, asyncio.Future[L]]] = {}
        self._used: dict[CredentialSid, float] = {}
        self._left: list[L] = []

    async def of(self, credential: SendingCredential) -> L:
        """Raises what making it raised, and makes it again the next time."""
        loop = asyncio.get_running_loop()
        self._used[credential.sid] = loop.time()
        held = self._held.get(credential.sid)
        if held is not None and held[0] != credential:
            del self._held[credential.sid]
            self._let_go(held[1])
            held = None
        if held is None:
            self._sweep(loop.time())
            future: asyncio.Future[L] = loop.create_future()
            self._held[credential.sid] = (credential, future)
            try:
                future.set_result(await self._make(credential))
            except BaseException as error:
                if self._held.get(credential.sid, (None, None))[1] is future:
                    del self._held[credential.sid]
                future.set_exception(
                    error if isinstance(error, Exception) else ConnectionError("given up while it was made")
                )
                future.exception()  # seen, even if nobody else waits
                raise
            return future.result()
        made = held[1]
        return made.result() if made.done() else await asyncio.shield(made)

    async def aclose(self) -> None:
        held, self._held = self._held, {}
        lines = self._left + [made.result() for _, made in held.values() if made.done() and made.exception() is None]
        self._left = []
        for line in lines:
            await line.aclose()

    def _let_go(self, made: asyncio.Future[L]) -> None:
        if made.done() and made.exception() is None:
            made.result().finish()
            self._left.append(made.result())

    def _sweep(self, now: float) -> None:
        """Costs a look at every credential in use, when one is new."""
        for sid in [sid for sid, used in self._used.items() if now - used > IDLE]:
            del self._used[sid]
            if (held := self._held.pop(sid, None)) is not None:
                self._let_go(held[1])
