"""The one HTTP client of a process for webhooks: bounded in time and size, and blind to redirects and cookies."""

from __future__ import annotations

import asyncio
import ssl
from types import SimpleNamespace, TracebackType
from typing import Any, Final, Self

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from chatcore.ports.calls import Answered, Reply, TimedOut, Unreachable

from .guard import AddressRefusedError, public_socket
from .request import Request

BODY_LIMIT: Final = 64 * 1024
_CONNECTIONS: Final = 512
_PER_HOST: Final = 128
_IDLE: Final = 15.0
"""Seconds an unused connection is kept: a TLS handshake costs more than the call itself."""


class Client:
    """Use as a context manager. Connections are shared by all callers."""

    def __init__(
        self,
        *,
        allow_private: bool,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`resolver` and `tls` where the system's are not wanted."""
        self._allow_private = allow_private
        self._resolver = resolver
        self._tls = tls

    async def __aenter__(self) -> Self:
        traces = aiohttp.TraceConfig()
        traces.on_connection_reuseconn.append(_reused)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=self._resolver or aiohttp.ThreadedResolver(),
                ssl=self._tls if self._tls is not None else True,
                use_dns_cache=False,
                keepalive_timeout=_IDLE,
                limit=_CONNECTIONS,
                limit_per_host=_PER_HOST,
                socket_factory=None if self._allow_private else public_socket,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(),  # `send` has its own
            skip_auto_headers=("Accept-Encoding",),  # an answer that unpacks to gigabytes is not asked for
            auto_decompress=False,
            trust_env=False,
            trace_configs=[traces],
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def send(self, request: Request, patience: float) -> Reply:
        """Never raises for what the network or the other side does."""
        try:
            async with asyncio.timeout(patience):
                while True:
                    trip = SimpleNamespace(reused=False)
                    try:
                        return await self._exchange(request, trip)
                    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                        # A connection that was kept may have been closed by the other side in this moment.
                        if not trip.reused or isinstance(error, aiohttp.ClientConnectorError):
                            raise
        except TimeoutError:
            return TimedOut()
        except (aiohttp.ClientError, OSError, ValueError) as error:  # ValueError: a URL that means nothing
            return Unreachable(_reason(error))

    async def _exchange(self, request: Request, trip: SimpleNamespace) -> Answered:
        async with self._session.request(
            request.method,
            URL(request.url, encoded=True),
            headers=request.headers,
            data=request.body,
            allow_redirects=False,
            trace_request_ctx=trip,
        ) as response:
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > BODY_LIMIT:
                    response.close()
                    return Answered(response.status)
            return Answered(response.status, bytes(body))


async def _reused(_: aiohttp.ClientSession, context: SimpleNamespace, __: Any) -> None:  # Any: has no content
    context.trace_request_ctx.reused = True


def _reason(error: BaseException) -> str:
    """For logs and dead letters."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, AddressRefusedError):
            return str(cause)
        cause = cause.__cause__
    return f"{type(error).__name__}: {error}"[:300]
