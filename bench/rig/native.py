"""Clients of the Centrifuge protocol in JSON and in Protobuf. Both subscribe every joined channel with `connect`."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from centrifuge.protocol import client_pb2

from bench.load.deployment import WEBSOCKET
from bench.rig.client import BINARY, TEXT, Client, TurnedAwayError

_PREFIX = "chat:"
_MODE = {"subscribe": "joined"}
_CONNECT = 1


class _Message(msgspec.Struct):
    index: int = -1
    body: str | None = None


class _Data(msgspec.Struct):
    type: str = ""
    message: _Message | None = None


class _Publication(msgspec.Struct):
    data: _Data
    offset: int = 0


class _Push(msgspec.Struct):
    channel: str = ""
    pub: _Publication | None = None


class _Error(msgspec.Struct):
    code: int = 0
    message: str = ""


class _Subscribed(msgspec.Struct):
    recoverable: bool = False
    recovered: bool = False
    was_recovering: bool = False
    epoch: str = ""
    offset: int = 0
    publications: list[_Publication] = []


class _Connected(msgspec.Struct):
    subs: dict[str, _Subscribed] = {}


class _Reply(msgspec.Struct):
    id: int = 0
    error: _Error | None = None
    push: _Push | None = None
    connect: _Connected | None = None


_REPLIES = msgspec.json.Decoder(_Reply)
_DATA = msgspec.json.Decoder(_Data)


class _Native(Client):
    """`_positions` of the channels that can be recovered: (epoch, offset) by name."""

    path = WEBSOCKET

    def __init__(self, *arguments: Any) -> None:  # those of Client
        super().__init__(*arguments)
        self._positions: dict[str, tuple[str, int]] = {}
        self._last = _CONNECT

    def _wanted(self) -> dict[str, dict[str, object]]:
        return {
            name: {"recover": True, "epoch": epoch, "offset": offset}
            for name, (epoch, offset) in self._positions.items()
        }

    def _reply(self, reply: _Reply) -> None:
        if reply.push is not None:
            if reply.push.pub is not None:
                self._publication(reply.push.channel, reply.push.pub)
        elif reply.connect is not None:
            for name, subscribed in reply.connect.subs.items():
                self._subscribed(name, subscribed)
            self._lives()
        elif reply.error is not None:
            error = f"{reply.error.code} {reply.error.message}"
            if reply.id == _CONNECT:
                raise TurnedAwayError(error)
            self._answered(reply.id, error)
        elif reply.id in self.in_flight:
            self._answered(reply.id)

    def _subscribed(self, name: str, subscribed: _Subscribed) -> None:
        if not subscribed.recoverable:
            return
        if subscribed.was_recovering and not subscribed.recovered:
            self._witness.refused_recovery(self)
        # Where recovered publications begin; each of them moves it on.
        self._positions[name] = (subscribed.epoch, subscribed.offset)
        for publication in subscribed.publications:
            self._publication(name, publication)

    def _publication(self, name: str, publication: _Publication) -> None:
        if publication.offset:
            self._positions[name] = (self._positions[name][0], publication.offset)
        self._added(name, publication.data)

    def _added(self, name: str, data: _Data) -> None:
        if data.type == "message.added" and data.message is not None:
            self._came(self.place.rooms[name.removeprefix(_PREFIX)], data.message.index, data.message.body)

    def _number(self, token: int, now: int) -> int:
        self._last += 1
        self.in_flight[self._last] = (token, now)
        return self._last

    def _message_data(self, room: int, body: str, ref: str) -> bytes:
        return f'{{"channel":"{self._sids[room]}","body":"{body}","client_ref":"{ref}"}}'.encode()


class JsonClient(_Native):
    def send(self, room: int, body: str, ref: str, token: int, now: int) -> None:
        data = self._message_data(room, body, ref)
        number = self._number(token, now)
        self._write(b'{"id":%d,"rpc":{"method":"message.send","data":%b}}' % (number, data), TEXT)

    def _greet(self) -> None:
        connect = {"token": self.place.token, "data": _MODE, "subs": self._wanted()}
        self._write(json.dumps({"id": _CONNECT, "connect": connect}).encode(), TEXT)

    def _message(self, payload: bytes) -> None:
        if payload == b"{}":
            self._write(payload, TEXT)
            return
        for line in payload.split(b"\n"):
            self._reply(_REPLIES.decode(line))


class ProtobufClient(_Native):
    subprotocol = "centrifuge-protobuf"

    def send(self, room: int, body: str, ref: str, token: int, now: int) -> None:
        data = self._message_data(room, body, ref)
        rpc = client_pb2.RPCRequest(method="message.send", data=data)
        self._write_command(client_pb2.Command(id=self._number(token, now), rpc=rpc))

    def _greet(self) -> None:
        connect = client_pb2.ConnectRequest(token=self.place.token, data=json.dumps(_MODE).encode())
        for name, wanted in self._wanted().items():
            connect.subs[name].CopyFrom(client_pb2.SubscribeRequest(**wanted))
        self._write_command(client_pb2.Command(id=_CONNECT, connect=connect))

    def _write_command(self, command: Any) -> None:  # generated classes are not typed
        encoded = command.SerializeToString()
        self._write(_varint(len(encoded)) + encoded, BINARY)

    def _message(self, payload: bytes) -> None:
        at = 0
        while at < len(payload):
            size, at = _length(payload, at)
            if size == 0:
                self._write(b"\0", BINARY)  # a ping
            else:
                self._reply(_plain(client_pb2.Reply.FromString(payload[at : at + size])))
            at += size


def _plain(reply: Any) -> _Reply:  # generated classes are not typed
    found = _Reply(id=reply.id)
    if reply.HasField("push"):
        found.push = _Push(channel=reply.push.channel)
        if reply.push.HasField("pub"):
            found.push.pub = _publication(reply.push.pub)
    elif reply.HasField("connect"):
        found.connect = _Connected(subs={name: _subscribed(sub) for name, sub in reply.connect.subs.items()})
    elif reply.HasField("error"):
        found.error = _Error(code=reply.error.code, message=reply.error.message)
    return found


def _publication(publication: Any) -> _Publication:  # generated classes are not typed
    return _Publication(data=_DATA.decode(publication.data), offset=publication.offset)


def _subscribed(sub: Any) -> _Subscribed:  # generated classes are not typed
    return _Subscribed(
        recoverable=sub.recoverable,
        recovered=sub.recovered,
        was_recovering=sub.was_recovering,
        epoch=sub.epoch,
        offset=sub.offset,
        publications=[_publication(each) for each in sub.publications],
    )


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def _length(data: bytes, at: int) -> tuple[int, int]:
    """(number, where it ends)."""
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
