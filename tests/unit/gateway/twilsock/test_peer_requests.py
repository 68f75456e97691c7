from __future__ import annotations

import asyncio
import json

from gateway.sockets.close import Close
from gateway.twilsock.lanes import AHEAD_BYTES, AHEAD_ITEMS
from tests.support.virtual_time import settled

from .stage import Client, Stage

READERS = 8


async def test_a_request_reaches_upstream_with_its_session(stage: Stage) -> None:
    client = await stage.entered()
    reply = await client.answer(
        "post",
        "/Client/v1/Users/a%2Fb+c",
        b'{"a":1}',
        host="aim.us1.twilio.com",
        params={"From%20": "a%2Bb+c", "List": ["1", "%C3%BC"], "Size": 5, "Flag": True, "None": None, "Empty": []},
        headers={"Content-Type": "application/json", "X-Twilio-Mutation-Id": "m", "Gone": None, "Length": 7},
    )
    (request,) = stage.upstream.requests
    assert (request.method, request.path, request.body) == ("POST", "/Client/v1/Users/a%2Fb+c", b'{"a":1}')
    assert request.params == {"From ": ("a+b+c",), "List": ("1", "ü"), "Size": ("5",), "Flag": ("true",)}
    assert request.content_type == "application/json"
    assert request.headers == {"content-type": "application/json", "x-twilio-mutation-id": "m", "length": "7"}
    assert request.session is client.session
    assert reply.header["http_status"] == {"code": 201, "status": "CREATED"}
    assert reply.json == {"path": "/Client/v1/Users/a%2Fb+c"}


async def test_without_a_header_the_payload_type_says_what_it_is(stage: Stage) -> None:
    client = await stage.entered()
    client.say(
        "message",
        b"ChannelSid=CH1",
        payload_type="application/x-www-form-urlencoded",
        http_request={"path": "/x", "method": "POST", "params": None, "headers": None},
    )
    await settled()
    assert stage.upstream.requests[0].content_type == "application/x-www-form-urlencoded"


async def test_twilsock_itself_is_content_with_every_answer(stage: Stage) -> None:
    client = await stage.entered()
    missing = await client.answer("GET", "/missing")
    assert missing.header["status"]["code"] == 200
    assert missing.header["http_status"] == {"code": 404, "status": "NOT_FOUND"}
    none = await client.answer("DELETE", "/none")
    assert (none.header["http_status"]["code"], none.payload) == (204, b"")


async def test_changes_happen_one_after_another(stage: Stage) -> None:
    client = await stage.entered()
    for number in range(3):
        client.request("POST", f"/wait/{number}")
    client.request("DELETE", "/last")
    await settled()
    assert stage.upstream.running == ["POST /wait/0"]
    for number in (2, 1):
        stage.upstream.gate(f"/wait/{number}").set()
    await settled()
    assert stage.upstream.running == ["POST /wait/0"], "the order is that of arrival"
    stage.upstream.gate("/wait/0").set()
    assert [json.loads(f.payload)["path"] for f in await client.new()] == ["/wait/0", "/wait/1", "/wait/2", "/last"]


async def test_reads_run_beside_changes_and_each_other(stage: Stage) -> None:
    client = await stage.entered()
    client.request("POST", "/wait/change")
    client.request("GET", "/wait/slow")
    reply = await client.answer("GET", "/quick")
    assert reply.json == {"path": "/quick"}
    assert stage.upstream.running == ["POST /wait/change", "GET /wait/slow"]
    for path in ("/wait/slow", "/wait/change"):
        stage.upstream.gate(path).set()
        (reply,) = await client.new()
        assert reply.json == {"path": path}


async def test_subscriptions_wait_for_each_other_only(stage: Stage) -> None:
    client = await stage.entered()
    client.request("POST", "/wait/change")
    gates = stage.upstream.gates["/v4/Subscriptions"] = asyncio.Event()
    for _ in range(2):
        client.request("POST", "/v4/Subscriptions")
    await settled()
    assert stage.upstream.running == ["POST /wait/change", "POST /v4/Subscriptions"]
    gates.set()
    assert len(await client.new()) == 2
    stage.upstream.gate("/wait/change").set()
    assert len(await client.new()) == 1


async def test_so_many_reads_run_and_no_more(stage: Stage) -> None:
    client = await stage.entered()
    for number in range(READERS + 3):
        client.request("GET", f"/wait/{number}")
    await settled()
    assert len(stage.upstream.running) == READERS
    stage.upstream.gate("/wait/0").set()
    await settled()
    assert f"GET /wait/{READERS}" in stage.upstream.running
    assert len(stage.upstream.running) == READERS
    for number in range(READERS + 3):
        stage.upstream.gate(f"/wait/{number}").set()
    assert len(await client.new()) == READERS + 3


async def test_a_renewal_keeps_its_place_among_changes(stage: Stage) -> None:
    client = await stage.entered("alice@100")
    client.request("POST", "/wait")
    held = client.session.grant
    client.say("update", token="alice@1000")
    await settled()
    assert client.session.grant is held
    stage.upstream.gate("/wait").set()
    await settled()
    assert client.session.grant is not held


async def fill(client: Client, items: int) -> None:
    """As many requests waiting, behind one that runs."""
    for number in range(items + 1):
        client.request("POST", f"/wait/{number}")
        await settled()


async def test_the_socket_is_not_read_while_too_much_waits(stage: Stage) -> None:
    client = await stage.entered()
    await fill(client, AHEAD_ITEMS - 1)
    assert client.is_read()
    client.request("GET", "/wait/0")
    client.request("POST", "/x")
    assert not client.is_read()
    for number in range(AHEAD_ITEMS // 2 + 2):
        stage.upstream.gate(f"/wait/{number}").set()
    await settled()
    assert client.is_read()
    for number in range(AHEAD_ITEMS + 1):
        stage.upstream.gate(f"/wait/{number}").set()
    assert len(await client.new()) == AHEAD_ITEMS + 2


async def test_the_socket_is_not_read_while_too_many_bytes_wait(stage: Stage) -> None:
    client = await stage.entered()
    client.request("POST", "/wait")
    await settled()
    client.request("POST", "/x", b"x" * AHEAD_BYTES)
    assert not client.is_read()
    stage.upstream.gate("/wait").set()
    assert len(await client.new()) == 2
    assert client.is_read()


async def test_nothing_is_begun_while_the_client_does_not_take_its_answers(stage: Stage) -> None:
    client = await stage.entered()
    client.link.congested = True
    client.request("GET", "/read")
    client.request("POST", "/change")
    assert await client.new() == []
    assert stage.upstream.requests == []
    client.link.congested = False
    client.peer.writable()
    assert len(await client.new()) == 2


async def test_what_waits_when_the_socket_ends_is_dropped(stage: Stage) -> None:
    client = await stage.entered()
    client.request("POST", "/wait/0")
    client.request("POST", "/later")
    client.request("GET", "/wait/1")
    await settled()
    client.drop()
    for number in (0, 1):
        stage.upstream.gate(f"/wait/{number}").set()
    await settled()
    assert sorted(stage.upstream.done) == ["GET /wait/1", "POST /wait/0"], "what ran ends"
    client.request("POST", "/after")
    await settled()
    assert len(stage.upstream.requests) == 2
    await stage.assert_left_nothing()


async def test_an_upstream_that_fails_ends_the_connection(stage: Stage) -> None:
    client = await stage.entered()
    client.request("GET", "/boom")
    assert await client.new() == []
    assert client.link.closed == Close.INTERNAL.value


# Pace.


async def test_who_is_too_fast_is_read_more_slowly_and_never_refused(stage: Stage) -> None:
    stage.pace(rate=10, burst=20)
    client = await stage.entered()
    for _ in range(19):
        client.request("GET", "/x")
    assert client.is_read()
    for _ in range(10):
        client.request("GET", "/x")
    assert not client.is_read()
    assert {f.header["http_status"]["code"] for f in await client.new()} == {200}
    await asyncio.sleep(0.8)
    assert not client.is_read()
    await asyncio.sleep(0.2)
    assert client.is_read()
    client.request("GET", "/x")
    client.request("GET", "/x")
    assert not client.is_read()


async def test_everything_but_acknowledgements_keeps_the_pace(stage: Stage) -> None:
    stage.pace(rate=1, burst=5)
    client = await stage.entered()
    for _ in range(100):
        client.say("reply", status={"code": 200, "status": "OK"})
    assert client.is_read()
    for _ in range(5):
        client.say("what")
    assert not client.is_read()


async def test_too_much_waiting_and_too_fast_are_two_reasons(stage: Stage) -> None:
    stage.pace(rate=1000, burst=10)
    client = await stage.entered()
    await fill(client, AHEAD_ITEMS)
    await asyncio.sleep(5)
    assert not client.is_read(), "the pace is paid off, but nothing was done"
    for number in range(AHEAD_ITEMS + 1):
        stage.upstream.gate(f"/wait/{number}").set()
    await settled()
    await asyncio.sleep(0.1)
    assert client.is_read()
