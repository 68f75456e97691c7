"""One HTTP/2 connection that sends small requests, many at once (RFC 9113, the client's half).

Theory of operation. A request waits until the peer's limit of streams has room, then opens a stream and sends its body
as far as both windows allow; what is left waits for WINDOW_UPDATE, oldest first. All frames of one loop iteration leave
in one write. A request ends in one of three ways: it is *answered*; it is *refused*, which means that the peer has
certainly not acted on it (REFUSED_STREAM, a stream above the last one of GOAWAY, a body that never left in full); or
its fate is *unknown* (time-out, reset, loss). After GOAWAY the streams that the peer still answers come to their end,
then the connection closes. A silent peer is pinged, and dropped when it stays silent.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Set
from typing import Final, cast

from . import frames as wire
from .exchange import Answer, Call, NotSentError, UnknownFateError
from .field_reader import FieldReader
from .fields import DEFAULT_TABLE, FieldWriter
from .frames import FrameReader, PeerError, frame, word

PING_AFTER: Final = 60.0
"""Seconds of silence."""
PONG_WITHIN: Final = 10.0
KEPT: Final = 16 * 1024
"""Bytes of an answer's body; a longer one is cut off."""
STREAMS: Final = 1000
"""At once, where the peer allows more."""

_WINDOW: Final = 65535  # until told otherwise, in either direction
_CREDIT: Final = 1024 * 1024  # for all answers together
_GIVE_BACK: Final = _CREDIT // 4


class _Request:
    __slots__ = ("answer", "body", "call", "heard", "left", "stream", "window")

    def __init__(self, answer: asyncio.Future[Answer], call: Call) -> None:
        self.answer = answer
        self.call = call
        self.left = call.body  # still to be sent
        self.stream = 0
        self.window = 0  # of the peer for our body
        self.heard: Answer | None = None  # status and headers, while the body comes in
        self.body = bytearray()


class Connection(asyncio.Protocol):
    """Ready after `ready` is done; `closed` is called once, when it is of no more use for new requests."""

    def __init__(
        self,
        closed: Callable[[Connection], None],
        goaway: Callable[[], None] = lambda: None,
        unread: Set[bytes] = frozenset(),
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = self._loop.create_future()
        """The peer's settings are known, or ConnectionError."""
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self.usable = True
        self._closed = closed
        self._goaway = goaway
        self._transport: asyncio.Transport | None = None
        self._writer = FieldWriter()
        self._fields = FieldReader(unread)
        self._reader = FrameReader()
        self._out: list[bytes] = []
        self._streams: dict[int, _Request] = {}
        self._waiting: deque[_Request] = deque()
        self._stalled: deque[_Request] = deque()  # for a window
        self._next = 1
        self._limit = STREAMS
        self._window = _WINDOW
        self._stream_window = _WINDOW
        self._frame = wire.FRAME
        self._owed = 0  # receive credit to give back
        self._heard_at = self._loop.time()
        self._watch: asyncio.TimerHandle | None = None
        self._pinged = False
        self._broken = False  # the peer broke the protocol: what else it says has no meaning

    # What callers use.

    @property
    def load(self) -> int:
        return len(self._streams) + len(self._waiting)

    async def request(self, call: Call, deadline: float) -> Answer:
        """`deadline` by the loop's clock. Raises NotSentError and UnknownFateError."""
        if not self.usable:
            raise NotSentError("the connection is closing")
        request = _Request(self._loop.create_future(), call)
        timer = self._loop.call_at(deadline, self._time_out, request)
        try:
            if len(self._streams) < self._limit and not self._waiting:
                self._open(request)
            else:
                self._waiting.append(request)
            return await request.answer
        finally:
            timer.cancel()
            if request.answer.cancelled():
                self._abandon(request)
            elif request.answer.done():
                request.answer.exception()  # seen, even if the caller was cancelled in this moment

    def retire(self) -> None:
        """No more requests; those under way come to their end."""
        self._stop("the connection is closing")
        self._leave_when_idle()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # The transport.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # not by inheritance, with uvloop
        self._send(wire.PREFACE + frame(wire.SETTINGS, 0, 0, wire.SETTING.pack(wire.ENABLE_PUSH, 0)))
        self._send(frame(wire.WINDOW_UPDATE, 0, 0, word(_CREDIT - _WINDOW)))
        self._watch = self._loop.call_later(PING_AFTER, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        why = f"connection lost: {exc}" if exc is not None else "connection lost"
        self._transport = None
        if self._watch is not None:
            self._watch.cancel()
        self._stop(why)
        for request in list(self._streams.values()):
            self._fail(request, why, sent=not request.left)
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(why))
            self.ready.exception()  # seen, even if nobody waits any more
        self.lost.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        if self._broken:
            return
        try:
            for kind, flags, stream, payload in self._reader.read(data):
                self._take(kind, flags, stream, payload)
        except PeerError as error:
            self._broken = True
            self._send(frame(wire.GOAWAY, 0, 0, word(0) + word(error.code)))
            self._flush()
            if self._transport is not None:
                self._transport.close()
            self.retire()

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == wire.HEADERS:
            self._headers(stream, flags, payload)
        elif kind == wire.DATA:
            self._data(stream, flags, payload)
        elif kind == wire.WINDOW_UPDATE:
            self._more_window(stream, payload)
        elif kind == wire.RST_STREAM:
            self._reset(stream, wire.word_of(payload))
        elif kind == wire.SETTINGS:
            self._settings(flags, payload)
        elif kind == wire.PING:
            self._ping(flags, payload)
        elif kind == wire.GOAWAY:
            self._go_away(payload)
        elif kind == wire.PUSH_PROMISE:
            raise PeerError(wire.PROTOCOL_ERROR, "push is off")
        # Others are to be ignored (RFC 9113, 4.1).

    # Answers.

    def _headers(self, stream: int, flags: int, block: bytes) -> None:
        headers = self._fields.read(block)
        request = self._streams.get(stream)
        if request is None:
            return
        if request.heard is None:
            try:
                status = int(headers.get(b":status", b""))
            except ValueError:
                raise PeerError(wire.PROTOCOL_ERROR, "no status") from None
            if status < 200:
                return  # interim
            request.heard = Answer(status, headers, b"")
        if flags & wire.END_STREAM:
            self._answered(request)

    def _data(self, stream: int, flags: int, payload: bytes) -> None:
        self._owed += len(payload)
        if self._owed >= _GIVE_BACK:
            self._send(frame(wire.WINDOW_UPDATE, 0, 0, word(self._owed)))
            self._owed = 0
        request = self._streams.get(stream)
        if request is None:
            return
        if request.heard is None:
            raise PeerError(wire.PROTOCOL_ERROR, "body without status")
        request.body += wire.unpadded(payload, flags)
        if flags & wire.END_STREAM:
            self._answered(request)
        elif len(request.body) > KEPT:
            self._send(frame(wire.RST_STREAM, 0, stream, word(wire.CANCEL)))
            self._answered(request)

    def _answered(self, request: _Request) -> None:
        heard = request.heard
        assert heard is not None, "only streams with a status are answered"
        if request.left:  # answered before it was complete
            self._send(frame(wire.RST_STREAM, 0, request.stream, word(wire.CANCEL)))
        if not request.answer.done():
            answer = Answer(heard.status, heard.headers, bytes(request.body[:KEPT])) if request.body else heard
            request.answer.set_result(answer)
        self._free(request)

    def _reset(self, stream: int, code: int) -> None:
        request = self._streams.get(stream)
        if request is not None:
            self._fail(request, f"stream reset with {code}", sent=code != wire.REFUSED_STREAM and not request.left)

    def _go_away(self, payload: bytes) -> None:
        last, code = wire.last_and_code(payload)
        self._goaway()
        self._stop("the connection is closing")
        for request in [request for stream, request in self._streams.items() if stream > last]:
            self._fail(request, f"GOAWAY with {code}", sent=False)
        self._leave_when_idle()

    # The peer's wishes.

    def _settings(self, flags: int, payload: bytes) -> None:
        if flags & wire.ACK:
            return
        for name, value in wire.settings(payload):
            if name == wire.MAX_STREAMS:
                self._limit = min(value, STREAMS)
            elif name == wire.INITIAL_WINDOW:
                if value > wire.LARGEST:
                    raise PeerError(wire.FLOW_CONTROL_ERROR, "window too large")
                for request in self._streams.values():
                    request.window += value - self._stream_window  # may become negative (RFC 9113, 6.9.2)
                self._stream_window = value
            elif name == wire.MAX_FRAME:
                if value < wire.FRAME:
                    raise PeerError(wire.PROTOCOL_ERROR, "frame limit too small")
                self._frame = min(value, 2 * wire.FRAME)
            elif name == wire.TABLE_SIZE:
                self._writer.resize(min(value, DEFAULT_TABLE))
        self._send(frame(wire.SETTINGS, wire.ACK, 0, b""))
        if not self.ready.done():
            self.ready.set_result(None)
        self._go_on()

    def _ping(self, flags: int, payload: bytes) -> None:
        if len(payload) != 8:
            raise PeerError(wire.FRAME_SIZE_ERROR, "PING of another length")
        if not flags & wire.ACK:
            self._send(frame(wire.PING, wire.ACK, 0, payload))

    def _more_window(self, stream: int, payload: bytes) -> None:
        credit = wire.word_of(payload) & wire.LARGEST
        if not stream:
            self._window += credit
            if not credit or self._window > wire.LARGEST:
                raise PeerError(wire.FLOW_CONTROL_ERROR, "window out of bounds")
        elif (request := self._streams.get(stream)) is not None:
            request.window += credit
        self._go_on()

    # Requests.

    def _open(self, request: _Request) -> None:
        request.stream, self._next = self._next, self._next + 2
        request.window = self._stream_window
        self._streams[request.stream] = request
        call = request.call
        block = self._writer.block(call.path, call.shared, call.own)
        flags = 0 if request.left else wire.END_STREAM
        self._send(wire.headers(request.stream, flags, block, self._frame))
        if self._stalled and self._window <= 0:
            self._stalled.append(request)
        elif request.left:
            self._body(request)
        if self._next > wire.LARGEST:
            self.retire()

    def _body(self, request: _Request) -> None:
        """As much as the windows allow; what is left waits."""
        while request.left:
            size = min(len(request.left), self._frame, self._window, request.window)
            if size <= 0:
                if request.window > 0:
                    self._stalled.appendleft(request)
                else:
                    self._stalled.append(request)
                return
            part, request.left = request.left[:size], request.left[size:]
            self._window -= size
            request.window -= size
            self._send(frame(wire.DATA, 0 if request.left else wire.END_STREAM, request.stream, part))

    def _go_on(self) -> None:
        """After a window or a limit has grown, or a stream has ended."""
        for _ in range(len(self._stalled)):
            if self._window <= 0:
                break
            request = self._stalled.popleft()
            if request.stream in self._streams:
                self._body(request)
        while self._waiting and len(self._streams) < self._limit and self.usable:
            self._open(self._waiting.popleft())

    def _free(self, request: _Request) -> None:
        self._streams.pop(request.stream, None)
        if self._waiting:
            self._go_on()
        if not self.usable:
            self._leave_when_idle()

    def _fail(self, request: _Request, why: str, *, sent: bool) -> None:
        if not request.answer.done():
            request.answer.set_exception(UnknownFateError(why) if sent else NotSentError(why))
        self._free(request)

    def _stop(self, why: str) -> None:
        """No new streams."""
        if self.usable:
            self.usable = False
            self._closed(self)
        waiting, self._waiting = self._waiting, deque()
        for request in waiting:
            if not request.answer.done():
                request.answer.set_exception(NotSentError(why))

    def _time_out(self, request: _Request) -> None:
        if request.answer.done():
            return
        opened = bool(request.stream) and not request.left
        request.answer.set_exception(
            UnknownFateError("no answer in time") if opened else NotSentError("no room in time")
        )
        self._abandon(request)
        if opened and not self._pinged:
            self._check()

    def _abandon(self, request: _Request) -> None:
        """Nobody waits for its answer any more."""
        if not request.stream:
            self._waiting = deque(other for other in self._waiting if other is not request)
        elif request.stream in self._streams:
            self._send(frame(wire.RST_STREAM, 0, request.stream, word(wire.CANCEL)))
            self._free(request)

    # Silence, and the end.

    def _look(self) -> None:
        left = self._heard_at + PING_AFTER - self._loop.time()
        if left > 0:
            self._watch = self._loop.call_later(left, self._look)
        else:
            self._check()

    def _check(self) -> None:
        """Pings, and drops a connection on which nothing is heard afterwards."""
        if self._transport is None:
            return
        if self._watch is not None:
            self._watch.cancel()
        self._pinged = True
        self._send(frame(wire.PING, 0, 0, bytes(8)))
        self._watch = self._loop.call_later(PONG_WITHIN, self._judge, self._loop.time())

    def _judge(self, since: float) -> None:
        self._pinged = False
        if self._heard_at < since:
            self.abort()
        else:
            self._watch = self._loop.call_later(PING_AFTER, self._look)

    def _leave_when_idle(self) -> None:
        if not self._streams and self._transport is not None and not self._transport.is_closing():
            self._send(frame(wire.GOAWAY, 0, 0, word(0) + word(wire.NO_ERROR)))
            self._flush()
            self._transport.close()

    def _send(self, data: bytes) -> None:
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(data)

    def _flush(self) -> None:
        if self._out and self._transport is not None:
            self._transport.write(b"".join(self._out))
        self._out.clear()
