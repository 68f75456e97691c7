"""A WebSocket way to a node that counts what Twilsock says on it. Not for runs that are timed."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import websockets

_SID = re.compile(r"\b[A-Z]{2}[0-9a-f]{32}\b|\b[0-9a-f]{32}\b")


@dataclass(slots=True)
class Traffic:
    """By kind: method and path with a star for each name in it, or the type of a notification."""

    requests: Counter[str] = field(default_factory=Counter)
    notifications: Counter[str] = field(default_factory=Counter)


class Relay:
    """Listens while it is entered; `url` leads to the node."""

    def __init__(self, target: str) -> None:
        self.traffic = Traffic()
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

    def _asked(self, header: dict[str, Any], payload: bytes) -> None:
        request = header.get("http_request")
        if request is not None:
            self.traffic.requests[f"{request['method']} {_shape(request['path'])}"] += 1
        elif header["method"] != "reply":
            self.traffic.requests[header["method"]] += 1

    def _told(self, header: dict[str, Any], payload: bytes) -> None:
        if header["method"] == "notification":
            inner = json.loads(payload) if payload.startswith(b"{") else {}
            self.traffic.notifications[f"{header['message_type']} {inner.get('event_type', '')}".strip()] += 1


async def _copy(source: Any, target: Any, look: Any) -> None:  # either end of a connection; Traffic's counters
    async for message in source:
        look(*_parsed(message if isinstance(message, bytes) else message.encode()))
        await target.send(message)


def _parsed(frame: bytes) -> tuple[dict[str, Any], bytes]:
    first, _, rest = frame.partition(b"\r\n")
    size = int(first.rpartition(b" ")[2])
    header: dict[str, Any] = json.loads(rest[:size])
    return header, rest[size + 2 :]


def _shape(path: str) -> str:
    return _SID.sub("*", path.partition("?")[0])
