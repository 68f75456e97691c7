"""`/metrics` on a port of its own, for processes whose main port is not the scraper's business or that have none."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from chatcore.telemetry import METRICS_CONTENT_TYPE

_log = logging.getLogger(__name__)
_PATIENCE: Final = 5.0
"""Seconds that one request may take."""


async def serve(host: str, port: int, render: Callable[[], Awaitable[bytes]]) -> asyncio.Server:
    """`render` gives Prometheus text. Close the server, or use it as a context manager."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                request = await reader.readuntil(b"\r\n\r\n")
                found = request.startswith((b"GET /metrics ", b"GET /metrics?"))
                body = await render() if found else b""
                status = "200 OK" if found else "404 Not Found"
                head = f"HTTP/1.1 {status}\r\nContent-Type: {METRICS_CONTENT_TYPE}\r\nContent-Length: {len(body)}\r\n"
                writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            _log.debug("metrics request came to nothing", extra={"action": "metrics"})
        finally:
            writer.close()

    return await asyncio.start_server(answer, host, port)
