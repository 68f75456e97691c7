from __future__ import annotations

import asyncio
import json

import pytest

from gateway.centrifuge.room_services import REFRESH_GRACE, REFRESH_MIN
from gateway.sockets.close import Close

from .stage import Stage

# Expiry and refresh.


async def test_a_token_that_expires_says_when(stage: Stage) -> None:
    result = await stage.client().connect("alice@100")
    assert (result["expires"], result["ttl"]) == (True, 100)
    result = await stage.client().connect("alice@0.2")
    assert (result["expires"], result["ttl"]) == (True, 1)
    result = await stage.client().connect("alice")
    assert "expires" not in result
    assert "ttl" not in result


async def test_without_a_refresh_the_connection_expires_after_the_grace(stage: Stage) -> None:
    client = stage.client()
    await client.connect("alice@100")
    await asyncio.sleep(100 + REFRESH_GRACE - 1)
    assert client.is_open()
    await asyncio.sleep(2)
    assert client.link.closed == Close.EXPIRED.value
    stage.assert_left_nothing()


async def test_a_refresh_prolongs_the_connection(stage: Stage) -> None:
    client = stage.client()
    first = await client.connect("alice@100")
    await asyncio.sleep(90)
    reply = await client.ask("refresh", token="alice@500")
    assert reply["refresh"] == {"client": first["client"], "version": "test", "expires": True, "ttl": 500}
    await asyncio.sleep(500)
    assert client.is_open()
    reply = await client.ask("refresh", token="alice")
    assert "expires" not in reply["refresh"]
    await asyncio.sleep(10_000)
    assert client.is_open()


@pytest.mark.parametrize(
    ("token", "close"),
    [
        ("expired", Close.EXPIRED),
        ("bad", Close.INVALID_TOKEN),
        ("bob", Close.INVALID_TOKEN),
        ("Alice", Close.INVALID_TOKEN),
    ],
)
async def test_refreshes_that_end_the_connection(stage: Stage, token: str, close: Close) -> None:
    client = stage.client()
    await client.connect("alice@100")
    client.say({"id": 2, "refresh": {"token": token}})
    assert await client.new() == []
    assert client.link.closed == close.value
    stage.assert_left_nothing()


async def test_while_tokens_cannot_be_checked_a_refresh_may_be_tried_again(stage: Stage) -> None:
    client = stage.client()
    await client.connect("alice@100")
    reply = await client.ask("refresh", token="away")
    assert (reply["error"]["code"], reply["error"]["temporary"]) == (100, True)
    assert "refresh" in await client.ask("refresh", token="alice@100")


async def test_a_connection_that_expired_before_it_began_has_a_moment(stage: Stage) -> None:
    client = stage.client()
    await client.connect("alice@-29")
    assert client.is_open()
    await asyncio.sleep(REFRESH_MIN + 1)
    assert client.link.closed == Close.EXPIRED.value


async def test_frames_hold_one_object_per_line(stage: Stage) -> None:
    client = stage.client()
    await client.connect()
    for framed in client.link.sent:
        for line in framed[4:].splitlines():
            assert isinstance(json.loads(line), dict)
