"""Two nodes over a Redis cluster: whatever its servers suffer, every reader has each index once, in order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from chatcore.broker.topics import PREFIX, ShardChannelNames
from chatcore.domain.events import channel_topic
from chatcore.domain.ids import ChannelSid
from chatcore.resp.slots import partition_slots
from tests.support.cluster import Cluster, running_cluster
from tests.support.patience import until
from tests.support.redis_cluster import RedisCluster, running_redis_cluster

from .ledger import Ledger
from .people import People
from .sdk_js import JsProcess
from .sdk_process import SdkProcesses

pytestmark = pytest.mark.xdist_group("redis cluster")

MESSAGES = 2400
RATE = 240
"""Per second over five seconds: the second half of the messages takes five seconds, in which all the rest happens."""
EVERY = list(range(MESSAGES))


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisCluster]:
    with running_redis_cluster(replicas=True) as started:
        yield started


@pytest.fixture(scope="module")
def product(redis: RedisCluster) -> Iterator[Cluster]:
    with running_cluster(2, {"CHAT_REDIS_URL": redis.url, "CHAT_RATE_CHANNEL": str(RATE)}) as started:
        yield started
        output = started.output()
    assert "Traceback" not in output, output


@pytest_asyncio.fixture(loop_scope="session")
async def people(product: Cluster, node_process: JsProcess, more_processes: SdkProcesses) -> AsyncIterator[People]:
    async with AsyncExitStack() as stack:
        yield People(product, node_process, stack, more_processes)


def slot_of(ledger: Ledger) -> int:
    """Where the announcements of its channel are."""
    number, _ = ShardChannelNames(PREFIX).place(channel_topic(ChannelSid(ledger.sid)))
    return partition_slots()[number]


def check(ledger: Ledger) -> None:
    for follower in ledger.followers:
        got = follower.indexes
        assert got == EVERY, f"{follower.name} has {len(got)}, up to {got[-1:]}, after {follower.refusals} refusals"
    assert all(person.feed.count("connected") == 1 for person in ledger.persons), "nobody had to come back"


async def test_while_the_slot_of_the_channel_moves(people: People, redis: RedisCluster) -> None:
    ledger = await Ledger.open(people)

    async def move() -> None:
        home = await redis.master(slot_of(ledger))
        masters = [await redis.master(slot) for slot in (0, 8000, 16000)]
        away = next(master for master in masters if master is not home)
        for third, to in ((1, away), (2, home)):
            await ledger.reached(third * MESSAGES // 3)
            await redis.move(slot_of(ledger), to)

    await ledger.write(MESSAGES, move)
    check(ledger)


async def test_while_the_master_of_the_channel_is_killed_and_a_replica_takes_over(
    people: People, redis: RedisCluster
) -> None:
    ledger = await Ledger.open(people)

    async def kill() -> None:
        await ledger.reached(MESSAGES // 3)
        connected = people.cluster.output().count("a cluster of 3 servers")
        dead = await redis.master(slot_of(ledger))
        await dead.kill()
        await people.cluster.until_ready(0)
        await people.cluster.until_ready(1)
        await redis.until_replaced(dead, slot_of(ledger))
        assert ledger.sent < MESSAGES, "it happened meanwhile"
        await dead.start()
        await redis.until_well()
        everybody = connected + 3  # two gateways and the push worker
        await until(lambda: people.cluster.output().count("a cluster of 3 servers") >= everybody)

    await ledger.write(MESSAGES, kill)
    check(ledger)
