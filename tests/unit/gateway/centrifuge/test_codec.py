"""What both encodings must do alike."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

import pytest

from gateway.centrifuge import codec_json, codec_protobuf
from gateway.centrifuge.codec import FRAME_BYTES, FRAME_MESSAGES, Codec
from gateway.centrifuge.errors import ProtocolError
from gateway.centrifuge.messages import (
    Command,
    Connect,
    ConnectResult,
    ErrorReply,
    History,
    Ping,
    Pong,
    Presence,
    PresenceStats,
    Publication,
    Publish,
    PubPush,
    Refresh,
    Rpc,
    Send,
    StreamPosition,
    SubRefresh,
    Subscribe,
    SubscribeRequest,
    SubscribeResult,
    Unsubscribe,
    UnsubscribeResult,
)

from .official import json_frame, json_replies, protobuf_frame, protobuf_replies

Encode = Callable[[Iterable[Mapping[str, Any]]], bytes]
Replies = Callable[[bytes], list[Any]]

BOTH: list[tuple[Codec, Encode, Replies]] = [
    (codec_json, json_frame, json_replies),
    (codec_protobuf, protobuf_frame, protobuf_replies),
]
both = pytest.mark.parametrize(("codec", "encode", "replies"), BOTH, ids=["json", "protobuf"])

FULL_REQUEST: dict[str, Any] = {
    "channel": "chat:CH1",
    "token": "t",
    "recover": True,
    "epoch": "e",
    "offset": 2**64 - 1,
    "data": [1, "é", None],
    "positioned": True,
    "recoverable": True,
    "join_leave": True,
    "delta": "fossil",
    "tf": {},
    "flag": 2**63 - 1,
}
FULL_REQUEST_READ = SubscribeRequest(
    channel="chat:CH1",
    token="t",
    recover=True,
    epoch="e",
    offset=2**64 - 1,
    data=b'[1, "\\u00e9", null]',
    positioned=True,
    recoverable=True,
    join_leave=True,
    delta="fossil",
    tag_filter=True,
    flag=2**63 - 1,
)

COMMANDS: list[tuple[dict[str, Any], Command]] = [
    ({}, Pong()),
    ({"id": 1, "connect": {}}, Connect(id=1)),
    (
        {
            "id": 2**32 - 1,
            "connect": {
                "token": "t",
                "data": {"subscribe": "feed"},
                "subs": {"me": {}, "chat:CH1": FULL_REQUEST},
                "name": "js",
                "version": "5.8.0",
                "headers": {"a": "b", "c": ""},
            },
        },
        Connect(
            id=2**32 - 1,
            token="t",
            data=b'{"subscribe": "feed"}',
            subs={"me": SubscribeRequest(), "chat:CH1": FULL_REQUEST_READ},
            name="js",
            version="5.8.0",
            headers={"a": "b", "c": ""},
        ),
    ),
    ({"id": 2, "subscribe": FULL_REQUEST}, Subscribe(id=2, request=FULL_REQUEST_READ)),
    ({"id": 2, "subscribe": {"channel": "x"}}, Subscribe(id=2, request=SubscribeRequest(channel="x"))),
    ({"id": 3, "unsubscribe": {"channel": "x"}}, Unsubscribe(id=3, channel="x")),
    ({"id": 4, "publish": {"channel": "x", "data": 0}}, Publish(id=4, channel="x", data=b"0")),
    ({"id": 4, "publish": {}}, Publish(id=4)),
    ({"id": 5, "presence": {"channel": "x"}}, Presence(id=5, channel="x")),
    ({"id": 6, "presence_stats": {"channel": "x"}}, PresenceStats(id=6, channel="x")),
    ({"id": 7, "history": {"channel": "x", "limit": -1}}, History(id=7, channel="x", limit=-1)),
    (
        {"id": 7, "history": {"channel": "x", "limit": 9, "since": {"offset": 3, "epoch": "e"}, "reverse": True}},
        History(id=7, channel="x", limit=9, since=StreamPosition(offset=3, epoch="e"), reverse=True),
    ),
    ({"id": 7, "history": {"since": {}}}, History(id=7, since=StreamPosition())),
    ({"id": 8, "ping": {}}, Ping(id=8)),
    ({"send": {"data": {"method": "typing.start"}}}, Send(data=b'{"method": "typing.start"}')),
    ({"id": 9, "send": {}}, Send()),
    ({"id": 9, "rpc": {"method": "message.send", "data": {}}}, Rpc(id=9, method="message.send", data=b"{}")),
    ({"id": 9, "rpc": {"method": "m", "data": None}}, Rpc(id=9, method="m")),
    ({"id": 10, "refresh": {"token": "t"}}, Refresh(id=10, token="t")),
    ({"id": 11, "sub_refresh": {"channel": "x", "token": "t"}}, SubRefresh(id=11, channel="x", token="t")),
    ({"id": 11, "sub_refresh": {"channel": "x"}}, SubRefresh(id=11, channel="x")),
]


@both
@pytest.mark.parametrize(("said", "read"), COMMANDS)
def test_every_command_is_read(
    codec: Codec, encode: Encode, replies: Replies, said: dict[str, Any], read: Command
) -> None:
    assert list(codec.decode(encode([said]))) == [read]


@both
def test_one_frame_carries_many_commands_in_order(codec: Codec, encode: Encode, replies: Replies) -> None:
    assert list(codec.decode(encode(said for said, _ in COMMANDS))) == [read for _, read in COMMANDS]


@both
@pytest.mark.parametrize(
    "said",
    [
        {"id": 1},
        {"rpc": {"method": "m"}},
        {"connect": {}},
        {"ping": {}},
        {"connect": {}, "send": {}},
        {"id": 1, "subscribe": {}},
        {"id": 1, "unsubscribe": {"channel": ""}},
        {"id": 1, "sub_refresh": {"token": "t"}},
        {"id": 1, "refresh": {}},
    ],
    ids=json.dumps,
)
def test_command_without_what_it_needs_is_refused(
    codec: Codec, encode: Encode, replies: Replies, said: dict[str, Any]
) -> None:
    with pytest.raises(ProtocolError):
        list(codec.decode(encode([said])))


@both
def test_first_member_by_field_number_counts(codec: Codec, encode: Encode, replies: Replies) -> None:
    frame = encode([{"id": 1, "sub_refresh": {}, "rpc": {}, "publish": {}}, {"rpc": {}, "send": {}}])
    assert list(codec.decode(frame)) == [Publish(id=1), Send()]


@both
def test_commands_before_a_bad_one_are_handed_out(codec: Codec, encode: Encode, replies: Replies) -> None:
    commands = codec.decode(encode([{"id": 1, "ping": {}}, {"id": 2}, {"id": 3, "ping": {}}]))
    assert next(commands) == Ping(id=1)
    with pytest.raises(ProtocolError):
        next(commands)


@both
def test_empty_frame_is_refused(codec: Codec, encode: Encode, replies: Replies) -> None:
    with pytest.raises(ProtocolError):
        list(codec.decode(b""))


@both
def test_ping_is_an_empty_reply(codec: Codec, encode: Encode, replies: Replies) -> None:
    assert replies(codec.PING) == [{}]


@both
def test_empty_result_is_kept_and_zero_values_are_left_out(codec: Codec, encode: Encode, replies: Replies) -> None:
    result = ConnectResult(client="c", subs={"me": SubscribeResult(recoverable=True), "live": SubscribeResult()})
    assert replies(codec.encode_reply(4, UnsubscribeResult())) == [{"id": 4, "unsubscribe": {}}]
    assert replies(codec.encode_reply(5, result)) == [
        {"id": 5, "connect": {"client": "c", "subs": {"me": {"recoverable": True}, "live": {}}}}
    ]


@both
def test_error_always_has_a_message(codec: Codec, encode: Encode, replies: Replies) -> None:
    lasting = codec.encode_error(1, ErrorReply(code=103, message="permission denied"))
    passing = codec.encode_error(2, ErrorReply(code=100, message="internal server error", temporary=True))
    assert replies(codec.join([lasting, passing])) == [
        {"id": 1, "error": {"code": 103, "message": "permission denied"}},
        {"id": 2, "error": {"code": 100, "message": "internal server error", "temporary": True}},
    ]


@both
@pytest.mark.parametrize("offset", [0, 1, 127, 128, 2**53])
@pytest.mark.parametrize("time", [0, 1_700_000_000_000])
@pytest.mark.parametrize("data", [b"{}", b'{"body":"' + b"x" * 20_000 + b'"}'], ids=len)
def test_publication_frame_is_the_push_of_that_publication(
    codec: Codec, encode: Encode, replies: Replies, offset: int, time: int, data: bytes
) -> None:
    frame = codec.publication_frame('chat:"é', data, offset, time)
    push = PubPush(channel='chat:"é', pub=Publication(data=data, offset=offset, time=time))
    assert replies(frame) == replies(codec.encode_push(push))
    assert ("offset" in replies(frame)[0]["push"]["pub"]) is bool(offset)


@both
def test_merge_keeps_order_and_both_bounds(codec: Codec, encode: Encode, replies: Replies) -> None:
    sizes = [1] * 40 + [30_000] * 5 + [100_000] + [1] * 3
    messages = [codec.publication_frame("c", b'"' + b"x" * size + b'"', at + 1) for at, size in enumerate(sizes)]
    payloads = codec.merge(messages)
    unpacked = [replies(payload) for payload in payloads]
    offsets = [reply["push"]["pub"]["offset"] for frame in unpacked for reply in frame]
    assert offsets == list(range(1, len(sizes) + 1))
    assert [len(frame) for frame in unpacked] == [16, 16, 10, 2, 1, 1, 3]
    assert all(len(frame) <= FRAME_MESSAGES for frame in unpacked)
    for payload, frame in zip(payloads, unpacked, strict=True):
        assert len(payload) <= FRAME_BYTES or len(frame) == 1
    assert codec.merge([]) == []


@both
def test_damaged_frames_are_commands_or_a_protocol_error(codec: Codec, encode: Encode, replies: Replies) -> None:
    dice = random.Random(20)
    frames = [encode([said]) for said, _ in COMMANDS] + [encode(said for said, _ in COMMANDS)]
    for _ in range(10_000):
        frame = bytearray(dice.choice(frames))
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(frame) + 1)
            match dice.randrange(3):
                case 0:
                    frame[at : at + 1] = dice.randbytes(1)
                case 1:
                    del frame[at : at + dice.randint(1, 8)]
                case _:
                    frame[at:at] = dice.choice([b'"', b"{", b"}", b"\n", b"\\ud800", b"\xff", b"\x00", b"null", b"-1"])
        with suppress(ProtocolError):
            list(codec.decode(bytes(frame)))
