"""An HTTP/2 server over TLS that answers, or misbehaves, as told. Built on h2, so that it judges our frames too."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
from hyperframe.frame import GoAwayFrame

from tests.support.patience import PATIENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One complete request."""

    connection: int
    stream: int
    headers: Mapping[str, str]
    body: bytes
    at: float
    certificate: Mapping[str, object] | None = None

    @property
    def path(self) -> str:
        return self.headers[":path"]


@dataclass(frozen=True, slots=True)
class Reply:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    interim: bool = False  # 103 before it
    trailers: bool = False


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer, ever."""


@dataclass(frozen=True, slots=True)
class Reset:
    code: int = int(h2.errors.ErrorCodes.INTERNAL_ERROR)


@dataclass(frozen=True, slots=True)
class GoAway:
    """`last` None: the stream of this request. `answer` is given to it all the same."""

    last: int | None = None
    code: int = 0
    answer: Reply | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection is torn down."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes in place of frames."""

    data: bytes


Reaction = Reply | Silence | Reset | GoAway | Cut | Raw


class Http2Peer:
    """`react` decides about each request. `settings` are announced to connections that begin afterwards; without
    `credit` no window is ever given back."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.react: Callable[[Heard], Reaction] = lambda _: Reply()
        self.settings: dict[h2.settings.SettingCodes, int] = {}
        self.credit = True
        self.connections: list[_Served] = []
        self.most_streams = 0
        self.pings = 0
        self.silent = False  # nothing that comes in is looked at
        self.port = 0
        self._news = asyncio.Event()

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def open(self) -> int:
        return sum(served.transport is not None for served in self.connections)

    def answers(self, *reactions: Reaction) -> None:
        """In turn; the last one again and again."""
        rest = list(reactions)
        self.react = lambda _: rest.pop(0) if len(rest) > 1 else rest[0]

    def judge(self, heard: Heard) -> Reaction:
        return self.react(heard)

    def note(self) -> None:
        self._news.set()

    async def until(self, condition: Callable[[], object], patience: float = PATIENCE) -> None:
        """Waits for a condition that only requests and connections change."""
        end = time.monotonic() + patience
        while not condition():
            self._news.clear()
            left = end - time.monotonic()
            assert left > 0, f"it did not come true; heard {len(self.heard)}"
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._news.wait()


class _Served(asyncio.Protocol):
    def __init__(self, peer: Http2Peer, number: int) -> None:
        self.peer, self.number = peer, number
        self.transport: asyncio.Transport | None = None
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        self.h2 = h2.connection.H2Connection(config)
        self._requests: dict[int, tuple[dict[str, str], bytearray]] = {}
        self._last = 2**31 - 1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.h2.local_settings = h2.settings.Settings(client=False, initial_values={**_DEFAULTS, **self.peer.settings})
        self.h2.initiate_connection()
        self.flush()
        self.peer.note()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self.peer.note()

    def flush(self) -> None:
        if self.transport is not None:
            self.transport.write(self.h2.data_to_send())

    def change(self, **settings: int) -> None:
        """By the names of h2."""
        self.h2.update_settings({h2.settings.SettingCodes[name]: value for name, value in settings.items()})
        self.flush()

    def go_away(self, last: int, code: int = 0) -> None:
        """Past h2, which would refuse to speak afterwards."""
        self._last = last
        if self.transport is not None:
            self.transport.write(GoAwayFrame(0, last_stream_id=last, error_code=code).serialize())

    def give_credit(self, amount: int) -> None:
        self.h2.increment_flow_control_window(amount)
        for stream in list(self._requests):
            self.h2.increment_flow_control_window(amount, stream)
        self.flush()

    def data_received(self, data: bytes) -> None:
        if self.peer.silent:
            return
        for event in self.h2.receive_data(data):
            match event:
                case h2.events.RequestReceived():
                    self._requests[event.stream_id] = (
                        {str(name): str(value) for name, value in event.headers},
                        bytearray(),
                    )
                    self.peer.most_streams = max(self.peer.most_streams, len(self._requests))
                case h2.events.DataReceived():
                    if event.stream_id in self._requests:
                        self._requests[event.stream_id][1].extend(event.data)
                    if self.peer.credit:
                        self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                case h2.events.StreamEnded():
                    self._complete(event.stream_id)
                case h2.events.StreamReset():
                    self._requests.pop(event.stream_id, None)
                case h2.events.PingReceived():
                    self.peer.pings += 1
        self.flush()
        self.peer.note()

    def _complete(self, stream: int) -> None:
        if stream > self._last or stream not in self._requests or self.transport is None:
            return
        headers, body = self._requests.pop(stream)
        heard = Heard(
            connection=self.number,
            stream=stream,
            headers=headers,
            body=bytes(body),
            at=time.monotonic(),
            certificate=self.transport.get_extra_info("peercert"),
        )
        reaction = self.peer.judge(heard)
        self.peer.heard.append(heard)
        self.act(stream, reaction)

    def act(self, stream: int, reaction: Reaction) -> None:
        assert self.transport is not None
        match reaction:
            case Reply():
                self.reply(stream, reaction)
            case Reset(code):
                self.h2.reset_stream(stream, code)
            case GoAway(last, code, answer):
                self.go_away(stream if last is None else last, code)
                if answer is not None:
                    self.reply(stream, answer)
            case Cut():
                self.transport.abort()
            case Raw(data):
                self.flush()
                self.transport.write(data)

    def reply(self, stream: int, reply: Reply) -> None:
        if reply.interim:
            self.h2.send_headers(stream, [(":status", "103"), ("link", "</style>")])
        headers = [(":status", str(reply.status)), *reply.headers.items()]
        self.h2.send_headers(stream, headers, end_stream=not reply.body and not reply.trailers)
        body = reply.body
        try:
            while body:
                size = min(len(body), 1000, self.h2.local_flow_control_window(stream))
                if size <= 0:
                    break  # what does not fit is never sent
                part, body = body[:size], body[size:]
                self.h2.send_data(stream, part, end_stream=not body and not reply.trailers, pad_length=3)
            if reply.trailers:
                self.h2.send_headers(stream, [("grpc-status", "0")], end_stream=True)
        except h2.exceptions.FlowControlError:
            pass
        self.flush()


P = TypeVar("P", bound=Http2Peer)

_DEFAULTS: Final = {
    h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: 1000,
    h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 65535,
}


@contextlib.asynccontextmanager
async def serving(peer: P, tls: ssl.SSLContext, protocols: tuple[str, ...] = ("h2",)) -> AsyncIterator[P]:
    tls.set_alpn_protocols(protocols)

    def accept() -> _Served:
        peer.connections.append(_Served(peer, len(peer.connections)))
        return peer.connections[-1]

    server = await asyncio.get_running_loop().create_server(
        accept, "localhost", peer.port, ssl=tls, ssl_shutdown_timeout=1
    )
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        for served in peer.connections:
            if served.transport is not None:
                served.transport.abort()
        await server.wait_closed()
        await peer.until(lambda: not peer.open)
