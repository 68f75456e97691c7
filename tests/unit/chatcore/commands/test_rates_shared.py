"""Limits that several nodes keep together, in virtual time."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest

from chatcore.commands.rates import INTERVAL, RETRY, RateExceeded, Rates
from chatcore.domain.ids import ChannelSid, ServiceSid
from chatcore.ports.counts import WINDOW
from tests.support.virtual_time import LoopClock

CHANNEL, SERVICE = ChannelSid("CH1"), ServiceSid("IS1")


class Middle:
    """What the nodes have in common: (second, node, key) → count."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[int, int, str]] = Counter()
        self.away = False
        self.delay = 0.0


class Share:
    """One node's end of it."""

    def __init__(self, middle: Middle, node: int) -> None:
        self._middle = middle
        self._node = node
        self.calls: list[tuple[float, dict[str, int]]] = []

    async def share(self, counted: Mapping[str, int]) -> Mapping[str, Sequence[int]]:
        self.calls.append((asyncio.get_running_loop().time(), dict(counted)))
        await asyncio.sleep(self._middle.delay)
        if self._middle.away:
            raise ConnectionError("away")
        second = int(asyncio.get_running_loop().time())
        for key, count in counted.items():
            self._middle.counts[second, self._node, key] += count
        return {key: [self._others(second - age, key) for age in range(WINDOW)] for key in counted}

    def _others(self, second: int, key: str) -> int:
        return sum(
            n for (s, node, k), n in self._middle.counts.items() if (s, k) == (second, key) and node != self._node
        )


class Nodes:
    """Two of them, with 10 changes per second and channel, 2 per service."""

    def __init__(self) -> None:
        self.middle = Middle()
        self.shares = [Share(self.middle, number) for number in range(2)]
        clock = LoopClock()
        self.limited: list[str] = []
        self.rates = [
            Rates(clock, channel=10, service=2, shared=share, on_limited=self.limited.append) for share in self.shares
        ]


@pytest.fixture
async def nodes() -> AsyncIterator[Nodes]:
    made = Nodes()
    tasks = [asyncio.create_task(rates.run()) for rates in made.rates]
    try:
        yield made
    finally:
        assert not any(task.done() for task in tasks)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def admitted(rates: Rates, count: int) -> int:
    """How many of so many changes of the channel are let through."""
    done = 0
    for _ in range(count):
        with contextlib.suppress(RateExceeded):
            rates.channel(CHANNEL)
            done += 1
    return done


async def test_nodes_share_what_is_allowed(nodes: Nodes) -> None:
    one, two = nodes.rates
    assert admitted(one, 30) == 30
    await asyncio.sleep(2 * INTERVAL)
    assert admitted(two, 1) == 1
    await asyncio.sleep(2 * INTERVAL)
    assert admitted(two, 30) == 19, "50 within the window, of which 30 are the other node's"
    await asyncio.sleep(2 * INTERVAL)
    assert admitted(one, 1) == 1, "it has not heard of the others yet"
    await asyncio.sleep(2 * INTERVAL)
    assert admitted(one, 10) == 0
    await asyncio.sleep(WINDOW + 1)
    assert admitted(one, 60) == 50


async def test_two_busy_nodes_stay_near_the_limit(nodes: Nodes) -> None:
    total = 0
    for _ in range(20 * 50):  # 20 s, 100 changes per second at each node
        total += sum(admitted(rates, 2) for rates in nodes.rates)
        await asyncio.sleep(0.02)
    allowed = 20 * 10 + 50
    assert allowed * 0.9 <= total <= allowed * 1.3


async def test_both_limits_travel_together(nodes: Nodes) -> None:
    one, two = nodes.rates
    one.channel(CHANNEL)
    for _ in range(8):
        one.service(SERVICE)
    await asyncio.sleep(2 * INTERVAL)
    assert nodes.shares[0].calls[0][1] == {CHANNEL: 1, SERVICE: 8}
    two.service(SERVICE)
    await asyncio.sleep(2 * INTERVAL)
    two.service(SERVICE)
    with pytest.raises(RateExceeded):
        two.service(SERVICE)
    assert nodes.limited == ["service"]


async def test_exchanges_keep_their_distance_and_rest_when_nothing_changes(nodes: Nodes) -> None:
    one, share = nodes.rates[0], nodes.shares[0]
    await asyncio.sleep(10)
    assert share.calls == []
    for _ in range(40):
        one.channel(CHANNEL)
        await asyncio.sleep(0.01)
    await asyncio.sleep(10)
    times = [at for at, _ in share.calls]
    assert 4 <= len(times) <= 6
    assert min(b - a for a, b in itertools.pairwise(times)) >= INTERVAL - 0.001
    assert sum(counted[CHANNEL] for _, counted in share.calls) == 40


async def test_switched_off_limits_send_nothing() -> None:
    share = Share(Middle(), 0)
    rates = Rates(LoopClock(), channel=0, service=0, shared=share)
    task = asyncio.create_task(rates.run())
    for _ in range(1000):
        rates.channel(CHANNEL)
        rates.service(SERVICE)
    await asyncio.sleep(5)
    task.cancel()
    await asyncio.wait([task])
    assert share.calls == []


async def test_while_the_others_are_away_each_node_counts_for_itself(
    nodes: Nodes, caplog: pytest.LogCaptureFixture
) -> None:
    one, two = nodes.rates
    nodes.middle.away = True
    assert admitted(one, 60) == 50
    assert admitted(two, 60) == 50
    for _ in range(10):
        await asyncio.sleep(0.5)
        admitted(one, 1)
    assert len(nodes.shares[0].calls) <= 1 + 5 / RETRY
    assert caplog.text.count("This node counts for itself") == 2, "once for each node"
    await asyncio.sleep(WINDOW + 1)
    nodes.middle.away = False
    assert admitted(one, 30) == 30
    await asyncio.sleep(2 * RETRY)
    admitted(two, 1)
    await asyncio.sleep(2 * RETRY)
    assert admitted(two, 30) == 19


async def test_a_slow_exchange_holds_nobody_up_and_loses_nothing(nodes: Nodes) -> None:
    one, two = nodes.rates
    nodes.middle.delay = 0.7
    one.channel(CHANNEL)
    await asyncio.sleep(0.1)
    assert admitted(one, 29) == 29
    await asyncio.sleep(3)
    nodes.middle.delay = 0
    admitted(two, 1)
    await asyncio.sleep(2 * INTERVAL)
    assert admitted(two, 30) == 19
