"""A WebSocket connection: uvicorn's transport on one side, a protocol room's peer on the other.

Theory of operation. RFC 6455 itself (handshake, parsing, fragmentation, close) is the sans-I/O machine of `websockets`;
frames that go out are built by whoever sends them, once for all their readers, and pass that machine by.

    created ──head──> deciding ──101──> open ──close frame sent or received, error, lost socket──> ended
                         └──404, 403, 503, 400──> ended
"""

from __future__ import annotations

import asyncio
import http
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from .close import ABNORMAL, Close
from .endpoint import Accept, Cancellable, Handshake, HeaderMap, Peer, Reject
from .frames import frame, is_ping
from .keepalive import Keepalive
from .outbound import Outbound

if TYPE_CHECKING:
    from .server import SocketServer

logger = logging.getLogger(__name__)
_wire_logger = logging.getLogger("gateway.sockets.wire")
_wire_logger.setLevel(logging.WARNING)  # it would quote what people write

LINGER = 5.0  # seconds a socket may take for its close frame


class SocketDriver(Outbound, asyncio.Protocol):
    """One connection, from the request head that uvicorn hands over to its end."""

    __slots__ = (
        "_alive",
        "_delayed",
        "_parts",
        "_protocol",
        "_rfc_ping",
        "_server",
        "_settled",
        "_text",
        "_websocket",
        "peer",
    )

    def __init__(self, server: SocketServer) -> None:
        super().__init__(server.flusher, server.settings.outbound_limit)
        self._server = server
        extensions = [ServerPerMessageDeflateFactory()] if server.settings.compression else None
        self._websocket = ServerProtocol(extensions=extensions, logger=_wire_logger)
        self._parts: list[bytes] | None = None  # of a message that arrives in fragments
        self._text = False
        self._protocol = ""  # label in metrics; set when open
        self._alive: Keepalive | None = None
        self._rfc_ping = False  # the last ping was an RFC 6455 one: its pong is the answer
        self._delayed: asyncio.TimerHandle | None = None
        self._settled = False
        self.peer: Peer | None = None

    # asyncio.Protocol.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's has the methods, not the base class

    def data_received(self, data: bytes) -> None:
        websocket = self._websocket
        websocket.receive_data(data)
        for event in websocket.events_received():
            if isinstance(event, Request):
                self._decide(event)
            elif isinstance(event, Frame) and self.open:
                self._frame_received(event)
        self._pump()

    def eof_received(self) -> None:
        self._websocket.receive_eof()
        self._pump()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._delayed is not None:
            self._delayed.cancel()
        self.lost()
        self.settle()

    # The handshake.

    def _decide(self, request: Request) -> None:
        server = self._server
        path, _, query = request.path.partition("?")
        peername = self.transport.get_extra_info("peername")
        handshake = Handshake(
            path=path,
            query=query,
            headers=HeaderMap(iter(request.headers.raw_items())),
            client=peername[0] if isinstance(peername, tuple) else "",
            secure=self.transport.get_extra_info("sslcontext") is not None,
        )
        # The endpoint chooses among subprotocols; the library would refuse an empty header, which old clients send.
        if "Sec-WebSocket-Protocol" in request.headers:
            del request.headers["Sec-WebSocket-Protocol"]
        verdict: Accept | Reject
        if (endpoint := server.endpoints.get(path)) is None:
            verdict = self._refusal("not_found", Reject(status=404, body="Not found\n"))
        elif server.draining:
            verdict = self._refusal("draining", Reject(status=503, body="Draining\n", headers=(("Retry-After", "1"),)))
        elif len(server.connections) >= server.settings.max_connections:
            verdict = self._refusal("full", Reject(status=503, body="Too many connections\n"))
        else:
            verdict = endpoint.accept(handshake)
            if isinstance(verdict, Reject):
                self._refusal("rejected", verdict)
        if isinstance(verdict, Reject):
            self._reject(verdict)
            return
        wait = server.admission.delay(asyncio.get_running_loop().time())
        if wait is None:
            self._reject(self._refusal("rate", Reject(status=503, body="Too many new connections\n")))
        elif wait:
            self._delayed = asyncio.get_running_loop().call_later(wait, self._accept, request, verdict)
        else:
            self._accept(request, verdict)

    def _refusal(self, outcome: str, reject: Reject) -> Reject:
        self._server.metrics.refused(outcome)
        return reject

    def _reject(self, reject: Reject) -> None:
        response = self._websocket.reject(http.HTTPStatus(reject.status), reject.body)
        for name, value in reject.headers:
            response.headers[name] = value
        self._websocket.send_response(response)
        self._pump()

    def _accept(self, request: Request, accept: Accept) -> None:
        self._delayed = None
        websocket, server = self._websocket, self._server
        response = websocket.accept(request)
        if accept.subprotocol is not None:
            response.headers["Sec-WebSocket-Protocol"] = accept.subprotocol
        websocket.send_response(response)
        if websocket.handshake_exc is not None:
            server.metrics.refused("bad_handshake")
            self._pump()
            return
        for data in websocket.data_to_send():
            self.transport.write(data)
        websocket.max_message_size = accept.max_message
        self._text, self._protocol = accept.text, accept.protocol
        self.start()
        server.connections.add(self)
        server.metrics.opened(accept.protocol)
        settings = server.settings
        self._alive = Keepalive(self, server.wheel, settings.ping_interval, settings.pong_timeout)
        try:
            self.peer = accept.peer(self)
        except Exception:
            logger.exception("A peer could not be made", extra={"action": "peer_failed"})
            self.close(*Close.INTERNAL.value)

    # What arrives.

    def _frame_received(self, received: Frame) -> None:
        if received.opcode is Opcode.PONG:
            if self._rfc_ping:
                self.pong()
        elif received.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            if not received.fin or self._parts is not None:
                parts = self._parts = [] if self._parts is None else self._parts
                parts.append(bytes(received.data))
                if not received.fin:
                    return
                self._parts = None
                self._message_received(b"".join(parts))
            else:
                self._message_received(bytes(received.data))

    def _message_received(self, payload: bytes) -> None:
        if self.peer is not None:
            self._tell(lambda peer: peer.received(payload))

    def _tell(self, say: Callable[[Peer], None]) -> None:
        """What a peer raises is our fault: logged once, told without detail."""
        if self.peer is None:
            return
        try:
            say(self.peer)
        except Exception:
            logger.exception("A peer failed", extra={"action": "peer_failed"})
            self.close(*Close.INTERNAL.value)

    def _pump(self) -> None:
        """Writes what the machine has to say; if that was a close frame, the connection is over."""
        websocket = self._websocket
        ending = self.open and (websocket.close_sent is not None or websocket.eof_sent)
        if ending:
            self.flush()
        for data in websocket.data_to_send():
            if not data:
                self.transport.close()  # flushes first
                self._server.wheel.alarm(LINGER, self.transport.abort)
            elif self.open and not ending:
                self.send(data)
            else:
                self.transport.write(data)
        if ending:
            sent = websocket.close_rcvd or websocket.close_sent
            self.stop()
            self.ending = (ABNORMAL, "") if sent is None else (sent.code, sent.reason)
            self.flusher.end(self)
            if not self.transport.is_closing():
                self._server.wheel.alarm(LINGER, self.transport.abort)

    # Outbound.

    def write_close(self, code: int, reason: str) -> None:
        self._websocket.send_close(code, reason)
        for data in self._websocket.data_to_send():
            if data:
                self.transport.write(data)
        self._server.wheel.alarm(LINGER, self.transport.abort)

    def settle(self) -> None:
        if self._settled:
            return
        self._settled = True
        self._server.connections.discard(self)
        if self._alive is not None:
            self._alive.stop()
            self._alive = None
        code, reason = self.ending or (ABNORMAL, "")
        if self._protocol:
            self._server.metrics.closed(self._protocol, code)
        peer, self.peer = self.peer, None
        if peer is not None:
            try:
                peer.closed(code, reason)
            except Exception:
                logger.exception("A peer failed at its end", extra={"action": "peer_failed"})

    def relieved(self) -> None:
        self._tell(lambda peer: peer.writable())

    # Link.

    def frame(self, payload: bytes) -> bytes:
        extensions: list[Extension] = self._websocket.extensions
        if not extensions:
            return frame(payload, self._text)
        opcode = Opcode.TEXT if self._text else Opcode.BINARY
        return Frame(opcode, payload).serialize(mask=False, extensions=extensions)

    def pong(self) -> None:
        if self._alive is not None:
            self._alive.pong()

    def send_ping(self) -> bool:
        """Asks the peer for its ping; False if it wants none."""
        if self.peer is None:
            return False
        data = self.peer.ping()
        if data is None:
            return False
        self._rfc_ping = is_ping(data)
        self.send_first(data)
        return True

    def pause_reading(self) -> None:
        self.transport.pause_reading()
        if self._alive is not None:
            self._alive.pause()

    def resume_reading(self) -> None:
        if self.open:
            self.transport.resume_reading()
            if self._alive is not None:
                self._alive.resume()

    def alarm(self, seconds: float, callback: Callable[[], None]) -> Cancellable:
        return self._server.wheel.alarm(seconds, lambda: self._tell(lambda _: callback()))
