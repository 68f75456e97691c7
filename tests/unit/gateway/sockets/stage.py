"""A transport, an endpoint and a peer for driver tests; bytes are written and read by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from websockets.frames import Frame, Opcode

from gateway.sockets.driver import SocketDriver
from gateway.sockets.endpoint import Accept, Handshake, Link, Peer, Reject
from gateway.sockets.server import SocketServer
from gateway.sockets.settings import SocketSettings

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455 section 1.3


class Clock:
    """Monotonic seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class FakeTransport(asyncio.Transport):
    """A socket whose kernel buffer takes `room` bytes; the rest stays in the transport's own."""

    def __init__(self, room: float = float("inf"), *, tls: bool = False) -> None:
        super().__init__({"peername": ("192.0.2.7", 4711), "sslcontext": object() if tls else None})
        self.room = room
        self.writes: list[bytes] = []
        self.buffered = 0
        self.high = 65536
        self.protocol: asyncio.Protocol | None = None
        self.stalled = self.paused = self.closed = self.aborted = self.eof = False
        self.tls = tls

    def attach(self, protocol: asyncio.Protocol) -> None:
        self.protocol = protocol
        protocol.connection_made(self)

    @property
    def sent(self) -> bytes:
        return b"".join(self.writes)

    def write(self, data: Any) -> None:
        assert not self.eof, "written after the end"
        self.writes.append(bytes(data))
        taken = min(self.room, len(data)) if not self.buffered else 0
        self.room -= taken
        self.buffered += int(len(data) - taken)
        if self.buffered > self.high and not self.stalled:
            self.stalled = True
            assert self.protocol is not None
            self.protocol.pause_writing()

    def drain(self, size: float = float("inf")) -> None:
        """The client reads that much."""
        taken = int(min(size, self.buffered))
        self.buffered -= taken
        if not self.buffered:
            self.room += size - taken
        if self.stalled and self.buffered <= self.high // 4:
            self.stalled = False
            assert self.protocol is not None
            self.protocol.resume_writing()

    def get_write_buffer_size(self) -> int:
        return self.buffered

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.high = 65536 if high is None else high

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def is_closing(self) -> bool:
        return self.closed or self.aborted

    def can_write_eof(self) -> bool:
        return not self.tls

    def write_eof(self) -> None:
        self.eof = True

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = True


class RecordingPeer:
    """Keeps what it is told; `on_message` may do more."""

    def __init__(self, link: Link, on_message: Callable[[RecordingPeer, bytes], None] | None = None) -> None:
        self.link = link
        self.on_message = on_message
        self.messages: list[bytes] = []
        self.closings: list[tuple[int, str]] = []
        self.relieved = 0
        self.ping_frame: bytes | None = b"\x81\x02{}"

    def received(self, payload: bytes) -> None:
        self.messages.append(payload)
        if self.on_message is not None:
            self.on_message(self, payload)

    def ping(self) -> bytes | None:
        return self.ping_frame

    def writable(self) -> None:
        self.relieved += 1

    def closed(self, code: int, reason: str) -> None:
        self.closings.append((code, reason))


class OpenEndpoint:
    """Accepts everybody, or answers with `verdict`."""

    def __init__(
        self,
        make: Callable[[Link], Peer] = RecordingPeer,
        *,
        text: bool = True,
        max_message: int = 1000,
        subprotocol: str | None = None,
        verdict: Reject | None = None,
    ) -> None:
        self.handshakes: list[Handshake] = []
        self.answer: Accept | Reject = verdict or Accept(
            peer=make, subprotocol=subprotocol, text=text, max_message=max_message, protocol="test"
        )

    def accept(self, handshake: Handshake) -> Accept | Reject:
        self.handshakes.append(handshake)
        return self.answer


class Counts:
    """Metrics as a list."""

    def __init__(self) -> None:
        self.seen: list[tuple[object, ...]] = []

    def opened(self, protocol: str) -> None:
        self.seen.append(("opened", protocol))

    def refused(self, outcome: str) -> None:
        self.seen.append(("refused", outcome))

    def closed(self, protocol: str, code: int) -> None:
        self.seen.append(("closed", protocol, code))


class Stage:
    """A server without a listener. Make it on the running loop and stop it."""

    def __init__(self, endpoint: OpenEndpoint | None = None, **changes: Any) -> None:
        self.clock = Clock()
        self.counts = Counts()
        self.endpoint = endpoint or OpenEndpoint()
        self.server = SocketServer({"/ws": self.endpoint}, settings(**changes), self.counts, self.clock, lambda: 0.0)

    def upgrade(self, transport: FakeTransport | None = None, head: bytes | None = None) -> FakeTransport:
        """What uvicorn does with an upgrade request."""
        transport = transport or FakeTransport()
        driver = self.server.protocol(config=None, server_state=None, app_state=None)
        transport.attach(driver)
        driver.data_received(request() if head is None else head)
        return transport

    def connect(self, transport: FakeTransport | None = None) -> tuple[FakeTransport, SocketDriver, RecordingPeer]:
        transport = self.upgrade(transport)
        driver = transport.protocol
        assert isinstance(driver, SocketDriver)
        assert transport.sent.startswith(b"HTTP/1.1 101"), transport.sent
        transport.writes.clear()
        transport.buffered = 0
        peer = driver.peer
        assert isinstance(peer, RecordingPeer)
        return transport, driver, peer

    def pass_time(self, seconds: float, step: float = 0.5) -> None:
        for _ in range(round(seconds / step)):
            self.clock.now += step
            self.server.wheel.turn()


def settings(**changes: Any) -> SocketSettings:
    values: dict[str, Any] = {
        "ping_interval": 25.0,
        "pong_timeout": 10.0,
        "outbound_limit": 1024 * 1024,
        "max_connections": 100,
        "connect_rate": 1000.0,
    }
    return SocketSettings(**(values | changes))


def request(path: str = "/ws", *extra: str, drop: str = "", method: str = "GET") -> bytes:
    """An upgrade request in the shape uvicorn hands over."""
    lines = [
        f"{method} {path} HTTP/1.1",
        "host: chat.example",
        "upgrade: websocket",
        "connection: Upgrade",
        f"sec-websocket-key: {KEY}",
        "sec-websocket-version: 13",
        *extra,
    ]
    kept = [line for line in lines if not (drop and line.startswith(drop))]
    return ("\r\n".join(kept) + "\r\n\r\n").encode()


def masked(payload: bytes, opcode: Opcode = Opcode.TEXT, *, fin: bool = True) -> bytes:
    return Frame(opcode, payload, fin).serialize(mask=True)


def closing(code: int, reason: str = "") -> bytes:
    """The close frame a server sends."""
    return Frame(Opcode.CLOSE, code.to_bytes(2) + reason.encode()).serialize(mask=False)


async def tick() -> None:
    """Let the flush of this tick happen."""
    for _ in range(3):
        await asyncio.sleep(0)
