from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.twilsock import codec, errors
from gateway.twilsock.codec import FRAME_MAX, BadFrame, BadMessage
from gateway.twilsock.messages import (
    Close,
    Closing,
    DeleteContext,
    HttpReply,
    HttpRequest,
    Ignored,
    Init,
    InitReply,
    Message,
    Outgoing,
    PutContext,
    Registration,
    Reply,
    TokenAboutToExpire,
    Update,
)
from tests.support.twilsock import decode, encode


def framed(header: bytes, payload: bytes = b"") -> bytes:
    return b"TWILSOCK V3.0 %d\r\n%b\r\n%b" % (len(header), header, payload)


@pytest.mark.parametrize(
    ("header", "payload", "message"),
    [
        ({"method": "init", "id": "a"}, b"", Init(id="a")),
        (
            {
                "method": "init",
                "id": "a",
                "token": "t",
                "continuation_token": {"any": "thing"},
                "metadata": {"sdk": "JS"},
                "registrations": [{"product": "ip_messaging", "type": "ers", "message_types": ["x", "y"]}],
                "tweaks": None,
                "capabilities": ["client_update"],
            },
            b"",
            Init(id="a", token="t", registrations=[Registration(product="ip_messaging", message_types=["x", "y"])]),
        ),
        ({"method": "update", "id": "a", "token": "t"}, b"", Update(id="a", token="t")),
        ({"method": "close", "id": "a"}, b"", Closing()),
        ({"method": "close"}, b"", Closing()),
        ({"method": "reply", "id": "a", "status": {"code": 200}}, b"", Ignored()),
        ({"method": "telemetry.v1", "id": "a", "events": []}, b"", Ignored()),
        (
            {"method": "put_notification_ctx", "id": "a", "notification_ctx_id": "c"},
            b'{"product_id":"ip_messaging","message_types":["x"]}',
            PutContext(id="a", notification_ctx_id="c", message_types=["x"]),
        ),
        (
            {"method": "put_notification_ctx", "id": "a", "notification_ctx_id": "c"},
            b"",
            PutContext(id="a", notification_ctx_id="c"),
        ),
        (
            {"method": "delete_notification_ctx", "id": "a", "notification_ctx_id": "c"},
            b"",
            DeleteContext(id="a", notification_ctx_id="c"),
        ),
        (
            {
                "method": "message",
                "id": "a",
                "active_grant": "ip_messaging",
                "payload_type": "application/json",
                "http_request": {
                    "host": "h",
                    "path": "/p",
                    "method": "POST",
                    "params": {"a": ["1", "2"]},
                    "headers": {"X": "y", "Content-Length": 2},
                },
            },
            "ü".encode(),
            Message(
                id="a",
                payload_type="application/json",
                payload="ü".encode(),
                http_request=HttpRequest(
                    path="/p", method="POST", params={"a": ["1", "2"]}, headers={"X": "y", "Content-Length": 2}
                ),
            ),
        ),
    ],
    ids=lambda value: "",
)
def test_what_clients_say(header: dict[str, Any], payload: bytes, message: object) -> None:
    assert codec.decode(encode(header, payload)) == message


def test_sizes_count_bytes() -> None:
    header = json.dumps(
        {"method": "update", "id": "ü€😀", "token": "ß", "payload_size": 0}, ensure_ascii=False
    ).encode()
    assert codec.decode(framed(header)) == Update(id="ü€😀", token="ß")


def test_without_a_size_there_is_no_payload() -> None:
    header = b'{"method":"message","id":"a","http_request":{"path":"/","method":"POST"}}'
    message = codec.decode(framed(header, b"ignored"))
    assert isinstance(message, Message)
    assert message.payload == b""


def test_bytes_behind_the_payload_do_not_belong_to_it() -> None:
    header = b'{"method":"message","id":"a","payload_size":2,"http_request":{"path":"/","method":"POST"}}'
    message = codec.decode(framed(header, b"{}more"))
    assert isinstance(message, Message)
    assert message.payload == b"{}"


def test_acknowledgements_with_white_space_are_ignored_too() -> None:
    assert codec.decode(framed(b'{ "method": "reply", "id": "a", "payload_size": 0 }')) == Ignored()


GOOD = b'{"method":"close","id":"a","payload_size":0}'
BROKEN = {
    "nothing": b"",
    "text": b"hello",
    "JSON": GOOD,
    "other version": framed(GOOD).replace(b"V3.0", b"V2.0"),
    "lower case": framed(GOOD).replace(b"TWILSOCK", b"twilsock"),
    "no size": b"TWILSOCK V3.0 \r\n" + GOOD + b"\r\n",
    "size without an end": b"TWILSOCK V3.0 44",
    "size that is no number": framed(GOOD).replace(b"44", b"4x"),
    "negative size": framed(GOOD).replace(b" 44", b" -4"),
    "signed size": framed(GOOD).replace(b" 44", b" +44"),
    "hexadecimal size": framed(GOOD).replace(b" 44", b" 0x2c"),
    "padded size": framed(GOOD).replace(b" 44", b"  44"),
    "endless size": b"TWILSOCK V3.0 " + b"9" * 10_000 + b"\r\n" + GOOD + b"\r\n",
    "size of a gigabyte": b"TWILSOCK V3.0 1073741824\r\n" + GOOD + b"\r\n",
    "size too small": framed(GOOD).replace(b"44", b"43"),
    "size too large": framed(GOOD).replace(b"44", b"45"),
    "no end of the header": b"TWILSOCK V3.0 44\r\n" + GOOD,
    "line feeds alone": framed(GOOD).replace(b"\r\n", b"\n"),
    "empty header": framed(b""),
    "header that is no JSON": framed(b"{method:close}"),
    "header that is an array": framed(b'["close"]'),
    "header that is null": framed(b"null"),
    "header that is no UTF-8": framed(b'{"method":"init","id":"\xff"}'),
    "header with a lone surrogate": framed(rb'{"method":"init","id":"\ud800"}'),
    "deep header": framed(b'{"a":' * 100_000),
    "deep but complete header": framed(b'{"method":"init","id":"a","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "two headers": framed(GOOD + GOOD),
    "no method": framed(b'{"id":"a"}'),
    "method that is no text": framed(b'{"method":1,"id":"a"}'),
    "id that is no text": framed(b'{"method":"init","id":1}'),
    "nobody to answer": framed(b'{"method":"init"}'),
    "unknown method without an id": framed(b'{"method":"what"}'),
    "negative payload": framed(b'{"method":"init","id":"a","payload_size":-1}'),
    "payload larger than the frame": framed(b'{"method":"init","id":"a","payload_size":3}', b"{}"),
    "payload size that is no number": framed(b'{"method":"init","id":"a","payload_size":"2"}', b"{}"),
    "huge payload size": framed(b'{"method":"init","id":"a","payload_size":99999999999999999999}'),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_frame(name: str) -> None:
    with pytest.raises(BadFrame):
        codec.decode(BROKEN[name])


@pytest.mark.parametrize(
    ("header", "payload"),
    [
        ({"method": "what"}, b""),
        ({"method": ""}, b""),
        ({"method": "INIT"}, b""),
        ({"method": "init", "token": 5}, b""),
        ({"method": "init", "registrations": {}}, b""),
        ({"method": "init", "registrations": [7]}, b""),
        ({"method": "init", "registrations": [{"message_types": "x"}]}, b""),
        ({"method": "init", "registrations": [{"message_types": [None]}]}, b""),
        ({"method": "update", "token": ["x"]}, b""),
        ({"method": "message"}, b""),
        ({"method": "message", "http_request": None}, b""),
        ({"method": "message", "http_request": {"path": "/"}}, b""),
        ({"method": "message", "http_request": {"method": "GET"}}, b""),
        ({"method": "message", "http_request": {"method": "GET", "path": 5}}, b""),
        ({"method": "message", "http_request": {"method": "GET", "path": "/", "params": "a=b"}}, b""),
        ({"method": "message", "http_request": {"method": "GET", "path": "/", "headers": {"a": []}}}, b""),
        ({"method": "put_notification_ctx"}, b"{}"),
        ({"method": "put_notification_ctx", "notification_ctx_id": 1}, b"{}"),
        ({"method": "put_notification_ctx", "notification_ctx_id": "c"}, b"[]"),
        ({"method": "put_notification_ctx", "notification_ctx_id": "c"}, b"{"),
        ({"method": "put_notification_ctx", "notification_ctx_id": "c"}, b"\xff"),
        ({"method": "put_notification_ctx", "notification_ctx_id": "c"}, b'{"message_types":7}'),
        ({"method": "put_notification_ctx", "notification_ctx_id": "c"}, b'{"message_types":' + b"[" * 100_000),
        ({"method": "delete_notification_ctx"}, b""),
    ],
)
def test_what_cannot_be_understood_says_whose_it_is(header: dict[str, Any], payload: bytes) -> None:
    with pytest.raises(BadMessage) as refused:
        codec.decode(encode({"id": "TM7", **header}, payload))
    assert refused.value.frame_id == "TM7"
    assert refused.value.reason


def test_the_largest_frame_is_read() -> None:
    header = b'{"method":"message","id":"a","payload_size":%d,"http_request":{"path":"/","method":"POST"}}'
    size = FRAME_MAX - len(framed(header % 1_000_000))
    data = framed(header % size, b" " * size)
    assert len(data) <= FRAME_MAX
    message = codec.decode(data)
    assert isinstance(message, Message)
    assert len(message.payload) == size


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_or_understood(data: bytes) -> None:
    for attempt in (data, b"TWILSOCK V3.0 " + data, framed(data), framed(b'{"method":"message","id":"a"' + data)):
        with contextlib.suppress(BadFrame, BadMessage):
            codec.decode(attempt)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
_METHODS = st.sampled_from(
    ["init", "update", "message", "close", "reply", "telemetry.v1", "put_notification_ctx", "delete_notification_ctx"]
)
_NAMES = st.sampled_from(
    ["id", "token", "registrations", "http_request", "payload_size", "payload_type", "notification_ctx_id", "x"]
)


@given(method=_METHODS, members=st.dictionaries(_NAMES, _JSON, max_size=5), payload=st.binary(max_size=60))
def test_any_members_are_refused_or_understood(method: str, members: dict[str, Any], payload: bytes) -> None:
    header = json.dumps({"id": "TM1", **members, "method": method}).encode("utf-8", "surrogatepass")
    with contextlib.suppress(BadFrame, BadMessage):
        codec.decode(framed(header, payload))


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    st.binary(max_size=200),
    st.text(alphabet=st.characters(exclude_categories=["Cs"])),
)
def test_requests_survive_the_journey(frame_id: str, payload: bytes, path: str) -> None:
    http = {"path": path, "method": "POST", "params": None, "headers": None}
    message = codec.decode(encode({"method": "message", "id": frame_id, "http_request": http}, payload))
    assert message == Message(id=frame_id, http_request=HttpRequest(path=path, method="POST"), payload=payload)


def header_of(message: Outgoing) -> dict[str, Any]:
    return decode(codec.encode(message)).header


def test_replies() -> None:
    assert header_of(Reply(id="a")) == {
        "method": "reply",
        "id": "a",
        "status": {"code": 200, "status": "OK"},
        "payload_size": 0,
    }


def test_refusals_carry_numbers_that_sdks_compare() -> None:
    frame = decode(codec.encode(Reply(id="a", status=errors.too_many_connections(), payload=codec.backoff(5000))))
    assert frame.header["status"] == {
        "code": 429,
        "status": "TOO_MANY_REQUESTS",
        "errorCode": 20429,
        "description": "too many connections of this identity",
    }
    assert frame.header["payload_type"] == "application/json"
    assert frame.json == {"backoff_policy": {"reconnect_min_ms": 5000}}


def test_the_answer_to_init_offers_neither_telemetry_nor_storage() -> None:
    assert header_of(InitReply(id="a", continuation_token="c", registered=("ip_messaging",))) == {
        "method": "reply",
        "id": "a",
        "status": {"code": 200, "status": "OK"},
        "continuation_token": "c",
        "continuation_token_status": {"reissued": True, "reissue_message": ""},
        "capabilities": ["client_update"],
        "init_registrations": [{"product": "ip_messaging", "status": "registered"}],
        "payload_size": 0,
    }


def test_without_registrations_their_list_is_empty() -> None:
    assert header_of(InitReply(id="a", continuation_token="c", registered=()))["init_registrations"] == []


def test_answers_of_upstream_count_their_bytes() -> None:
    payload = '{"a":"ü"}'.encode()
    frame = decode(codec.encode(HttpReply(id="a", code=201, headers={"X": "y"}, payload=payload)))
    assert frame.header == {
        "method": "reply",
        "id": "a",
        "status": {"code": 200, "status": "OK"},
        "http_status": {"code": 201, "status": "CREATED"},
        "http_headers": {"Content-Type": "application/json", "X": "y"},
        "payload_type": "application/json",
        "payload_size": 10,
    }
    assert frame.payload == payload


def test_an_answer_without_a_body() -> None:
    header = header_of(HttpReply(id="a", code=204, headers={}, payload=b""))
    assert header["http_status"] == {"code": 204, "status": "NO_CONTENT"}
    assert header["payload_size"] == 0
    assert "payload_type" not in header


def test_frames_of_the_servers_own_have_ids_of_their_own() -> None:
    warnings = [header_of(TokenAboutToExpire()) for _ in range(3)]
    assert len({header["id"] for header in warnings}) == 3
    assert {header["client_update_type"] for header in warnings} == {"token_about_to_expire"}


def test_closing_may_say_when_to_come_back() -> None:
    frame = decode(codec.encode(Close(status=errors.OFFLOADED, reconnect_min_ms=0)))
    assert (frame.header["method"], frame.header["status"]["code"]) == ("close", 308)
    assert frame.json == {"backoff_policy": {"reconnect_min_ms": 0}}
    plain = decode(codec.encode(Close(status=errors.EXPIRED)))
    assert plain.header["status"] == {
        "code": 410,
        "status": "GONE",
        "errorCode": 20104,
        "description": "Access Token expired or expiration date invalid",
    }
    assert plain.payload == b""
