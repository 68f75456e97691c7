"""A small client of the Centrifuge protocol, JSON or Protobuf: fast, and free to misbehave where the SDKs are not.

Encoding and decoding are independent of the server's: plain `json`, and the schema that the official Python library
was generated from.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self

import websockets
from centrifuge.protocol import client_pb2
from websockets.typing import Subprotocol

from tests.support.patience import PATIENCE

_OBJECT = Mapping[str, Any]  # a command, reply or push: the JSON form of the protocol, in both encodings


class ErrorReply(Exception):
    """The server answered a command with an error."""

    def __init__(self, error: _OBJECT) -> None:
        super().__init__(f"{error['code']} {error['message']}")
        self.code = int(error["code"])
        self.temporary = bool(error.get("temporary", False))


class Gone(Exception):
    """The connection ended before the answer came."""


class NativeClient:
    """One connection. A task of its own reads; whoever opens it closes it."""

    def __init__(self, connection: websockets.ClientConnection, *, protobuf: bool, pong: bool) -> None:
        self.connection = connection
        self.pushes: deque[_OBJECT] = deque()
        """Pushes that `on_push` did not take."""
        self.on_push: Callable[[_OBJECT], None] = self.pushes.append
        self.pings = 0
        self.frames = 0
        self._protobuf = protobuf
        self._pong = pong
        self._ids = itertools.count(1)
        self._calls: dict[int, asyncio.Future[_OBJECT]] = {}
        self._news = asyncio.Event()
        self._reader = asyncio.create_task(self._read())  # owned: `close` awaits it

    @classmethod
    async def open(cls, url: str, *, protobuf: bool = False, pong: bool = True) -> Self:
        offered = [Subprotocol("centrifuge-protobuf")] if protobuf else None
        connection = await websockets.connect(
            url, subprotocols=offered, compression=None, max_size=None, ping_interval=None, proxy=None
        )
        return cls(connection, protobuf=protobuf, pong=pong)

    async def connect(self, token: str, *, mode: str = "joined", subs: _OBJECT | None = None) -> _OBJECT:
        """The connect result."""
        return await self.command("connect", token=token, data={"subscribe": mode}, subs=dict(subs or {}))

    async def command(self, member: str, **fields: Any) -> _OBJECT:
        """The result. Raises ErrorReply or Gone."""
        return await self.post(member, **fields)

    def post(self, member: str, **fields: Any) -> asyncio.Future[_OBJECT]:
        """As `command`, without waiting for anything; commands of one turn may share a TCP segment, not a frame."""
        (call,) = self.post_together([(member, fields)])
        return call

    def post_together(self, commands: Iterable[tuple[str, _OBJECT]]) -> list[asyncio.Future[_OBJECT]]:
        """Several commands in one frame."""
        numbered: list[dict[str, Any]] = [{"id": next(self._ids), member: fields} for member, fields in commands]
        calls: list[asyncio.Future[_OBJECT]] = [asyncio.get_running_loop().create_future() for _ in numbered]
        if self._reader.done() or self.connection.state is not websockets.State.OPEN:
            for call in calls:
                call.set_exception(Gone())
            return calls
        self._calls |= {command["id"]: call for command, call in zip(numbered, calls, strict=True)}
        # The frame is written at once: `send` of this library waits only for the buffer to drain.
        protocol = self.connection.protocol
        if self._protobuf:
            protocol.send_binary(encode_protobuf(numbered))
        else:
            protocol.send_text(encode_json(numbered))
        self.connection.send_data()
        return calls

    async def rpc(self, method: str, **params: Any) -> Any:
        """The result's data. Raises ErrorReply or Gone."""
        return (await self.command("rpc", method=method, data=params)).get("data")

    async def push(self, fits: Callable[[_OBJECT], object] = lambda _: True) -> _OBJECT:
        """Takes the next push that fits; the ones before it are dropped."""
        async with asyncio.timeout(PATIENCE):
            while True:
                while self.pushes:
                    if fits(found := self.pushes.popleft()):
                        return found
                self._news.clear()
                await self._news.wait()

    async def pinged(self, times: int) -> None:
        """Returns once this many pings came since the beginning."""
        async with asyncio.timeout(PATIENCE):
            while self.pings < times:
                self._news.clear()
                await self._news.wait()

    async def ended(self) -> tuple[int, str]:
        """Close code and reason, once the connection is over."""
        async with asyncio.timeout(PATIENCE):
            await asyncio.shield(self._reader)
        assert self.connection.close_code is not None, "the reader ends with the connection"
        return self.connection.close_code, self.connection.close_reason or ""

    async def left(self) -> None:
        """Returns when the connection is over, however long that takes."""
        await asyncio.shield(self._reader)

    def cut(self) -> None:
        """Without a close frame."""
        self.connection.transport.abort()

    async def close(self) -> None:
        await self.connection.close()
        await self._reader

    async def _read(self) -> None:
        try:
            async for frame in self.connection:
                self.frames += 1
                for reply in decode(frame):
                    self._handle(reply)
                self._news.set()
        except websockets.ConnectionClosedError:
            pass  # `ended` tells the code
        finally:
            for call in self._calls.values():
                if not call.done():
                    call.set_exception(Gone())
                    call.exception()  # whoever awaits it gets it; nobody has to

    def _handle(self, reply: _OBJECT) -> None:
        if "push" in reply:
            self.on_push(reply["push"])
        elif "id" in reply:
            call = self._calls.pop(reply["id"])
            if call.done():
                return
            if "error" in reply:
                call.set_exception(ErrorReply(reply["error"]))
            else:
                call.set_result(next(result for member, result in reply.items() if member != "id"))
        else:
            assert not reply, f"neither reply nor push nor ping: {reply}"
            self.pings += 1
            if self._pong:
                self.pong()

    def pong(self) -> None:
        if self.connection.state is not websockets.State.OPEN:
            return
        if self._protobuf:
            self.connection.protocol.send_binary(b"\x00")
        else:
            self.connection.protocol.send_text(b"{}")
        self.connection.send_data()


def encode_json(commands: Iterable[_OBJECT]) -> bytes:
    return "\n".join(json.dumps(command, ensure_ascii=False) for command in commands).encode()


def encode_protobuf(commands: Iterable[_OBJECT]) -> bytes:
    parts = []
    for command in commands:
        message = client_pb2.Command()
        _fill(message, command)
        parts.append(delimited(message.SerializeToString()))
    return b"".join(parts)


def delimited(message: bytes) -> bytes:
    """With its length in front, as a base-128 varint."""
    size, prefix = len(message), bytearray()
    while size > 0x7F:
        prefix.append(size & 0x7F | 0x80)
        size >>= 7
    prefix.append(size)
    return bytes(prefix) + message


def decode(frame: str | bytes) -> Sequence[_OBJECT]:
    """The replies of a frame. Payloads are decoded in both encodings."""
    if isinstance(frame, str):
        return [json.loads(line) for line in frame.split("\n")]
    replies, at = [], 0
    while at < len(frame):
        size, shift = 0, 0
        while True:
            byte = frame[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        replies.append(_plain(client_pb2.Reply.FromString(frame[at : at + size])))
        at += size
    return replies


def _fill(message: Any, values: _OBJECT) -> None:  # generated classes are not typed
    for name, value in values.items():
        field = message.DESCRIPTOR.fields_by_name[name]
        if field.message_type is None:
            setattr(message, name, json.dumps(value).encode() if field.type == field.TYPE_BYTES else value)
        elif field.message_type.GetOptions().map_entry:
            for key, entry in value.items():
                _fill(getattr(message, name)[key], entry)
        else:
            getattr(message, name).SetInParent()
            _fill(getattr(message, name), value)


def _plain(message: Any) -> dict[str, Any]:  # generated classes are not typed
    return {field.name: _value(field, value) for field, value in message.ListFields()}


def _value(field: Any, value: Any) -> Any:  # generated classes are not typed
    if field.message_type is None:
        return json.loads(value) if field.type == field.TYPE_BYTES else value
    if field.message_type.GetOptions().map_entry:
        entry = field.message_type.fields_by_name["value"]
        return {key: _value(entry, each) for key, each in value.items()}
    if field.is_repeated:
        return [_plain(each) for each in value]
    return _plain(value)
