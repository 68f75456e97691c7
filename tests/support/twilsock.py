"""A small client of Twilsock: fast, and free to misbehave where the SDKs are not. Its codec is its own."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

import websockets
from websockets.typing import Origin

from tests.support.patience import PATIENCE

SYNC, TYPING = "twilio.sync.event", "twilio.ipmsg.typing_indicator"
Json = dict[str, Any]


class Gone(Exception):
    """The connection ended before the answer came."""


@dataclass(frozen=True, slots=True)
class Frame:
    header: Json
    payload: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.payload)


@dataclass(frozen=True, slots=True)
class Answer:
    """Of upstream."""

    status: int
    body: Any  # None without one
    header: Json


def encode(header: Mapping[str, Any], payload: bytes = b"") -> bytes:
    """`payload_size` is added unless the header has one."""
    text = json.dumps({"payload_size": len(payload), **header}, separators=(",", ":"), ensure_ascii=False).encode()
    return b"TWILSOCK V3.0 %d\r\n%b\r\n%b" % (len(text), text, payload)


def decode(data: bytes | str) -> Frame:
    """Strictly."""
    assert isinstance(data, bytes), "the SDKs read text messages as empty"
    first, _, rest = data.partition(b"\r\n")
    name, version, digits = first.split(b" ")
    assert (name, version) == (b"TWILSOCK", b"V3.0")
    size = int(digits)
    header, payload = json.loads(rest[:size]), rest[size + 2 :]
    assert rest[size : size + 2] == b"\r\n"
    assert header["payload_size"] == len(payload)
    return Frame(header, payload)


class TwilsockClient:
    """One connection. A task of its own reads; whoever opens it closes it."""

    def __init__(self, connection: websockets.ClientConnection, *, acknowledge: bool) -> None:
        self.connection = connection
        self.told: deque[Frame] = deque()
        """What the server said by itself: notifications, client_update, close."""
        self.frames: list[Frame] = []
        """Everything, in order."""
        self._acknowledge = acknowledge
        self._ids = itertools.count(1)
        self._calls: dict[str, asyncio.Future[Frame]] = {}
        self._news = asyncio.Event()
        self._reader = asyncio.create_task(self._read())  # owned: `close` awaits it

    @classmethod
    async def open(cls, url: str, *, origin: str | None = None, acknowledge: bool = True) -> Self:
        """`url` of the node, or of the WebSocket."""
        if not url.endswith("/v3/wsconnect"):
            url = url.replace("http", "ws", 1) + "/v3/wsconnect"
        connection = await websockets.connect(
            url,
            compression=None,
            max_size=None,
            ping_interval=None,
            proxy=None,
            origin=None if origin is None else Origin(origin),
        )
        return cls(connection, acknowledge=acknowledge)

    # Saying.

    async def init(self, token: str | None, types: Sequence[str] = (SYNC, TYPING), **fields: Any) -> Json:
        """Header of the reply, whatever it says."""
        registration = {"product": "ip_messaging", "type": "ers", "notification_protocol_version": 0}
        registrations = [{**registration, "message_types": list(types)}] if types else None
        frame = await self.call(
            "init",
            token=token,
            **{
                "continuation_token": None,
                "metadata": {"ver": "0.12.2", "type": "chat", "sdk": "test", "sdkv": "0"},
                "registrations": registrations,
                "tweaks": None,
                "capabilities": ["client_update", "offline_storage", "telemetry.v1"],
                **fields,
            },
        )
        return frame.header

    async def request(
        self, method: str, path: str, body: object = None, *, params: Mapping[str, Any] | None = None, **headers: str
    ) -> Answer:
        """`path` goes as it is, `params` are encoded here."""
        frame = await self.post(method, path, body, params=params, **headers)
        assert frame.header["status"]["code"] == 200, frame.header
        status = frame.header["http_status"]["code"]
        return Answer(status, frame.json if frame.payload else None, frame.header)

    def post(
        self, method: str, path: str, body: object = None, *, params: Mapping[str, Any] | None = None, **headers: str
    ) -> asyncio.Future[Frame]:
        """As `request`, without waiting."""
        encoded = {name: _encode_param(value) for name, value in (params or {}).items()}
        payload = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        content_type = headers.pop("content_type", "application/json; charset=utf-8")
        http = {
            "host": "aim.us1.twilio.com",
            "path": path,
            "method": method,
            "params": encoded,
            "headers": {"Content-Type": content_type, **headers},
        }
        return self.call("message", payload, active_grant="ip_messaging", payload_type=content_type, http_request=http)

    def call(self, method: str, payload: bytes = b"", **fields: Any) -> asyncio.Future[Frame]:
        """A frame that is answered."""
        number = f"TM{next(self._ids)}"
        future: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        if self._reader.done() or self.connection.state is not websockets.State.OPEN:
            future.set_exception(Gone())
            return future
        self._calls[number] = future
        self.send(encode({"method": method, "id": number, **fields}, payload))
        return future

    def send(self, data: bytes | str) -> None:
        """Any message, at once: `send` of this library waits only for the buffer to drain."""
        protocol = self.connection.protocol
        if isinstance(data, str):
            protocol.send_text(data.encode())
        else:
            protocol.send_binary(data)
        self.connection.send_data()

    # Hearing.

    async def heard(self, method: str, fits: Callable[[Frame], object] = lambda _: True) -> Frame:
        """Takes the next frame of the server's own that fits; the ones before it are dropped."""
        async with asyncio.timeout(PATIENCE):
            while True:
                while self.told:
                    frame = self.told.popleft()
                    if frame.header["method"] == method and fits(frame):
                        return frame
                if self._reader.done():
                    raise Gone
                self._news.clear()
                await self._news.wait()

    async def news(self) -> None:
        """Returns once anything came after the call."""
        self._news.clear()
        async with asyncio.timeout(PATIENCE):
            await self._news.wait()

    async def event(self, kind: str, fits: Callable[[Json], object] = lambda _: True) -> Json:
        """The next Sync event of this type; those before it are dropped."""
        frame = await self.heard(
            "notification",
            lambda f: (
                f.header["message_type"] == SYNC
                and f.json["event_type"] == kind
                and any(fits(e) for e in events_of(f.json))
            ),
        )
        return next(event for event in events_of(frame.json) if fits(event))

    async def ended(self) -> tuple[int, str]:
        """Close code and reason, once the connection is over."""
        async with asyncio.timeout(PATIENCE):
            await asyncio.shield(self._reader)
        assert self.connection.close_code is not None, "the reader ends with the connection"
        return self.connection.close_code, self.connection.close_reason or ""

    async def close(self) -> None:
        await self.connection.close()
        await self._reader

    async def _read(self) -> None:
        try:
            async for data in self.connection:
                self._take(decode(data))
        except websockets.ConnectionClosedError:
            pass
        finally:
            self._news.set()
            for call in self._calls.values():
                if not call.done():
                    call.set_exception(Gone())
                    call.exception()  # nobody may be waiting

    def _take(self, frame: Frame) -> None:
        self.frames.append(frame)
        header = frame.header
        if header["method"] == "reply":
            call = self._calls.pop(header["id"], None)
            if call is not None and not call.done():  # else sent by `send`, or nobody waits any more
                call.set_result(frame)
            return
        self.told.append(frame)
        self._news.set()
        if self._acknowledge and header["method"] != "close":
            with contextlib.suppress(websockets.InvalidState):  # it is being closed
                self.send(encode({"method": "reply", "id": header["id"], "status": {"code": 200, "status": "OK"}}))


def events_of(payload: Json) -> list[Json]:
    """Of either event protocol version."""
    events: list[Json] = payload["events"] if "events" in payload else [payload["event"]]
    return events


def _encode_param(value: object) -> object:
    return [quote(str(each), safe="") for each in value] if isinstance(value, list) else quote(str(value), safe="")
