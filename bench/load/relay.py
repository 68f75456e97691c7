"""A WebSocket way to a node that counts and records what Twilsock says on it. Not for runs that are timed."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import websockets

from bench.load.exchange import Header, Recording, parsed, shape


@dataclass(slots=True)
class Traffic:
    """By kind: shape of a request, or type of a notification."""

    requests: Counter[str] = field(default_factory=Counter)
    notifications: Counter[str] = field(default_factory=Counter)


class Relay:
    """Listens while it is entered; `url` leads to the node."""

    def __init__(self, target: str) -> None:
        self.traffic = Traffic()
        self.recording = Recording()
        self.url = ""
        self._target = target
        self._server: websockets.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await websockets.serve(self._serve, "127.0.0.1", 0, compression=None, max_size=None)
        host, port = self._server.sockets[0].getsockname()[:2]
        self.url = f"ws://{host}:{port}/v3/wsconnect"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None, "entered"
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, client: websockets.ServerConnection) -> None:
        async with websockets.connect(self._target, compression=None, max_size=None, proxy=None) as node:
            there = asyncio.create_task(_copy(client, node, self._asked))
            back = asyncio.create_task(_copy(node, client, self._told))
            await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
            for task in (there, back):
                task.cancel()
            await asyncio.gather(there, back, return_exceptions=True)

    def _asked(self, header: Header, payload: bytes) -> None:
        if header["method"] != "reply":
            self.traffic.requests[shape(header)] += 1
            self.recording.asked(header, payload)

    def _told(self, header: Header, payload: bytes) -> None:
        self.recording.told(header, payload)
        if header["method"] == "notification":
            inner = json.loads(payload) if payload.startswith(b"{") else {}
            self.traffic.notifications[f"{header['message_type']} {inner.get('event_type', '')}".strip()] += 1


async def _copy(source: Any, target: Any, look: Callable[[Header, bytes], None]) -> None:  # either end of a connection
    async for message in source:
        look(*parsed(message if isinstance(message, bytes) else message.encode()))
        await target.send(message)
