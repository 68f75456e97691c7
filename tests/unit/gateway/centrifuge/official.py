"""The client's side of both encodings, built on the official Python SDK's schema and the standard library."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from centrifuge.codecs import _varint_decode, _varint_encode
from centrifuge.protocol import client_pb2 as official

PAYLOADS = frozenset({"data", "conn_info", "chan_info"})


def json_frame(commands: Iterable[Mapping[str, Any]]) -> bytes:
    return "\n".join(json.dumps(command) for command in commands).encode()


def protobuf_frame(commands: Iterable[Mapping[str, Any]]) -> bytes:
    messages = [official.Command(**_as_bytes(command)).SerializeToString() for command in commands]
    return b"".join(_varint_encode(len(message)) + message for message in messages)


def _as_bytes(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {
        name: json.dumps(field).encode() if name in PAYLOADS else _as_bytes(field)
        for name, field in value.items()
        if field is not None
    }


def json_replies(frame: bytes) -> list[Any]:
    return [json.loads(line) for line in frame.split(b"\n")]


def protobuf_replies(frame: bytes) -> list[Any]:
    replies = []
    at = 0
    while at < len(frame):
        length, at = _varint_decode(frame, at)
        assert at + length <= len(frame)
        replies.append(_as_json(official.Reply.FromString(frame[at : at + length])))
        at += length
    return replies


def _as_json(message: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field, value in message.ListFields():
        if field.name in PAYLOADS:
            found[field.name] = json.loads(value)
        elif field.message_type is None:
            found[field.name] = value
        elif field.message_type.GetOptions().map_entry:
            found[field.name] = {key: _as_json(item) for key, item in value.items()}
        elif field.is_repeated:
            found[field.name] = [_as_json(item) for item in value]
        else:
            found[field.name] = _as_json(value)
    return found
