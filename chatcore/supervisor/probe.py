"""Asks a gateway whether it is ready, with no more HTTP than that needs."""

from __future__ import annotations

import asyncio
import ssl
from typing import Final
from urllib.parse import urlsplit

from chatcore.supervisor.errors import SupervisorError

_PATIENCE: Final = 5.0
_PAUSE: Final = 0.05


async def ask(url: str) -> tuple[int, str]:
    """Status and body of a GET; (0, reason) when there is no answer."""
    parts = urlsplit(url)
    context = None
    if parts.scheme == "https":
        # Our own child on this machine: its certificate carries a public name, not this address.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(_PATIENCE):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port, ssl=context)
            try:
                writer.write(f"GET {parts.path} HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n".encode())
                head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            finally:
                writer.close()
            return int(head.split(b" ", 2)[1]), body.decode("utf-8", "replace")
    except (OSError, TimeoutError, IndexError, ValueError) as error:
        return 0, str(error) or type(error).__name__


async def until_ready(base_url: str, patience: float) -> None:
    """Returns once `/readyz` answers 200; raises SupervisorError with the last reasons."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    while True:
        status, body = await ask(f"{base_url}/readyz")
        if status == 200:
            return
        if loop.time() > deadline:
            raise SupervisorError(
                f"{base_url} is not ready after {patience:g} s: {status or 'no answer'} {body.strip()}"
            )
        await asyncio.sleep(_PAUSE)
