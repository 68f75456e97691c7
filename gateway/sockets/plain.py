"""HTTP connections, with the bounds that uvicorn's have not.

Theory of operation. What comes first waits in the doorway for its turn. A connection that upgrades leaves for a
SocketDriver as soon as its head is there; others go on:

    head ──complete──▶ request runs ──answered──▶ idle ──first byte──▶ head
      │ HEAD_TIME over: 408                         │ KEEP_ALIVE over: closed
      │ larger than HEAD_MAX: 431                   └──body still to come, HEAD_TIME over: closed
      ▼
    closed, reset if what was written is not taken within STALL

While a request runs its handler bounds the body; a client that takes nothing of the answer for STALL is reset. A server
that is about to stop ends each connection with the answer to the next request, and says so in that answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from .doorway import Doorway

HEAD_TIME: Final = 10.0
"""Seconds from the first byte of a request, or from the beginning of a connection, to the end of the head."""

HEAD_MAX: Final = 32 * 1024
"""Bytes of the request line and all headers together."""

KEEP_ALIVE: Final = 75
"""Seconds that a connection may be idle between two requests. Longer than proxies keep theirs (nginx, AWS: 60): if the
side that answers hangs up first, a request that is under way then is lost, and no proxy repeats a POST."""

STALL: Final = 60.0
"""Seconds in which a client has to take some of an answer."""


class PlainConnection(HttpToolsProtocol):
    """What uvicorn takes as `http`."""

    def __init__(
        self,
        doorway: Doorway,
        stopping: Callable[[], bool],
        *args: Any,
        **kwargs: Any,  # Any: uvicorn's own
    ) -> None:
        super().__init__(*args, **kwargs)
        self._stopping = stopping
        self._doorway: Doorway | None = doorway  # until something came
        self._unread: bytes | None = None  # what came, while it waits to be let in
        self._in_head = True  # between two requests too
        self._head = 0  # bytes of it so far
        self._passed = False  # a head ended in what is being parsed
        self._left = False  # for a WebSocket
        self._refusal = 400  # what the parser's next complaint means
        self._deadline: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._set_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._drop_deadline()
        self._drop_stall()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._doorway is not None:
            self.transport.pause_reading()
            doorway, self._doorway = self._doorway, None
            self._unread = data
            doorway.come(self._enter)
            return
        if self._unread is not None:  # TLS hands over what it has decrypted, whether reading is paused or not
            self._unread += data
            return
        head_began, self._passed = self._in_head, False
        super().data_received(data)
        if self._left:
            self.parser = None  # type: ignore[assignment]  # as uvicorn's, so that this object goes now, not some day
            return
        if self.transport.is_closing():
            return
        if head_began and self._in_head and not self._passed:
            self._head += len(data)
            if self._head > HEAD_MAX:
                self._refuse(431)
                return
        if self._running:
            self._drop_deadline()
        elif self._deadline is None:
            self._set_deadline()

    def _enter(self) -> None:
        data, self._unread = self._unread, None
        if data is not None and not self.transport.is_closing():
            self.transport.resume_reading()
            self.data_received(data)

    def handle_websocket_upgrade(self) -> None:
        self._left = True
        self._drop_deadline()
        super().handle_websocket_upgrade()

    @property
    def _running(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    # Told by the parser, which takes what these raise for a bad request.

    def on_headers_complete(self) -> None:
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > HEAD_MAX:
            self._refusal = 431
            raise ValueError("the head is too large")
        if sum(name == b"host" for name, _ in self.headers) > 1:  # RFC 9112 section 3.2
            raise ValueError("which host")
        super().on_headers_complete()
        if self.cycle is not None and self._stopping():
            self.cycle.keep_alive = False
        self._in_head, self._passed = False, True
        self._head = 0

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head = True

    def on_response_complete(self) -> None:
        body_to_come = not self.pipeline and self.cycle.more_body
        super().on_response_complete()
        if body_to_come and not self.transport.is_closing():
            self._set_deadline()

    # Giving up.

    def send_400_response(self, msg: str) -> None:
        self._refuse(self._refusal)

    def _too_slow(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self._refuse(408 if self._head else None)

    def _refuse(self, status: int | None) -> None:
        """None says nothing, and so does every status once an answer has begun."""
        self._drop_deadline()
        cycle = self.cycle
        if status is not None and (not self._running or not (cycle.response_started or self.pipeline)):
            if cycle is not None:
                cycle.disconnected = True  # its own answer comes too late
            self.transport.write(STATUS_LINE[status] + b"content-length: 0\r\nconnection: close\r\n\r\n")
        self.transport.close()
        self._must_be_taken()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._must_be_taken()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._must_be_taken()

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.transport.is_closing():
            self._drop_stall()

    # The two timers.

    def _set_deadline(self) -> None:
        self._drop_deadline()
        self._deadline = self.loop.call_later(HEAD_TIME, self._too_slow)

    def _drop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _must_be_taken(self) -> None:
        if self._stall is None:
            self._stall = self.loop.call_later(STALL, self.transport.abort)

    def _drop_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
