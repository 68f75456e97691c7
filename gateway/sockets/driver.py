"""One WebSocket connection: an asyncio protocol around the websockets library's sans-I/O core.

Theory of operation.

    head ──refused──▶ HTTP answer, socket closed
      │ turn (admission)
      ▼
    open ──Link.close──▶ closing: close frame sent, waiting for the client's
      │ client's close frame, protocol violation, end of stream
      ▼
    gone: nothing is parsed any more, the socket has 5 s to drain

The peer hears from its connection only while that is open. It is told `closed` once on the way out: at once when the
client or the socket ended it, by the flush of the same tick when the server did (see outbound.py), so that no method of
a Link calls the peer back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final, Protocol, cast

from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.protocol import Protocol as Wire

from .admission import Admission
from .close import Close
from .endpoint import Accept, Cancellable, Drained, Endpoint, Peer, Reject
from .frames import frame, frame_size, whole_message
from .handshake import BadHead, Opening
from .inbound import Inbound
from .keepalive import Keepalive, Pulse
from .outbound import Flusher
from .settings import SocketMetrics, SocketSettings
from .wheel import Alarm, Wheel

logger = logging.getLogger(__name__)

LINGER: Final = 5.0
"""Seconds a socket may take to accept the close frame and to answer it, before it is reset."""

_DEFLATE_FROM: Final = 256
"""Payloads below this size do not get smaller by more than a header."""


class Host(Protocol):
    """What all connections of a server share."""

    @property
    def endpoints(self) -> Mapping[str, Endpoint]: ...
    @property
    def settings(self) -> SocketSettings: ...
    @property
    def metrics(self) -> SocketMetrics: ...
    @property
    def flusher(self) -> Flusher: ...
    @property
    def wheel(self) -> Wheel: ...
    @property
    def keepalive(self) -> Keepalive: ...
    @property
    def admission(self) -> Admission: ...
    @property
    def draining(self) -> bool: ...
    @property
    def full(self) -> bool: ...

    def enter(self, driver: SocketDriver) -> None: ...
    def leave(self, driver: SocketDriver) -> None: ...


class SocketDriver(Inbound, asyncio.Protocol):
    """The Link of one peer. Idle, it holds no task and no loop timer."""

    __slots__ = (
        "_begun",
        "_fresh",
        "_host",
        "_partial",
        "_pulse",
        "_reset",
        "_settled",
        "_shortcut",
        "_turn",
        "_waiting",
        "_wire",
        "peer",
        "protocol",
        "text",
    )

    def __init__(self, host: Host) -> None:
        super().__init__(host.flusher, host.settings.outbound_limit)
        self._host = host
        self._fresh = True  # no request head yet
        self._settled = True  # there is no peer to be told
        self._wire: Wire | None = None  # from the 101 until nothing more is parsed
        self.peer: Peer | None = None
        self._pulse: Pulse | None = None
        self._partial: bytearray | None = None  # a fragmented message so far
        self._begun = 0  # bytes of a frame whose rest the library is waiting for
        self._shortcut = 0  # bytes of the largest message that may pass it by
        self._waiting = 0  # bytes that the kernel had not taken at the last ping
        self._turn: Cancellable | None = None  # set while it waits to be let in
        self._reset: Cancellable | None = None  # set while the socket lingers
        self.text = False
        self.protocol = ""  # label in metrics

    # asyncio.Protocol, except what Inbound and Outbound implement.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._wire is not None:
            self.read(data)
        elif self._fresh:
            self._fresh = False
            self._upgrade(data)
        elif self._turn is not None:
            self.transport.abort()  # no client speaks before the 101

    def eof_received(self) -> None:
        """The client went without a close frame; the transport closes itself."""
        if self.open:
            self.lost()
            self._wire = None
            self._linger()
            self.settle()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost()
        self._wire = None
        self._partial = None
        self.forget()
        for timer in (self._turn, self._reset):
            if timer is not None:
                timer.cancel()
        self._turn = self._reset = None
        self.settle()
        self._host.leave(self)

    # Opening.

    def _upgrade(self, head: bytes) -> None:
        host = self._host
        peername = self.transport.get_extra_info("peername")
        try:
            opening = Opening(
                head,
                client=str(peername[0]) if isinstance(peername, tuple) else "",
                secure=self.transport.get_extra_info("sslcontext") is not None,
                compression=host.settings.compression,
            )
        except BadHead as bad:
            return self._refuse(bad.answer, "bad_handshake")
        endpoint = host.endpoints.get(opening.handshake.path)
        if endpoint is None:
            return self._refuse(opening.refuse(Reject(status=404, body="Not found\n")), "not_found")
        if (refusal := opening.check()) is not None:
            return self._refuse(refusal, "bad_handshake")
        if host.draining:
            return self._refuse(opening.refuse(_busy("Shutting down")), "draining")
        if host.full:
            return self._refuse(opening.refuse(_busy("Too many connections")), "full")
        delay = host.admission.delay(host.wheel.now())
        if delay is None:
            return self._refuse(opening.refuse(_busy("Too many new connections")), "rate")
        host.enter(self)
        if delay:
            self._turn = asyncio.get_running_loop().call_later(delay, self._open, opening, endpoint)
        else:
            self._open(opening, endpoint)
        return None

    def _open(self, opening: Opening, endpoint: Endpoint) -> None:
        host = self._host
        self._turn = None
        if host.draining:  # since it began to wait
            return self._refuse(opening.refuse(_busy("Shutting down")), "draining")
        try:
            answer = endpoint.accept(opening.handshake)
            if isinstance(answer, Reject):
                return self._refuse(opening.refuse(answer), "rejected")
            response, self._wire = opening.accept(answer)
        except Exception:
            logger.exception("Endpoint %s failed", opening.handshake.path, extra={"action": "endpoint_failed"})
            return self._refuse(opening.refuse(Reject(status=500, body="Internal server error\n")), "failed")
        self.text, self.protocol = answer.text, answer.protocol
        self._shortcut = -1 if self._wire.extensions else min(answer.max_message, 65535)
        self.start()
        self.write(response)
        self._settled = False
        host.metrics.opened(answer.protocol)
        self._meet(answer)
        return None

    def _meet(self, accept: Accept) -> None:
        try:
            self.peer = accept.peer(self)
        except Exception as error:
            self._failed("A peer could not be made", error)
        if self.open:
            self._pulse = self._host.keepalive.start(self)

    def _refuse(self, answer: bytes, outcome: str) -> None:
        self._host.metrics.refused(outcome)
        self.write(answer)
        self._hang_up(clean=True)

    # Receiving.

    def parse(self, data: bytes) -> int:
        wire = self._wire
        if wire is None:
            return -1
        fresh = not self._begun and self._partial is None and self.open
        if fresh and (message := whole_message(data, self._shortcut)) is not None:
            self._deliver(message)
            return 1
        try:
            wire.receive_data(data)
            self._begun += len(data)
            return self._dispatch(wire)
        except Exception as error:
            self._failed("Receiving failed", error)
            self.transport.abort()
            return -1

    def _dispatch(self, wire: Wire) -> int:
        events = wire.events_received()
        for event in events:
            if not self.open:
                break
            assert isinstance(event, Frame), "only a request head yields anything else"
            opcode = event.opcode
            self._begun -= frame_size(len(event.data))
            if opcode is Opcode.TEXT or opcode is Opcode.BINARY:
                if event.fin:
                    self._deliver(bytes(event.data))
                else:
                    self._partial = bytearray(event.data)
            elif opcode is Opcode.CONT:
                assert self._partial is not None, "the library refuses a continuation of nothing"
                self._partial += event.data
                if event.fin:
                    whole, self._partial = bytes(self._partial), None
                    self._deliver(whole)
            elif opcode is Opcode.PONG and self._pulse is not None and self._pulse.control:
                self._pulse.pong()
        if writes := wire.data_to_send():
            self._react(wire, writes)
        return len(events)

    def _deliver(self, payload: bytes) -> None:
        assert self.peer is not None, "an open connection has a peer"
        try:
            self.peer.received(payload)
        except Exception as error:
            self._failed("A peer failed on a message", error)

    def _react(self, wire: Wire, writes: list[bytes]) -> None:
        """What the library has to say to what it received: pongs, or the end of it, marked by an empty last item."""
        answer = b"".join(writes)
        if writes[-1]:
            self.send(answer)
            return
        received, sent = wire.close_rcvd, wire.close_sent
        if self.open:
            self.flush()
            close = received or sent
            self.ending = (close.code, close.reason) if close is not None else None
            self.lost()
        self.write(answer)
        self._wire = None
        self._hang_up(clean=received is not None)
        self.settle()

    # Ending.

    def stop(self) -> None:
        super().stop()
        if self._pulse is not None:
            self._pulse.stop()
            self._pulse = None

    def write_close(self, code: int, reason: str) -> None:
        self.resume_reading()  # the client's close frame is still to come
        wire = self._wire
        if wire is None or wire.state is not OPEN:
            return  # the library's own answer is on its way
        try:
            wire.send_close(code, reason)
        except Exception:
            logger.exception("Close code %d cannot be sent", code, extra={"action": "close_failed"})
            wire.send_close(*Close.INTERNAL.value)
        self.write(b"".join(wire.data_to_send()))
        self._linger()

    def settle(self) -> None:
        if self._settled or self.ending is None:
            return
        self._settled = True
        peer, self.peer = self.peer, None
        code, reason = self.ending
        self._host.metrics.closed(self.protocol, code)
        if peer is not None:
            try:
                peer.closed(code, reason)
            except Exception:
                logger.exception("A peer failed at its end", extra={"action": "peer_failed", "protocol": self.protocol})

    def drain(self, *, crowded: bool) -> None:
        """Send the client to another node: see Drained."""
        if isinstance(self.peer, Drained):
            self.peer.drain(crowded=crowded)
        else:
            self.close(*Close.SHUTDOWN.value)

    def abort(self) -> None:
        """Reset the socket."""
        self.transport.abort()

    def _hang_up(self, *, clean: bool) -> None:
        """Close the socket. Where the client may still be sending, only our side of it: closing with bytes unread would
        reset the connection, and the client would not see why."""
        self.resume_reading()
        if not clean and self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()
        self._linger()

    def _linger(self) -> None:
        if self._reset is None:
            self._reset = Alarm(self._host.wheel, LINGER, self.transport.abort)

    def _failed(self, what: str, error: Exception) -> None:
        logger.error(what, exc_info=error, extra={"action": "peer_failed", "protocol": self.protocol})
        self.close(*Close.INTERNAL.value)

    # What else a peer may do.

    def frame(self, payload: bytes) -> bytes:
        wire = self._wire
        if wire is not None and wire.extensions and len(payload) >= _DEFLATE_FROM:
            opcode = Opcode.TEXT if self.text else Opcode.BINARY
            return Frame(opcode, payload).serialize(mask=False, extensions=wire.extensions)
        return frame(payload, self.text)

    def pong(self) -> None:
        if self._pulse is not None:
            self._pulse.pong()

    def next_ping(self) -> bytes | None:
        """The keepalive asks. Who asks for more than he reads is not read himself, so no pong can be missed: he is cut
        off when he took nothing since the last ping."""
        waiting = self.transport.get_write_buffer_size() if self.stalled else 0
        if waiting and waiting == self._waiting:
            self.close(*Close.SLOW.value)
            return None
        self._waiting = waiting
        try:
            return self.peer.ping() if self.peer is not None else None
        except Exception as error:
            self._failed("A peer failed to ping", error)
            return None

    def resume_writing(self) -> None:
        self._waiting = 0
        super().resume_writing()

    def relieved(self) -> None:
        if self.peer is not None:
            try:
                self.peer.writable()
            except Exception as error:
                self._failed("A peer failed to go on", error)

    def pause_reading(self) -> None:
        if self.open and not self.paused and not self.transport.is_closing():
            self.stop_reading()
            if self._pulse is not None:
                self._pulse.pause()

    def resume_reading(self) -> None:
        if self.paused:
            self.start_reading()
            if self._pulse is not None:
                self._pulse.resume()

    def alarm(self, seconds: float, callback: Callable[[], None]) -> Cancellable:
        return Alarm(self._host.wheel, seconds, callback)


def _busy(why: str) -> Reject:
    return Reject(status=503, body=f"{why}\n", headers=(("Retry-After", "1"),))
