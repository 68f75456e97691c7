"""The frames themselves, with a client that does what SDKs never do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.e2e.tokens import access_token
from tests.support.twilsock import Gone, TwilsockClient, encode

from .guests import Guests

LARGEST = 1024 * 1024


def framed(header: bytes, payload: bytes = b"") -> bytes:
    return b"TWILSOCK V3.0 %d\r\n%b\r\n%b" % (len(header), header, payload)


async def test_init_and_the_answer(guests: Guests) -> None:
    client = await guests.wire()
    reply = await client.init(access_token(guests.name()))
    assert reply["status"] == {"code": 200, "status": "OK"}
    assert reply["capabilities"] == ["client_update"]
    assert reply["continuation_token"]
    assert reply["init_registrations"] == [{"product": "ip_messaging", "status": "registered"}]
    assert "offline_storage" not in reply


async def test_text_on_input_is_as_good_as_binary(guests: Guests) -> None:
    client = await guests.wire(guests.name())
    client.send(encode({"method": "what", "id": "TMü"}).decode())
    await client.request("GET", "/nowhere")
    assert client.frames[-2].header["id"] == "TMü"


async def test_fragments_and_several_frames_in_one_segment(guests: Guests) -> None:
    client = await guests.wire(guests.name())
    data = encode({"method": "what", "id": "TMx"})
    await client.connection.send([data[:5], data[5:20], data[20:]])
    calls = [client.post("GET", f"/nowhere/{number}") for number in range(50)]
    answers = await asyncio.gather(*calls)
    assert {answer.header["http_status"]["code"] for answer in answers} == {404}


BROKEN = {
    "empty": b"",
    "text": b"hello",
    "other version": b"TWILSOCK V9.9 2\r\n{}\r\n",
    "wrong header size": framed(b'{"method":"close","id":"a"}').replace(b" 27", b" 26"),
    "header size of a gigabyte": b"TWILSOCK V3.0 1073741824\r\n{}\r\n",
    "no JSON": framed(b"nonsense"),
    "deep JSON": framed(b'{"id":"a","method":"init","x":' + b"[" * 200_000 + b"]" * 200_000 + b"}"),
    "deep JSON without an end": framed(b"[" * 900_000),
    "no method": framed(b'{"id":"a"}'),
    "no id": framed(b'{"method":"init"}'),
    "payload beyond the frame": framed(b'{"method":"init","id":"a","payload_size":5}', b"1234"),
    "negative payload": framed(b'{"method":"init","id":"a","payload_size":-5}', b"1234"),
    "bad UTF-8": framed(b'{"method":"init","id":"\xff"}'),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("entered", [False, True], ids=["before init", "after init"])
async def test_what_is_no_frame_ends_the_connection(guests: Guests, name: str, entered: bool) -> None:
    client = await guests.wire(guests.name() if entered else None)
    client.send(BROKEN[name])
    assert (await client.ended())[0] == 3501


async def test_the_largest_frame_and_one_byte_more(guests: Guests) -> None:
    client = await guests.wire(guests.name())
    head = {"method": "message", "id": "TM1x", "http_request": {"path": "/x", "method": "POST"}}
    room = LARGEST - len(encode(head, b"x" * 1_000_000)) + 1_000_000
    client.send(encode(head, b"x" * room))
    assert (await client.request("GET", "/x")).status == 404
    client.send(encode(head, b"x" * (room + 1)))
    assert (await client.ended())[0] == 1009


async def test_a_huge_header_is_just_a_header(guests: Guests) -> None:
    client = await guests.wire(guests.name())
    frame = await client.call("what", padding="x" * 900_000)
    assert frame.header["status"]["code"] == 400


REFUSED: list[dict[str, Any]] = [
    {"method": "what"},
    {"method": "message"},
    {"method": "message", "http_request": []},
    {"method": "message", "http_request": {"path": "/x"}},
    {"method": "message", "http_request": {"path": "/x", "method": "GET", "params": {"a": {"b": 1}}}},
    {"method": "update", "token": {}},
    {"method": "put_notification_ctx"},
    {"method": "init", "token": []},
]


async def test_what_cannot_be_understood_is_refused_and_the_connection_stays(guests: Guests) -> None:
    client = await guests.wire(guests.name())
    for fields in REFUSED:
        method = fields["method"]
        frame = await client.call(method, **{name: value for name, value in fields.items() if name != "method"})
        assert frame.header["status"]["code"] == 400, fields
    assert (await client.request("GET", "/x")).status == 404


async def test_nothing_goes_before_init(guests: Guests) -> None:
    client = await guests.wire()
    for method, fields in (
        ("update", {"token": access_token("x")}),
        ("message", {"http_request": {"path": "/x", "method": "GET"}}),
    ):
        frame = await client.call(method, **fields)
        assert frame.header["status"]["code"] == 400, method
        assert "http_status" not in frame.header


async def test_a_second_init_changes_nothing(guests: Guests) -> None:
    alice = guests.name("alice")
    client = await guests.wire(alice)
    assert (await client.init(access_token(guests.name("bob"))))["status"]["code"] == 400
    update = await client.call("update", token=access_token(alice))
    assert update.header["status"]["code"] == 200


async def test_continuation_tokens_are_worth_nothing(guests: Guests) -> None:
    alice = await guests.wire()
    token = (await alice.init(access_token(guests.name("alice"))))["continuation_token"]
    thief = await guests.wire()
    assert (await thief.init(None, continuation_token=token))["status"]["code"] == 401
    for forged in (token, "forged", "", 7, {"a": 1}):
        client = await guests.wire()
        reply = await client.init(access_token(guests.name("bob")), continuation_token=forged)
        assert reply["status"]["code"] == 200
        assert reply["continuation_token"] not in (token, forged)


async def test_a_token_of_somebody_else_renews_nothing(guests: Guests) -> None:
    other = await guests.rest.post("/v2/Services", data={"FriendlyName": guests.name("other")})
    alice = guests.name("alice")
    client = await guests.wire(alice)
    for token, code, number in (
        (access_token(guests.name("bob")), 403, 51105),
        (access_token(alice, service=other.json()["sid"]), 403, 51105),
        (access_token(alice, ttl=-100), 401, 20104),
        (access_token(alice, secret="x" * 32), 401, 20107),
        ("nonsense", 401, 20160),
    ):
        status = (await client.call("update", token=token)).header["status"]
        assert (status["code"], status["errorCode"]) == (code, number)
    assert (await client.request("GET", "/x")).status == 404


@pytest.mark.parametrize(
    ("changes", "code", "number"),
    [
        ({"secret": "x" * 32}, 401, 20107),
        ({"key": "SK" + "9" * 32}, 401, 20103),
        ({"ttl": -100}, 401, 20104),
        ({"ttl": 100_000}, 401, 20157),
        ({"service": "IS" + "9" * 32}, 403, 20106),
        ({"service": "nonsense"}, 403, 20106),
        ({"nbf": 4_000_000_000}, 401, 20105),
    ],
)
async def test_bad_tokens_are_final(guests: Guests, changes: dict[str, Any], code: int, number: int) -> None:
    client = await guests.wire()
    status = (await client.init(access_token(guests.name(), **changes)))["status"]
    assert (status["code"], status["errorCode"]) == (code, number)
    assert status["status"] == {401: "UNAUTHORIZED", 403: "FORBIDDEN"}[code]


async def test_any_origin_may_connect(guests: Guests) -> None:
    for origin in ("https://app.example", "null"):
        client = await TwilsockClient.open(guests.node(0), origin=origin)
        assert (await client.init(access_token(guests.name())))["status"]["code"] == 200
        await client.close()


async def test_a_token_ends(guests: Guests) -> None:
    client = await guests.wire()
    await client.init(access_token(guests.name(), ttl=4))
    warning = await client.heard("client_update")
    assert warning.header["client_update_type"] == "token_about_to_expire"
    close = await client.heard("close")
    assert (close.header["status"]["code"], close.header["status"]["errorCode"]) == (410, 20104)
    assert (await client.ended())[0] == 3005


async def test_a_client_closes(guests: Guests) -> None:
    client = await guests.wire(guests.name())
    with pytest.raises(Gone):
        await client.call("close")
    assert (await client.ended())[0] == 1000


async def test_more_connections_of_one_user_than_there_may_be(guests: Guests) -> None:
    identity = guests.name()
    for number in range(20):
        await guests.wire(identity, node=number % 2)
    client = await guests.wire()
    frame = await client.call("init", token=access_token(identity))
    assert frame.header["status"]["code"] == 429
    assert frame.json["backoff_policy"]["reconnect_min_ms"] > 0


async def test_who_is_too_fast_waits_and_is_not_refused(guests: Guests) -> None:
    client = await guests.wire(guests.name())
    loop = asyncio.get_running_loop()
    started = loop.time()
    answers = await asyncio.gather(*(client.post("GET", f"/nowhere/{number}") for number in range(700)))
    assert {answer.header["http_status"]["code"] for answer in answers} == {404}
    assert (await client.request("GET", "/nowhere")).status == 404
    assert loop.time() - started > 1.5, "a burst of 500, then 100 a second"
