"""The broker over a cluster whose parts move, die and come back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from chatcore.broker.bell import Bell
from chatcore.broker.cluster import ClusterBroker
from chatcore.broker.topics import ShardChannelNames
from chatcore.domain.events import Topic
from chatcore.ports.broker import Broker
from chatcore.resp.slots import partition_slots
from tests.support.patience import PATIENCE, until
from tests.support.redis_cluster import RedisCluster, Server

from .node import event, running
from .test_bell import Ears, hung, rung

pytestmark = pytest.mark.xdist_group("redis cluster")

TOPICS = [Topic(f"chat:CH{number}") for number in range(300)]
ROOM = TOPICS[0]


def slot_of(topic: Topic) -> int:
    number, _ = ShardChannelNames("t:").place(topic)
    return partition_slots()[number]


async def a_master_but(cluster: RedisCluster, other: Server) -> Server:
    masters = [await cluster.master(slot) for slot in (0, 8000, 16000)]
    return next(master for master in masters if master is not other)


async def test_topics_are_spread_over_all_servers(cluster: RedisCluster, redis_prefix: str) -> None:
    async with running(cluster.url, redis_prefix, "one") as one:
        assert isinstance(one.broker, ClusterBroker)
        assert one.broker.servers == (3, 3)
        await one.broker.subscribe(TOPICS)
        for server in cluster.servers:
            channels = await server.ask("PUBSUB", "SHARDCHANNELS")
            assert isinstance(channels, list)
            assert 50 < len(channels) < 150
        one.broker.publish([event(topic, number) for number, topic in enumerate(TOPICS)])
        await until(lambda: sorted(one.offsets()) == list(range(300)))
        await one.broker.unsubscribe(TOPICS[1:])
        await one.broker.ping()
        one.broker.publish([event(TOPICS[1], 1), event(ROOM, 2)])
        await one.hears(301)
        assert one.restored == 0


async def test_one_server_of_the_url_is_enough(cluster: RedisCluster, redis_prefix: str) -> None:
    port = cluster.servers[1].port
    async with running(f"redis+cluster://127.0.0.1:1,127.0.0.1:{port}", redis_prefix, "one") as one:
        assert isinstance(one.broker, ClusterBroker)
        assert one.broker.servers == (3, 3)


async def test_a_process_that_only_publishes_needs_no_task(cluster: RedisCluster, redis_prefix: str) -> None:
    async with running(cluster.url, redis_prefix, "one") as node:
        await node.broker.subscribe(TOPICS)
        brief = ClusterBroker(cluster.url, node="brief", prefix=redis_prefix)
        await brief.open()
        brief.publish([event(topic, 1) for topic in TOPICS])
        await brief.close()
        assert not brief.connected
        await node.hears(300)


@pytest.mark.parametrize("how", [RedisCluster.move, RedisCluster.migrate])
async def test_a_slot_that_goes_to_another_server_is_followed(
    cluster: RedisCluster, redis_prefix: str, how: Callable[[RedisCluster, int, Server], Awaitable[None]]
) -> None:
    async with running(cluster.url, redis_prefix, "one") as one, running(cluster.url, redis_prefix, "two") as two:
        await two.broker.subscribe(TOPICS)
        await how(cluster, slot_of(ROOM), await a_master_but(cluster, await cluster.master(slot_of(ROOM))))
        await until(lambda: two.broker.connected and two.restored)
        one.broker.publish([event(topic, 1) for topic in TOPICS])
        await two.hears(300)
        assert one.restored == 0, "it listens to nothing there"
        two.broker.publish([event(ROOM, 2)])
        await two.hears(301)


async def test_whoever_publishes_follows_a_wandering_slot(cluster: RedisCluster, redis_prefix: str) -> None:
    async with running(cluster.url, redis_prefix, "one") as one, running(cluster.url, redis_prefix, "two") as two:
        await two.broker.subscribe([ROOM])
        source = await cluster.master(slot_of(ROOM))
        target = await a_master_but(cluster, source)
        said = [0]

        def heard() -> bool:
            said.append(said[-1] + 1)
            one.broker.publish([event(ROOM, said[-1])])
            return bool(two.offsets()) and two.offsets()[-1] > start

        for to in (target, source, target):
            start = said[-1]
            await until(heard)
            moving = asyncio.create_task(cluster.move(slot_of(ROOM), to))
            await until(lambda moving=moving: heard() and moving.done())  # type: ignore[misc]  # bound early
            await moving
            start = said[-1]
            await until(heard)
        await until(lambda: two.broker.connected)
        assert two.restored >= 3


async def test_new_topics_of_a_slot_that_has_moved_are_heard(cluster: RedisCluster, redis_prefix: str) -> None:
    async with running(cluster.url, redis_prefix, "one") as one:
        await cluster.move(slot_of(ROOM), await a_master_but(cluster, await cluster.master(slot_of(ROOM))))
        await one.broker.subscribe([ROOM])
        await until(lambda: one.broker.connected and one.restored)
        one.broker.publish([event(ROOM, 1)])
        await until(lambda: one.offsets() == [1])


async def test_a_replica_takes_over(replicated: RedisCluster, redis_prefix: str) -> None:
    async with running(replicated.url, redis_prefix, "one") as one, running(replicated.url, redis_prefix, "two") as two:
        await two.broker.subscribe(TOPICS)
        dead = await replicated.master(slot_of(ROOM))
        await dead.kill()
        await until(lambda: not one.broker.connected and not two.broker.connected)
        one.broker.publish([event(topic, 1) for topic in TOPICS])
        await until(lambda: len(two.heard) > 150)  # who lives goes on
        await one.broker.ping()
        assert two.restored == 0
        async with asyncio.timeout(PATIENCE):
            await replicated.until_replaced(dead, slot_of(ROOM))
        # What waited for the new master may have left before this node was subscribed there: it is told to look.
        await until(lambda: two.restored == 1)
        await until(lambda: one.broker.connected)
        one.broker.publish([event(topic, 2) for topic in TOPICS])
        await until(lambda: two.offsets().count(2) == 300)


async def test_a_master_hands_over_to_its_replica(replicated: RedisCluster, redis_prefix: str) -> None:
    async with running(replicated.url, redis_prefix, "one") as one, running(replicated.url, redis_prefix, "two") as two:
        await two.broker.subscribe(TOPICS)
        await replicated.hand_over(slot_of(ROOM))
        await until(lambda: two.broker.connected and two.restored)
        await until(lambda: one.broker.connected)
        one.broker.publish([event(topic, 1) for topic in TOPICS])
        await two.hears(300)


async def test_a_server_that_comes_back_empty_is_used_again(cluster: RedisCluster, redis_prefix: str) -> None:
    async with running(cluster.url, redis_prefix, "one") as one:
        await one.broker.subscribe(TOPICS)
        server = await cluster.master(slot_of(ROOM))
        await server.kill()
        await until(lambda: not one.broker.connected)
        one.broker.publish([event(ROOM, 1)])
        await server.start()
        await until(lambda: one.restored == 1)
        await until(lambda: one.offsets() == [1])


async def test_a_server_that_hangs_counts_as_away(cluster: RedisCluster, redis_prefix: str) -> None:
    async with running(cluster.url, redis_prefix, "one") as one:
        await one.broker.subscribe([ROOM])
        one.broker.answer(lambda _topic, _text: b"here")
        server = await cluster.master(slot_of(ROOM))
        server.freeze()
        try:
            await until(lambda: not one.broker.connected)
            assert await one.broker.ask(ROOM, b"who?", patience=1) == [b"here"], "a node answers itself"
        finally:
            server.thaw()
        await until(lambda: one.restored == 1)
        one.broker.publish([event(ROOM, 1)])
        await until(lambda: one.offsets() == [1])


async def test_a_node_may_start_before_the_cluster(cluster: RedisCluster, redis_prefix: str) -> None:
    for server in cluster.servers:
        await server.kill()
    async with running(cluster.url, redis_prefix, "one", connected=False) as one:
        await one.broker.open()
        async with asyncio.timeout(PATIENCE):
            await one.broker.subscribe([ROOM])
        one.broker.publish([event(ROOM, 1)])
        with pytest.raises(ConnectionError, match="0 of 0 servers"):
            await one.broker.ping()
        for server in cluster.servers:
            await server.start()
        await until(lambda: one.restored == 1)
        await until(lambda: one.offsets() == [1])


async def test_most_of_the_cluster_has_to_answer(cluster: RedisCluster, redis_prefix: str) -> None:
    async with running(cluster.url, redis_prefix, "one") as one:
        await cluster.servers[0].kill()
        await until(lambda: not one.broker.connected)
        await one.broker.ping()
        await cluster.servers[1].kill()
        broker = one.broker
        assert isinstance(broker, ClusterBroker)
        await until(lambda: broker.servers[0] == 1)
        with pytest.raises(ConnectionError, match="1 of 3 servers"):
            await broker.ping()


async def test_wrong_credentials_are_reported(cluster: RedisCluster, caplog: pytest.LogCaptureFixture) -> None:
    broker = ClusterBroker(cluster.url.replace("//", "//nobody:secret@"), node="one")
    await broker.open()
    assert not broker.connected
    assert "WRONGPASS" in caplog.text
    assert "secret" not in caplog.text


async def test_the_bell_follows_its_slot(replicated: RedisCluster, redis_prefix: str) -> None:
    ears = Ears()
    async with hung(replicated.url, redis_prefix, ears) as bell, hung(replicated.url, redis_prefix) as other:
        await rung(other, ears)
        slot = slot_of(Topic("jobs"))
        dead = await replicated.master(slot)
        await dead.kill()
        await replicated.until_replaced(dead, slot)
        await rung(bell, ears)
        await rung(other, ears)
        await replicated.move(slot, await a_master_but(replicated, await replicated.master(slot)))
        await rung(other, ears)


def test_the_driver_satisfies_the_port() -> None:
    broker: Broker = ClusterBroker("redis+cluster://127.0.0.1", node="one")
    assert not broker.connected
    assert Bell("redis+cluster://127.0.0.1", node="one")
