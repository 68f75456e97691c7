"""Counts of several nodes in a real Valkey, and the limits that rest on them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable

import pytest

from chatcore.commands.rates import RateExceeded, Rates
from chatcore.domain.ids import ChannelSid
from chatcore.ports.clock import SystemClock
from chatcore.ports.counts import WINDOW, SharedCounts
from chatcore.presence.counts import RedisCounts
from chatcore.resp.address import parse
from chatcore.resp.link import Link, dial
from tests.support.patience import PATIENCE, until
from tests.support.valkey import Mortal

CHANNEL = ChannelSid("CH1")
Make = Callable[..., RedisCounts]


@pytest.fixture
async def make(redis_url: str, redis_prefix: str) -> AsyncIterator[Make]:
    """Makes nodes."""
    async with contextlib.AsyncExitStack() as stack:

        def node(url: str = redis_url) -> RedisCounts:
            made = RedisCounts(url, prefix=redis_prefix)
            stack.push_async_callback(made.close)
            return made

        yield node


@pytest.fixture
async def link(redis_url: str) -> AsyncIterator[Link]:
    """To look at the server itself."""
    made = await dial(parse(redis_url), lambda _channel, _data: None, name="test")
    yield made
    made.abort()


async def total(counts: SharedCounts, key: str) -> int:
    return sum((await counts.share({key: 0}))[key])


async def test_a_node_hears_of_the_others_and_not_of_itself(make: Make) -> None:
    one, two, three = make(), make(), make()
    assert await one.share({"a": 3, "b": 1}) == {"a": [0] * WINDOW, "b": [0] * WINDOW}
    assert await one.share({"a": 2}) == {"a": [0] * WINDOW}
    heard = await two.share({"a": 10, "c": 1})
    assert {key: sum(counts) for key, counts in heard.items()} == {"a": 5, "c": 0}
    assert await total(three, "a") == 15
    assert await total(one, "a") == 10


async def test_counts_grow_old_and_are_forgotten(make: Make, link: Link, redis_prefix: str) -> None:
    """The server's seconds are moved, not waited for."""
    one, two = make(), make()
    await one.share({"a": 4})
    ((raw,),) = (await link.call(("HKEYS", f"{redis_prefix}rate:a")),)
    assert isinstance(raw, list)
    (field,) = raw
    second, node = field.decode().split(":")
    for age in range(1, WINDOW + 3):
        await link.call(("HSET", f"{redis_prefix}rate:a", f"{int(second) - age}:{node}", str(age)))
    (heard,) = (await two.share({"a": 1})).values()
    late = int(time.time()) - int(second)  # a second may have passed since
    assert list(heard) == [*[0] * late, 4, 1, 2, 3, 4][:WINDOW]
    ((kept,),) = (await link.call(("HLEN", f"{redis_prefix}rate:a")),)
    assert kept == WINDOW + 1 - late, "the window, and the second node's own"
    ((left,),) = (await link.call(("PTTL", f"{redis_prefix}rate:a")),)
    assert isinstance(left, int)
    assert 0 < left <= (WINDOW + 1) * 1000


async def test_many_keys_are_shared_in_one_call(make: Make) -> None:
    one, two = make(), make()
    keys = {f"CH{number}": number for number in range(1000)}
    await one.share(keys)
    heard = await two.share(dict.fromkeys(keys, 1))
    assert {key: sum(counts) for key, counts in heard.items()} == keys
    assert list(heard) == list(keys)


async def test_nothing_is_sent_for_nothing(make: Make) -> None:
    assert await make("redis://127.0.0.1:1").share({}) == {}


async def test_while_the_server_is_away_calls_fail_and_then_recover(make: Make, mortal: Mortal) -> None:
    one, two = make(mortal.url), make(mortal.url)
    await one.share({"a": 1})
    await mortal.kill()
    for _ in range(3):
        with pytest.raises(ConnectionError, match="shared counts are away"):
            await one.share({"a": 1})
    await mortal.revive()
    await one.share({"a": 2})
    assert await total(two, "a") == 2


async def test_a_server_that_hangs_fails_calls_within_a_second(make: Make, mortal: Mortal) -> None:
    one = make(mortal.url)
    await one.share({"a": 1})
    mortal.freeze()
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(ConnectionError):
            await one.share({"a": 1})
    mortal.thaw()
    await one.share({"a": 1})


async def test_a_key_of_another_kind_counts_as_away(make: Make, link: Link, redis_prefix: str) -> None:
    await link.call(("SET", f"{redis_prefix}rate:a", "no hash"))
    with pytest.raises(ConnectionError, match="WRONGTYPE"):
        await make().share({"a": 1})


# Limits.


@contextlib.asynccontextmanager
async def limited(*counts: SharedCounts) -> AsyncIterator[list[Rates]]:
    """A node each, with 10 changes per second and channel."""
    nodes = [Rates(SystemClock(), channel=10, service=0, shared=shared) for shared in counts]
    tasks = [asyncio.create_task(node.run()) for node in nodes]
    try:
        yield nodes
    finally:
        assert not any(task.done() for task in tasks)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def admitted(rates: Rates, count: int) -> int:
    done = 0
    for _ in range(count):
        with contextlib.suppress(RateExceeded):
            rates.channel(CHANNEL)
            done += 1
    return done


async def test_two_nodes_keep_one_limit(make: Make) -> None:
    async with limited(make(), make()) as (one, two):
        assert admitted(one, 60) == 50
        done = 0
        end = time.monotonic() + 2
        while time.monotonic() < end:
            done += admitted(two, 1)
            await asyncio.sleep(0.01)
        assert done < 40, "it is told soon, and then refuses"
        assert admitted(two, 10) == 0


async def test_without_the_server_each_node_counts_for_itself_and_then_together_again(
    make: Make, mortal: Mortal, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    probe = make(mortal.url)
    async with limited(make(mortal.url), make(mortal.url)) as (one, two):
        await mortal.kill()
        assert admitted(one, 40) == 40
        assert admitted(two, 40) == 40
        await until(lambda: caplog.text.count("This node counts for itself") == 2)
        await mortal.revive()
        seen: list[int] = []

        async def shared() -> bool:
            admitted(one, 1)
            seen.append(await total(probe, CHANNEL))
            return seen[-1] > 0

        async with asyncio.timeout(PATIENCE):
            while not await shared():  # noqa: ASYNC110  # the answer is at a server
                await asyncio.sleep(0.05)
