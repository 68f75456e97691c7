from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from centrifuge.protocol import client_pb2 as official

import gateway.centrifuge
from gateway.centrifuge import client_pb2, codec_protobuf
from gateway.centrifuge.errors import ProtocolError
from gateway.centrifuge.messages import Ping, Pong, Rpc, RpcResult, Send, Subscribe, SubscribeRequest

PING_COMMAND = b"\x04\x08\x01\x5a\x00"
NEWER_THAN_THE_PYTHON_SDK = {"SubscribeRequest": {"type"}}


@pytest.mark.parametrize(
    "frame",
    [
        b"\x05\x08\x01\x5a\x00",
        b"\x80",
        b"\xff" * 9,
        b"\xff" * 10,
        b"\x80" * 10 + b"\x00",
        b"\xff" * 9 + b"\x01" + PING_COMMAND,
        PING_COMMAND[:-1],
        b"\x01\x08",
        b"\x01\xff",
        b"\x07\x08\x01\x6a\x03\x12\x01\xff",
        b"\x02\x6a\x05",
        b"{}",
    ],
    ids=bytes.hex,
)
def test_malformed_frame_is_refused(frame: bytes) -> None:
    with pytest.raises(ProtocolError):
        list(codec_protobuf.decode(frame))


def test_commands_before_a_broken_length_are_handed_out() -> None:
    commands = codec_protobuf.decode(PING_COMMAND + b"\x00" + b"\x7f")
    assert [next(commands), next(commands)] == [Ping(id=1), Pong()]
    with pytest.raises(ProtocolError):
        next(commands)


def test_length_of_several_bytes_is_read() -> None:
    data = b'"' + b"x" * 40_000 + b'"'
    message = official.Command(send=official.SendRequest(data=data)).SerializeToString()
    length = bytes((len(message) & 0x7F | 0x80, len(message) >> 7 & 0x7F | 0x80, len(message) >> 14))
    assert list(codec_protobuf.decode(length + message + b"\x80\x00")) == [Send(data=data), Pong()]


def test_unknown_fields_are_ignored() -> None:
    assert list(codec_protobuf.decode(b"\x08\xa2\x06\x01x" + PING_COMMAND[1:])) == [Ping(id=1)]
    assert list(codec_protobuf.decode(b"\x04\xa2\x06\x01x")) == [Pong()]


def test_subscription_type_is_read() -> None:
    frame = b"\x09\x08\x01\x2a\x05\x0a\x01x\x78\x02"
    assert list(codec_protobuf.decode(frame)) == [Subscribe(id=1, request=SubscribeRequest(channel="x", type=2))]


def test_payload_bytes_are_left_to_their_reader() -> None:
    message = official.Command(id=1, rpc=official.RPCRequest(data=b"\xff\x00")).SerializeToString()
    assert list(codec_protobuf.decode(bytes((len(message),)) + message)) == [Rpc(id=1, data=b"\xff\x00")]


def test_groups_nested_without_end_are_refused() -> None:
    message = b"\xa3\x06" * 50_000
    length = bytes((len(message) & 0x7F | 0x80, len(message) >> 7 & 0x7F | 0x80, len(message) >> 14))
    with pytest.raises(ProtocolError):
        list(codec_protobuf.decode(length + message))


def test_bytes_on_the_wire() -> None:
    publication = codec_protobuf.publication_frame("live", b"{}", 0)
    assert publication == b'\x0e"\x0c\x12\x04live"\x04"\x02{}'
    reply = codec_protobuf.encode_reply(7, RpcResult(data=b"{}"))
    assert codec_protobuf.join([reply, codec_protobuf.PING]) == b"\x08\x08\x07\x6a\x04\x0a\x02{}\x00"


def _shape(field: Any) -> tuple[Any, ...]:
    kind = field.message_type.name if field.message_type is not None else field.type
    return field.name, field.number, kind, field.is_repeated


def _schema(module: Any) -> dict[str, dict[str, tuple[Any, ...]]]:
    return {
        name: {field.name: _shape(field) for field in message.fields}
        for name, message in module.DESCRIPTOR.message_types_by_name.items()
    }


def test_schema_is_a_part_of_the_official_one() -> None:
    ours, theirs = _schema(client_pb2), _schema(official)
    for message, fields in ours.items():
        for name in fields.keys() - NEWER_THAN_THE_PYTHON_SDK.get(message, set()):
            assert fields[name] == theirs[message].get(name), (message, name)
    assert ours["Command"] == theirs["Command"]
    assert ours["Reply"] == theirs["Reply"]


def test_generated_code_follows_the_schema_file() -> None:
    schema = Path(gateway.centrifuge.__file__).with_name("client.proto").read_text()
    written = set()
    message = ""
    for line in schema.splitlines():
        if opening := re.match(r"message (\w+)", line):
            message = opening[1]
        elif field := re.match(r"  (?:map<.*>|[\w ]+) (\w+) = (\d+);", line):
            written.add((message, field[1], int(field[2])))
    generated = {(name, *field[:2]) for name, fields in _schema(client_pb2).items() for field in fields.values()}
    assert written == generated
