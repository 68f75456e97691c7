"""Twenty writers at two nodes, five thousand messages: every reader has each index once, in order, whatever dies."""

from __future__ import annotations

import signal

import pytest

from .ledger import Ledger
from .people import People

pytestmark = pytest.mark.xdist_group("failures")

MESSAGES = 5000
EVERY = list(range(MESSAGES))


def check(ledger: Ledger) -> None:
    for follower in ledger.followers:
        got = follower.indexes
        assert got == EVERY, f"{follower.name} has {len(got)}, up to {got[-1:]}, after {follower.refusals} refusals"


async def test_every_reader_has_every_message(people_in_trouble: People) -> None:
    ledger = await Ledger.open(people_in_trouble)
    await ledger.write(MESSAGES)
    check(ledger)
    assert all(follower.recoveries == follower.refusals == 0 for follower in ledger.followers)


async def test_while_valkey_is_killed(people_in_trouble: People) -> None:
    cluster = people_in_trouble.cluster
    ledger = await Ledger.open(people_in_trouble)

    async def kill() -> None:
        for third in (1, 2):
            await ledger.reached(third * MESSAGES // 3)
            old = cluster.pid_of("valkey")
            await cluster.kill("valkey")
            await cluster.back("valkey", old)

    await ledger.write(MESSAGES, kill)
    check(ledger)
    assert all(person.feed.count("connected") == 1 for person in ledger.persons), "nobody had to come back"


async def test_while_a_node_is_killed(people_in_trouble: People) -> None:
    cluster = people_in_trouble.cluster
    ledger = await Ledger.open(people_in_trouble)

    async def kill() -> None:
        await ledger.reached(MESSAGES // 3)
        old = cluster.pid_of(cluster.nodes[0].name)
        for person in ledger.persons:
            person.proxy.use(people_in_trouble.node(1))
        late = ledger.persons[0]
        late.proxy.shut()
        await cluster.kill(0, signal.SIGKILL)
        await cluster.back(0, old)
        await ledger.reached(MESSAGES * 2 // 3)
        late.proxy.reopen()

    await ledger.write(MESSAGES, kill)
    check(ledger)
    came_back = [follower for follower in ledger.followers if follower.recoveries or follower.refusals]
    assert len(came_back) == 4, "those of the node that was killed"
    assert ledger.followers[0].refusals == 1, "who came back after more than 300 messages read the log"
