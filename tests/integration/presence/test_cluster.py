"""Presence, notes, rates and counts in a cluster: what belongs together lies in one slot, wherever that is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from chatcore.commands.rates import Rates
from chatcore.domain.ids import BindingSid, Identity, ServiceSid
from chatcore.ports.clock import SystemClock
from chatcore.ports.presence import Session
from chatcore.presence.counts import RedisCounts
from chatcore.presence.redis import RedisPresence
from chatcore.presence.sent import GATHERED, RedisSentNotes
from chatcore.presence.server import Server, reach
from chatcore.presence.shared import RedisShared
from chatcore.presence.whereabouts import RedisWhereabouts
from chatcore.resp.slots import partition_of, partition_slots
from tests.support.patience import PATIENCE
from tests.support.redis_cluster import RedisCluster

from .conftest import HandClock
from .test_counts import admitted

pytestmark = pytest.mark.xdist_group("redis cluster")

SERVICE = ServiceSid("IS1")
EVERYBODY = [Identity(f"user{number}") for number in range(1000)]
ALICE, ODD = Identity("alice"), Identity("{}bob}: ü\n")


def session(connection: str, identity: Identity = ALICE) -> Session:
    return Session(connection=connection, service_sid=SERVICE, identity=identity)


@pytest.fixture
async def presence(cluster: RedisCluster, redis_prefix: str, clock: HandClock) -> AsyncIterator[RedisPresence]:
    driver = RedisPresence(cluster.url, clock=clock, prefix=redis_prefix)
    yield driver
    await driver.close()


@pytest.fixture
async def server(cluster: RedisCluster) -> AsyncIterator[Server]:
    made = reach(cluster.url, name="test", away="it is away", connections=1, again=0)
    yield made
    await made.close()


def key(server: Server, prefix: str, name: str) -> str:
    return f"{prefix}{server.tag(name)}{name}"


def slot_of(name: str) -> int:
    return partition_slots()[partition_of(name.encode())]


async def eventually(server: Server, name: str) -> object:
    """What INCR says once the cluster takes it."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with contextlib.suppress(ConnectionError):
                return (await server.call([(name, ("INCR", name))]))[0]
            await asyncio.sleep(0.05)


async def test_connections_of_an_identity_are_counted(presence: RedisPresence) -> None:
    await presence.open()
    for identity in (ALICE, ODD):
        assert await presence.enter(session("a", identity)) == 1
        assert await presence.enter(session("b", identity)) == 2
        assert await presence.leave(session("a", identity)) == 1
        assert await presence.online(SERVICE, [identity]) == {identity: True}
        assert await presence.leave(session("b", identity), goodbye=True) == 0
        assert await presence.online(SERVICE, [identity]) == {identity: False}


async def test_many_are_renewed_and_asked_for_on_all_servers_at_once(presence: RedisPresence) -> None:
    await presence.announce(session(identity, identity) for identity in EVERYBODY[1:])
    online = await presence.online(SERVICE, EVERYBODY)
    assert online == dict.fromkeys(EVERYBODY, True) | {EVERYBODY[0]: False}


async def test_push_workers_see_the_same(
    cluster: RedisCluster, presence: RedisPresence, redis_prefix: str, clock: HandClock
) -> None:
    whereabouts = RedisWhereabouts(cluster.url, clock=clock, prefix=redis_prefix)
    try:
        await presence.announce(session(identity, identity) for identity in EVERYBODY[:500])
        for _ in range(2):
            seen = await whereabouts.seen(SERVICE, EVERYBODY)
            assert seen.online == set(EVERYBODY[:500])
            assert 0 <= seen.settles_in <= 30
        for identity in EVERYBODY[:10]:
            await presence.leave(session(identity, identity), goodbye=True)
        before = clock.now() - timedelta(seconds=1)
        assert await whereabouts.left(SERVICE, EVERYBODY, before) == set(EVERYBODY[:10])
        assert await whereabouts.left(SERVICE, [], before) == frozenset()
    finally:
        await whereabouts.close()


async def test_accepted_pushes_are_noted(cluster: RedisCluster, redis_prefix: str) -> None:
    mine, other = (RedisSentNotes(cluster.url, prefix=redis_prefix) for _ in range(2))
    task = asyncio.create_task(mine.run())
    try:
        async with asyncio.timeout(PATIENCE):
            found: list[set[str]] = []
            while found != [{"BS1", f"BS{job}"} for job in range(2, 22)]:
                for job in range(2, 22):
                    mine.note(job, BindingSid("BS1"))
                    mine.note(job, BindingSid(f"BS{job}"))
                await asyncio.sleep(2 * GATHERED)
                found = [set(await other.noted(job)) for job in range(2, 22)]
    finally:
        task.cancel()
        await asyncio.wait([task])
        await mine.close()
        await other.close()


async def test_texts_and_rates_are_shared(cluster: RedisCluster, redis_prefix: str) -> None:
    shared = RedisShared(cluster.url, prefix=redis_prefix)
    try:
        for name in ("a", "b", "c", "d"):
            assert await shared.put_if_absent(name, "one", 60)
            assert not await shared.put_if_absent(name, "two", 60)
            assert await shared.replace(name, "one", "two", 60)
            found = await shared.get(name)
            assert found is not None
            assert found[0] == "two"
            assert await shared.take(f"rate of {name}", 30, 100) == 30
            assert 70 <= await shared.take(f"rate of {name}", 100, 100) <= 99
    finally:
        await shared.close()


async def test_counts_of_all_nodes_come_together(cluster: RedisCluster, redis_prefix: str) -> None:
    one, two = (RedisCounts(cluster.url, prefix=redis_prefix) for _ in range(2))
    try:
        counted = {f"CH{number}": number for number in range(1000)}
        await one.share(counted)
        heard = await two.share(dict.fromkeys(counted, 1))
        assert list(heard) == list(counted)
        assert {key: sum(others) for key, others in heard.items()} == counted
    finally:
        await one.close()
        await two.close()


async def test_two_nodes_keep_one_limit(cluster: RedisCluster, redis_prefix: str) -> None:
    counts = [RedisCounts(cluster.url, prefix=redis_prefix) for _ in range(2)]
    one, two = (Rates(SystemClock(), channel=10, service=0, shared=shared) for shared in counts)
    tasks = [asyncio.create_task(node.run()) for node in (one, two)]
    try:
        assert admitted(one, 60) == 50
        done = 0
        async with asyncio.timeout(PATIENCE):
            while admitted(two, 1):
                done += 1
                await asyncio.sleep(0.02)
        assert done < 40, "it is told soon, and then refuses"
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for shared in counts:
            await shared.close()


async def test_commands_find_a_slot_that_has_moved(cluster: RedisCluster, server: Server, redis_prefix: str) -> None:
    name = key(server, redis_prefix, "wanderer")
    assert await eventually(server, name) == 1
    masters = [await cluster.master(slot) for slot in (0, 8000, 16000)]
    for number, to in enumerate(masters, 2):
        await cluster.move(slot_of(name), to)
        assert await server.call([(name, ("INCR", name))]) == [number]


async def test_commands_follow_a_slot_while_it_is_moving(
    cluster: RedisCluster, server: Server, redis_prefix: str
) -> None:
    """ASK, which is obeyed this once, and TRYAGAIN, which passes."""
    moved, kept = (f"{redis_prefix}{server.tag('x')}{name}" for name in ("moved", "kept"))
    await eventually(server, moved)
    await eventually(server, kept)
    slot = slot_of(moved)
    source = await cluster.master(slot)
    target = next(each for each in cluster.servers if each is not source)
    await target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
    await source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)
    await source.ask("MIGRATE", "127.0.0.1", target.port, moved, 0, 5000)
    got = await server.call([(moved, ("INCR", moved)), (kept, ("INCR", kept)), (moved, ("INCR", moved))])
    assert got == [2, 2, 3]
    async with asyncio.TaskGroup() as group:
        both = group.create_task(server.call([(moved, ("MGET", moved, kept))]))
        await asyncio.sleep(0)
        await source.ask("MIGRATE", "127.0.0.1", target.port, kept, 0, 5000)
    assert both.result() == [[b"3", b"2"]]
    others = await source.ask("CLUSTER", "GETKEYSINSLOT", slot, 1000)  # of other tests
    assert isinstance(others, list)
    for other in others:
        await source.ask("MIGRATE", "127.0.0.1", target.port, other, 0, 5000)
    for each in (target, source):
        await each.ask("CLUSTER", "SETSLOT", slot, "NODE", target.id)
    assert await eventually(server, kept) == 3


async def test_what_is_refused_fails_the_call_only(cluster: RedisCluster, server: Server, redis_prefix: str) -> None:
    name = key(server, redis_prefix, "a")
    await server.call([(name, ("SET", name, "text"))])
    with pytest.raises(ConnectionError, match="it is away: WRONGTYPE"):
        await server.call([(name, ("SADD", name, "x"))])
    assert await server.call([(name, ("GET", name))]) == [b"text"]


async def test_a_server_that_hangs_fails_calls_within_a_second(
    cluster: RedisCluster, server: Server, redis_prefix: str
) -> None:
    name = key(server, redis_prefix, "a")
    await eventually(server, name)
    (connection,) = await server.call([(name, ("CLIENT", "ID"))])
    silent = await cluster.master(slot_of(name))
    silent.freeze()
    try:
        for _ in range(2):
            async with asyncio.timeout(PATIENCE):
                with pytest.raises(ConnectionError, match="it is away"):
                    await server.call([(name, ("INCR", name))])
    finally:
        silent.thaw()
    assert await eventually(server, name)
    assert await server.call([(name, ("CLIENT", "ID"))]) != [connection], "another might be silent for ever"


async def test_a_replica_takes_over_with_what_it_knows(
    replicated: RedisCluster, redis_prefix: str, clock: HandClock
) -> None:
    presence = RedisPresence(replicated.url, clock=clock, prefix=redis_prefix)
    whereabouts = RedisWhereabouts(replicated.url, clock=clock, prefix=redis_prefix, settling=0.0)
    try:
        await presence.announce(session(identity, identity) for identity in EVERYBODY)
        dead = await replicated.master(0)
        assert await dead.ask("WAIT", 1, 5000) == 1, "what a replica has not got is lost"
        await dead.kill()
        with pytest.raises(ConnectionError):
            await presence.online(SERVICE, EVERYBODY)
        await replicated.until_replaced(dead, 0)
        async with asyncio.timeout(PATIENCE):
            while True:
                with contextlib.suppress(ConnectionError):
                    assert await presence.online(SERVICE, EVERYBODY) == dict.fromkeys(EVERYBODY, True)
                    break
                await asyncio.sleep(0.05)
        assert (await whereabouts.seen(SERVICE, EVERYBODY)).online == set(EVERYBODY)
    finally:
        await presence.close()
        await whereabouts.close()
