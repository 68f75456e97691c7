from __future__ import annotations

import json

import msgspec
import pytest

from gateway.centrifuge import codec_json
from gateway.centrifuge.errors import ProtocolError
from gateway.centrifuge.messages import (
    Connect,
    HistoryResult,
    Ping,
    Pong,
    Publication,
    PubPush,
    Rpc,
    RpcResult,
    Send,
    Subscribe,
    SubscribeRequest,
)


def test_one_trailing_newline_is_tolerated() -> None:
    assert list(codec_json.decode(b'{"id":1,"ping":{}}\n{}\n')) == [Ping(id=1), Pong()]


@pytest.mark.parametrize(
    "frame",
    [
        b"\n",
        b" ",
        b"[]",
        b"1",
        b"null",
        b'""',
        b"{",
        b"{}{}",
        b"{}\n\n",
        b"\n{}",
        b'{"id":1,\n"ping":{}}',
        b'\xef\xbb\xbf{"id":1,"ping":{}}',
        b'{"id":"1","ping":{}}',
        b'{"id":1.5,"ping":{}}',
        b'{"id":1.0,"ping":{}}',
        b'{"id":-1,"ping":{}}',
        b'{"id":4294967296,"ping":{}}',
        b'{"id":99999999999999999999999,"ping":{}}',
        b'{"id":true,"ping":{}}',
        b'{"id":1,"ping":[]}',
        b'{"id":1,"ping":true}',
        b'{"id":1,"rpc":{"method":5}}',
        b'{"id":1,"rpc":{"method":"\\ud800"}}',
        b'{"id":1,"rpc":{"data":tru}}',
        b'{"id":1,"rpc":{"data":[1,]}}',
        b'{"id":1,"rpc":{"data":NaN}}',
        b'{"id":1,"rpc":{"data":"\xff"}}',
        b'{"id":1,"rpc":{"data":"\xed\xa0\x80"}}',
        b'{"id":1,"rpc":{"data":"\x01"}}',
        b'{"id":1,"rpc":{"data":"\\ud8"}}',
        b'{"id":1,"subscribe":{"channel":"x","offset":-1}}',
        b'{"id":1,"subscribe":{"channel":"x","offset":"1"}}',
        b'{"id":1,"subscribe":{"channel":"x","offset":18446744073709551616}}',
        b'{"id":1,"subscribe":{"channel":"x","flag":9223372036854775808}}',
        b'{"id":1,"subscribe":{"channel":"x","type":2147483648}}',
        b'{"id":1,"subscribe":{"channel":"x","recover":1}}',
        b'{"id":1,"subscribe":{"channel":"x","tf":true}}',
        b'{"id":1,"history":{"since":{"offset":18446744073709551616}}}',
        b'{"id":1,"history":{"limit":-2147483649}}',
        b'{"id":1,"connect":{"subs":[]}}',
        b'{"id":1,"connect":{"headers":{"a":1}}}',
    ],
)
def test_malformed_or_mistyped_message_is_refused(frame: bytes) -> None:
    with pytest.raises(ProtocolError):
        list(codec_json.decode(frame))


def test_null_is_absent_everywhere() -> None:
    frame = (
        b'{"id":null,"connect":null}\n'
        b'{"id":1,"connect":{"token":null,"data":null,"subs":{"me":null},"name":null,"headers":{"a":null}},"rpc":null}\n'
        b'{"id":2,"connect":{"subs":{"me":{"offset":null,"tf":null,"flag":null}},"headers":null}}'
    )
    assert list(codec_json.decode(frame)) == [
        Pong(),
        Connect(id=1, subs={"me": SubscribeRequest()}, headers={"a": ""}),
        Connect(id=2, subs={"me": SubscribeRequest()}),
    ]


def test_subscription_type_is_read() -> None:
    frame = b'{"id":1,"subscribe":{"channel":"x","type":2}}'
    assert list(codec_json.decode(frame)) == [Subscribe(id=1, request=SubscribeRequest(channel="x", type=2))]


def test_unknown_fields_are_ignored() -> None:
    frame = b'{"id":1,"x":[{"y":1}],"ping":{"z":null}}\n{"unknown":1}'
    assert list(codec_json.decode(frame)) == [Ping(id=1), Pong()]


@pytest.mark.parametrize(
    "data", [b"{}", b"[]", b'""', b"0", b"false", b'{ "a":1,\t"a":1e400, "\\u0000":"\\/\xc3\xa9" }']
)
def test_payload_keeps_the_text_the_client_wrote(data: bytes) -> None:
    assert list(codec_json.decode(b'{"id":1,"rpc":{"data":' + data + b"}}")) == [Rpc(id=1, data=data)]


@pytest.mark.parametrize(
    "data",
    [
        rb'"\ud800"',
        rb'"\udfff"',
        rb'"\ud800 and much more text behind it"',
        rb'"\uDBFF\uD83D\uDE00\uDC00"',
        rb'"\ud800\u0041\\ud800\\\udc00"',
        rb'{"\ud800":["\"\udc00"]}',
    ],
)
def test_lone_surrogate_in_a_payload_is_left_to_its_reader(data: bytes) -> None:
    assert list(codec_json.decode(b'{"send":{"data":' + data + b"}}\n{}")) == [Send(data=data), Pong()]
    json.loads(data)
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(data)


def test_escaped_surrogate_pairs_are_ordinary_text() -> None:
    [command] = codec_json.decode(rb'{"id":1,"rpc":{"method":"\ud83d\ude00","data":"\ud83d\ude00"}}')
    assert command == Rpc(id=1, method="\N{GRINNING FACE}", data=rb'"\ud83d\ude00"')


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_deep_nesting_is_refused(opening: bytes) -> None:
    for closing in (b"", b"]" * 100_000):
        with pytest.raises(ProtocolError):
            list(codec_json.decode(b'{"id":1,"rpc":{"data":' + opening * 100_000 + closing + b"}}"))


def test_payloads_never_bring_a_newline_into_a_frame() -> None:
    data = b'{\n  "a": [\n1,\r\n2]\n}\n'
    publication = Publication(data=data, offset=1)
    for message in (
        codec_json.publication_frame("c", data, 1),
        codec_json.encode_push(PubPush(channel="c", pub=publication)),
        codec_json.encode_reply(1, RpcResult(data=data)),
        codec_json.encode_reply(1, HistoryResult(publications=(publication,))),
    ):
        assert b"\n" not in message
        assert b'{   "a": [ 1,\r 2] } ' in message


def test_bytes_on_the_wire() -> None:
    publication = codec_json.publication_frame("live", b'{"type":"typing"}', 0)
    assert publication == b'{"push":{"channel":"live","pub":{"data":{"type":"typing"}}}}'
    reply = codec_json.encode_reply(7, RpcResult(data=b"{}"))
    assert codec_json.join([reply, codec_json.PING]) == b'{"id":7,"rpc":{"data":{}}}\n{}'
