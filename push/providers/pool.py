"""HTTP/2 connections to one origin with one identity, opened on demand."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Set
from typing import Final

from .exchange import Again, Answer, Call, NotSentError, UnreachableError
from .http2 import Connection

logger = logging.getLogger(__name__)

FULL: Final = 100
"""Calls on each connection before another one is opened."""
RESENT: Final = 3
DIAL_SECONDS: Final = 10.0
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 30.0
_SHUTDOWN: Final = 1.0


class NotHttp2Error(ConnectionError):
    """The peer speaks another protocol."""


class Pool:
    """`changed` hears +1 and -1 for connections, `goaway` each GOAWAY."""

    def __init__(
        self,
        host: str,
        port: int,
        tls: ssl.SSLContext,
        *,
        most: int,
        changed: Callable[[int], None] = lambda _: None,
        goaway: Callable[[], None] = lambda: None,
        unread: Set[bytes] = frozenset(),
    ) -> None:
        """`unread`: fields of answers that nobody asks for."""
        self._host, self._port, self._tls, self._most = host, port, tls, most
        self._changed, self._goaway, self._unread = changed, goaway, unread
        self.speaks_http2 = True
        """False once the peer has chosen another protocol."""
        self._usable: list[Connection] = []
        self._open: set[Connection] = set()
        self._dialing: asyncio.Task[None] | None = None
        self._pause = 0.0
        self._not_before = 0.0  # by the loop's clock
        self._why = ""
        self._closed = False

    async def send(self, call: Call, deadline: float, again: Again) -> Answer:
        avoid: Connection | None = None
        for left in range(RESENT, -1, -1):
            connection = await self._connection(avoid, deadline)
            try:
                answer = await connection.request(call, deadline)
            except NotSentError:
                if not left or asyncio.get_running_loop().time() >= deadline:
                    raise
            else:
                if not again(answer):
                    return answer
                connection.retire()
            avoid = connection
        raise NotSentError("refused again and again")

    async def aclose(self) -> None:
        """Connections end; those with calls under way lose them."""
        self._closed = True
        if self._dialing is not None:
            self._dialing.cancel()
            await asyncio.wait([self._dialing])
        for connection in list(self._open):
            connection.retire()
        if self._open:
            await asyncio.wait([connection.lost for connection in self._open], timeout=_SHUTDOWN)
        for connection in list(self._open):
            connection.abort()
        if self._open:
            await asyncio.wait([connection.lost for connection in self._open], timeout=_SHUTDOWN)

    @property
    def busy(self) -> bool:
        return bool(self._open)

    def finish(self) -> None:
        """No more calls; connections close when those under way have come to their end."""
        self._closed = True
        for connection in list(self._usable):
            connection.retire()

    async def _connection(self, avoid: Connection | None, deadline: float) -> Connection:
        while not self._closed:
            held = min(
                (connection for connection in self._usable if connection is not avoid),
                key=_load,
                default=None,
            )
            if (held is None or held.load >= FULL) and len(self._usable) < self._most:
                self._dial()
            if held is not None:
                return held
            if self._dialing is None:
                if avoid is not None and avoid.usable:
                    return avoid
                loop = asyncio.get_running_loop()
                raise UnreachableError(self._why, max(0.1, self._not_before - loop.time()))
            try:
                async with asyncio.timeout_at(deadline):
                    await asyncio.wait([self._dialing])
            except TimeoutError:
                raise NotSentError("no connection in time") from None
        raise NotSentError("the connections are closed")

    def _dial(self) -> None:
        """Unless that is under way, or was tried just now."""
        loop = asyncio.get_running_loop()
        if self._dialing is None and loop.time() >= self._not_before:
            self._dialing = loop.create_task(self._connect(loop), name=f"dial {self._host}")

    async def _connect(self, loop: asyncio.AbstractEventLoop) -> None:
        """Owned by the pool; ends without raising, but for cancellation."""
        connection: Connection | None = None
        try:
            async with asyncio.timeout(DIAL_SECONDS):
                transport, connection = await loop.create_connection(
                    lambda: Connection(self._lost, self._goaway, self._unread),
                    self._host,
                    self._port,
                    ssl=self._tls,
                    ssl_shutdown_timeout=_SHUTDOWN,
                )
                tls = transport.get_extra_info("ssl_object")
                if tls is None or tls.selected_alpn_protocol() != "h2":
                    raise NotHttp2Error("the peer does not speak HTTP/2")
                await connection.ready
        except (OSError, TimeoutError) as error:  # among them the errors of TLS
            self._failed(loop, error)
            if connection is not None:
                connection.abort()
        except Exception as error:
            logger.exception("A connection could not be made", extra={"action": "provider_unreachable"})
            self._failed(loop, error)
            if connection is not None:
                connection.abort()
        except asyncio.CancelledError:
            if connection is not None:
                connection.abort()
            raise
        else:
            self._pause = 0.0
            self._take(connection)
        finally:
            self._dialing = None

    def _failed(self, loop: asyncio.AbstractEventLoop, error: Exception) -> None:
        self._pause = min(LONGEST_PAUSE, self._pause * 2 or FIRST_PAUSE)
        self._not_before = loop.time() + self._pause
        self._why = f"cannot connect: {error or type(error).__name__}"
        self.speaks_http2 = not isinstance(error, NotHttp2Error)
        logger.warning(
            "No connection to %s:%d, next try in %.0f s: %s",
            *(self._host, self._port, self._pause, error or type(error).__name__),
            extra={"action": "provider_unreachable"},
        )

    def _take(self, connection: Connection) -> None:
        self._open.add(connection)
        self._changed(1)
        connection.lost.add_done_callback(lambda _: self._gone(connection))
        if self._closed:
            connection.retire()
        elif connection.usable:
            self._usable.append(connection)

    def _lost(self, connection: Connection) -> None:
        if connection in self._usable:
            self._usable.remove(connection)

    def _gone(self, connection: Connection) -> None:
        self._open.discard(connection)
        self._changed(-1)


def _load(connection: Connection) -> int:
    return connection.load
