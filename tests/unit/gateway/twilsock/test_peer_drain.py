from __future__ import annotations

import asyncio

import pytest

from gateway.sockets.close import Close
from gateway.twilsock.leaving import PATIENCE, QUIET, QUIET_MOST
from tests.support.virtual_time import settled

from .stage import Stage

MOMENT = QUIET + 0.01


async def test_an_idle_client_is_sent_away_after_a_moment(stage: Stage) -> None:
    client, stranger = await stage.entered(), stage.client()
    for each in (client, stranger):
        each.peer.drain(crowded=False)
        assert each.is_open()
        await asyncio.sleep(MOMENT)
        assert await each.new() == []
        assert each.link.closed == Close.SHUTDOWN.value
    await stage.assert_left_nothing()


async def test_clients_of_a_crowd_are_told_when_to_come_back(stage: Stage) -> None:
    waits = set()
    for number in range(20):
        client = await stage.entered(f"user{number}")
        client.peer.drain(crowded=True)
        await asyncio.sleep(MOMENT)
        (close,) = await client.new()
        assert (close.header["method"], close.header["status"]["code"]) == ("close", 308)
        wait = close.json["backoff_policy"]["reconnect_min_ms"]
        assert 0 <= wait <= 10_000
        waits.add(wait)
        assert client.link.closed == Close.SHUTDOWN.value
    assert len(waits) > 10


async def test_a_stranger_in_a_crowd_gets_no_frame(stage: Stage) -> None:
    stranger = stage.client()
    stranger.peer.drain(crowded=True)
    await asyncio.sleep(MOMENT)
    assert await stranger.new() == []
    assert stranger.link.closed == Close.SHUTDOWN.value


async def test_what_was_received_is_answered_before_the_end(stage: Stage) -> None:
    client = await stage.entered()
    for number in range(3):
        client.request("POST", f"/wait/{number}")
    client.request("GET", "/wait/read")
    client.peer.drain(crowded=True)
    await asyncio.sleep(MOMENT)
    client.request("POST", "/meanwhile")
    assert await client.new() == []
    for path in ("/wait/0", "/wait/1", "/wait/2", "/wait/read"):
        assert client.is_open()
        stage.upstream.gate(path).set()
        await settled()
    await asyncio.sleep(MOMENT)
    assert [f.header["method"] for f in await client.new()] == ["reply"] * 5 + ["close"]
    assert client.link.closed == Close.SHUTDOWN.value


@pytest.mark.parametrize("said", ["message", "put_notification_ctx"])
async def test_who_asks_again_at_once_is_answered_again(stage: Stage, said: str) -> None:
    client = await stage.entered()
    client.peer.drain(crowded=False)
    for _ in range(5):
        await asyncio.sleep(QUIET - 0.01)
        if said == "message":
            await client.answer("POST", "/x")
        else:
            await client.ask(said, notification_ctx_id="c")
        assert client.is_open()
    await asyncio.sleep(2 * MOMENT)
    assert client.link.closed == Close.SHUTDOWN.value


async def test_acknowledgements_keep_nobody(stage: Stage) -> None:
    client = await stage.entered()
    client.peer.drain(crowded=False)
    for _ in range(3):
        await asyncio.sleep(QUIET / 2)
        if client.is_open():
            client.say("reply", status={"code": 200})
    assert client.link.closed == Close.SHUTDOWN.value


async def test_who_is_never_quiet_is_not_read_any_more(stage: Stage) -> None:
    client = await stage.entered()
    client.peer.drain(crowded=False)
    end = stage.clock.monotonic() + QUIET_MOST
    while stage.clock.monotonic() < end - 0.1:
        client.request("POST", "/x")
        await asyncio.sleep(0.05)
        assert client.is_read()
    client.request("POST", "/wait")
    await asyncio.sleep(0.2)
    assert not client.is_read()
    client.request("POST", "/read/already")
    assert client.is_open()
    await client.new()
    stage.upstream.gate("/wait").set()
    assert len(await client.new()) == 2
    assert client.link.closed == Close.SHUTDOWN.value


async def test_a_drain_does_not_wait_for_ever(stage: Stage) -> None:
    client = await stage.entered()
    client.request("POST", "/wait")
    client.peer.drain(crowded=False)
    client.peer.drain(crowded=False)
    await asyncio.sleep(QUIET_MOST + PATIENCE - 0.1)
    assert client.is_open()
    await asyncio.sleep(0.2)
    assert client.link.closed == Close.SHUTDOWN.value


async def test_who_goes_by_itself_is_forgotten(stage: Stage) -> None:
    client = await stage.entered()
    client.request("POST", "/wait")
    client.peer.drain(crowded=True)
    client.drop()
    stage.upstream.gate("/wait").set()
    await asyncio.sleep(10)
    assert [f.header["method"] for f in await client.new()] == []
    await stage.assert_left_nothing()
