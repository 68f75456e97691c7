from __future__ import annotations

import asyncio

from gateway.sockets.close import Close
from tests.support.virtual_time import settled

from .stage import Stage


async def test_an_idle_client_is_sent_away_at_once(stage: Stage) -> None:
    client, stranger = await stage.entered(), stage.client()
    for each in (client, stranger):
        each.peer.drain(crowded=False)
        assert await each.new() == []
        assert each.link.closed == Close.SHUTDOWN.value
    await stage.assert_left_nothing()


async def test_clients_of_a_crowd_are_told_when_to_come_back(stage: Stage) -> None:
    waits = set()
    for number in range(20):
        client = await stage.entered(f"user{number}")
        client.peer.drain(crowded=True)
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
    assert await stranger.new() == []
    assert stranger.link.closed == Close.SHUTDOWN.value


async def test_what_was_received_is_answered_before_the_end(stage: Stage) -> None:
    client = await stage.entered()
    for number in range(3):
        client.request("POST", f"/wait/{number}")
    client.request("GET", "/wait/read")
    client.peer.drain(crowded=True)
    assert not client.is_read()
    client.request("POST", "/read/already")
    assert await client.new() == []
    for path in ("/wait/0", "/wait/1", "/wait/2", "/wait/read"):
        assert client.is_open()
        stage.upstream.gate(path).set()
        await settled()
    assert [f.header["method"] for f in await client.new()] == ["reply"] * 5 + ["close"]
    assert client.link.closed == Close.SHUTDOWN.value


async def test_a_drain_does_not_wait_for_ever(stage: Stage) -> None:
    client = await stage.entered()
    client.request("POST", "/wait")
    client.peer.drain(crowded=False)
    await asyncio.sleep(4.9)
    assert client.is_open()
    await asyncio.sleep(0.2)
    assert client.link.closed == Close.SHUTDOWN.value
