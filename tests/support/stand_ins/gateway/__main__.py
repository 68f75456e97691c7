"""Listens like a gateway and answers `/readyz`, `/metrics` and `/environment` (what it was handed).

`CHAT_MEDIA_LINK_PREFIX=exit:<code>` makes it end before it is ready.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys

from chatcore import config, siblings
from chatcore.telemetry import Metrics

settings, _ = config.load(os.environ)
handed_down = settings.handed_down
metrics = Metrics()


async def body(path: str) -> tuple[int, bytes]:
    if path == "/readyz":
        return 200, b""
    if path == "/metrics" and handed_down.siblings is not None:
        return 200, await siblings.merged_metrics(handed_down.siblings)
    if path == "/environment":
        return 200, json.dumps(dict(os.environ) | {"pid": os.getpid()}).encode()
    return 404, b""


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    status, content = await body(head.split(b" ")[1].decode())
    writer.write(
        f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode() + content
    )
    await writer.drain()
    writer.close()


async def text() -> bytes:
    return metrics.render()


async def no_reason() -> bytes:
    return b""


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    server = await asyncio.start_server(
        serve, settings.host, settings.port, reuse_port=handed_down.siblings is not None
    )
    if handed_down.siblings is not None:
        answering = siblings.SiblingServer(handed_down.siblings, handed_down.node, metrics=text, readiness=no_reason)
        await answering.start()
    port = server.sockets[0].getsockname()[1]
    if handed_down.ready_fd is not None:
        os.write(handed_down.ready_fd, json.dumps({"ready": {"port": port}}).encode() + b"\n")
    await stop.wait()
    server.close()


if (wish := settings.media_link_prefix or "").startswith("exit:"):
    sys.exit(int(wish.removeprefix("exit:")))
asyncio.run(main())
