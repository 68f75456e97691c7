"""A TCP way to a node that can be cut without a word, held up, or led to another node."""

from __future__ import annotations

import asyncio
import socket
from urllib.parse import urlsplit

_CHUNK = 65_536


class Proxy:
    """Listens on a port of its own. Connections that exist stay with the node they were made to."""

    def __init__(self, node_url: str) -> None:
        self._target = _address(node_url)
        self._tasks: set[asyncio.Task[None]] = set()
        self._sockets: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._open = asyncio.Event()
        self._open.set()
        self._answers = asyncio.Event()
        self._answers.set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    @property
    def websocket(self) -> str:
        assert self._server is not None, "started"
        host, port = self._server.sockets[0].getsockname()
        return f"ws://{host}:{port}/connection/websocket"

    def use(self, node_url: str) -> None:
        """Later connections go to this node."""
        self._target = _address(node_url)

    def cut(self) -> None:
        """Resets every connection at both ends: no close frame, nothing in flight arrives."""
        for writer in list(self._sockets):
            writer.transport.abort()

    def shut(self) -> None:
        """Cuts, and lets nobody through until `reopen`."""
        self._open.clear()
        self.cut()

    def reopen(self) -> None:
        self._open.set()

    def mute(self) -> None:
        """The node hears the client, the client hears nothing, until `unmute`."""
        self._answers.clear()

    def unmute(self) -> None:
        self._answers.set()

    async def close(self) -> None:
        assert self._server is not None, "started"
        self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "a handler is a task"
        self._tasks.add(task)
        self._sockets.add(writer)
        try:
            await self._open.wait()
            await self._connect(reader, writer)
        except (OSError, asyncio.CancelledError):
            return
        finally:
            self._sockets.discard(writer)
            self._tasks.discard(task)
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._target)
        _no_delay(writer)
        _no_delay(back)
        self._sockets.add(back)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_copy(reader, back, self._open))
                group.create_task(_copy(there, writer, self._answers))
        finally:
            self._sockets.discard(back)
            back.transport.abort()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter, gate: asyncio.Event) -> None:
    try:
        while data := await source.read(_CHUNK):
            await gate.wait()
            target.write(data)
            await target.drain()
        target.write_eof()
    except OSError:
        target.transport.abort()


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname is not None, url
    assert parts.port is not None, url
    return parts.hostname, parts.port


def _no_delay(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
