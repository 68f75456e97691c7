"""Python's share of a delivery: queue one frame for many connections and flush, with a transport that does nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from gateway.sockets.outbound import Flusher, Outbound, fan_out

READERS = 1000


class _Nowhere:
    """The three methods of a transport that the write side uses."""

    def write(self, data: bytes) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int) -> None: ...


class _Room:
    """Connections that take everything; the flush at the end of the tick is called directly, without a loop."""

    def __init__(self, messages: int) -> None:
        self.messages = messages
        self.flusher = _Unscheduled()
        self.links = [Outbound(self.flusher, 1 << 20) for _ in range(READERS)]
        for link in self.links:
            link.transport = cast(asyncio.Transport, _Nowhere())
            link.start()

    def __call__(self) -> None:
        frame = b"x" * 640
        for _ in range(self.messages):
            fan_out(self.links, frame)
        self.flusher.flush()


class _Unscheduled(Flusher):
    __slots__ = ()

    def _schedule(self) -> None:
        self._scheduled = True


def cases() -> dict[str, Callable[[], object]]:
    """Times are to be divided by READERS."""
    return {f"{messages} message(s) per tick": _Room(messages) for messages in (1, 5, 20)}
