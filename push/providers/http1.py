"""Calls over HTTP/1.1 with kept-alive connections, for peers that do not speak HTTP/2."""

from __future__ import annotations

import asyncio
import ssl
from typing import Final

import aiohttp

from .exchange import Again, Answer, Call, NotSentError, UnknownFateError, UnreachableError

CONNECTIONS: Final = 100
KEPT: Final = 16 * 1024
_CONNECT: Final = 10.0
_PAUSE: Final = 2.0


class Http1:
    """Satisfies what callers of a Pool need of it."""

    def __init__(self, origin: str, tls: ssl.SSLContext | None) -> None:
        self._origin = origin
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, ssl=tls if tls is not None else True),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
        )
        self._closed = False

    @property
    def busy(self) -> bool:
        return not self._session.closed

    async def send(self, call: Call, deadline: float, again: Again) -> Answer:
        """A connection that ends before its answer leaves the fate of the call unknown."""
        if self._closed:
            raise NotSentError("the connections are closed")
        fields = [(name, value) for name, value in (*call.shared, *call.own) if not name.startswith(b":")]
        headers = {name.decode(): value.decode() for name, value in fields}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT)
        try:
            async with (
                asyncio.timeout_at(deadline),
                self._session.post(
                    self._origin + call.path.decode(),
                    data=call.body,
                    headers=headers,
                    timeout=timeout,
                    allow_redirects=False,
                ) as reply,
            ):
                body = await _beginning(reply.content)
                found = {name.lower(): value for name, value in reply.raw_headers}
                return Answer(reply.status, found, body)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise UnreachableError(f"cannot connect: {error}", _PAUSE) from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise UnknownFateError(str(error) or type(error).__name__) from None

    def finish(self) -> None:
        self._closed = True

    async def aclose(self) -> None:
        self._closed = True
        await self._session.close()


async def _beginning(content: aiohttp.StreamReader) -> bytes:
    body = b""
    while len(body) < KEPT and (chunk := await content.read(KEPT - len(body))):
        body += chunk
    return body
