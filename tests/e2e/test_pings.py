"""Pings on schedule, and the end of who does not answer them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from tests.support.cluster import Cluster, running_cluster

from .people import People, gather
from .sdk import KINDS
from .sdk_js import JsProcess
from .tokens import access_token

pytestmark = pytest.mark.xdist_group("pings")


@pytest.fixture(scope="module")
def hasty_cluster() -> Iterator[Cluster]:
    settings = {"CHAT_PING_INTERVAL": "1s", "CHAT_PONG_TIMEOUT": "900ms", "CHAT_RATE_CONNECTION": "0"}
    with running_cluster(1, settings) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def people(hasty_cluster: Cluster, node_process: JsProcess) -> AsyncIterator[People]:
    async with AsyncExitStack() as stack:
        yield People(hasty_cluster, node_process, stack)


async def stays(people: People, protobuf: bool) -> None:
    client = await people.native(protobuf=protobuf)
    result = await client.connect(access_token(people.name()))
    assert (result["ping"], result["pong"]) == (1, True)
    for _ in range(5):
        client.pong()  # more than are due do no harm
    await client.pinged(3)
    assert await client.rpc("unread.total") == {"total": 0, "channels": {}}


async def is_closed(people: People, protobuf: bool) -> None:
    client = await people.native(people.name(), protobuf=protobuf, pong=False)
    await client.pinged(1)
    assert await client.rpc("unread.total") == {"total": 0, "channels": {}}, "other traffic is no pong"
    assert await client.ended() == (3012, "no pong")


async def test_who_answers_stays_and_who_does_not_is_closed(people: People) -> None:
    await gather(*(check(people, protobuf) for check in (stays, is_closed) for protobuf in (False, True)))


async def test_pings_keep_coming_on_a_busy_connection(people: People) -> None:
    client = await people.native(people.name())
    sid = (await client.rpc("channel.create"))["channel"]["sid"]
    sent = 0
    while client.pings < 3:
        await client.rpc("message.send", channel=sid, body="busy")
        sent += 1
    assert sent > 20


async def test_libraries_stay_connected(people: People) -> None:
    persons = [await people.connect(kind) for kind in KINDS]
    clock = await people.native(people.name())
    await clock.pinged(3)
    for person in persons:
        assert (await person.call("unread.total"))["total"] == 0
        assert person.feed.count("connected") == 1
