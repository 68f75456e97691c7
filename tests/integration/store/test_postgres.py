"""Transactions and failures."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import UserSid
from chatcore.domain.model import Service
from chatcore.ports.store import TransactionConflict
from chatcore.store.postgres import PostgresStore
from tests.support.patience import PATIENCE

from . import make


async def test_nothing_is_visible_before_the_block_ends(store: PostgresStore, service: Service) -> None:
    channel = make.a_channel(service, "general")
    async with store.transaction() as tx:
        await tx.channels.create(channel)
        assert await store.read.channels.access(service.sid, "general", None) is None
    assert await store.read.channels.access(service.sid, "general", None) is not None


async def test_an_error_undoes_the_block(store: PostgresStore, service: Service) -> None:
    async def create_twice() -> None:
        async with store.transaction() as tx:
            for _ in range(2):
                await tx.channels.create(make.a_channel(service, "general"))

    with pytest.raises(ChatError):
        await create_twice()
    assert await store.read.channels.access(service.sid, "general", None) is None


async def test_cancelling_a_block_gives_its_locks_back(store: PostgresStore, service: Service) -> None:
    channel = await make.channel(store, service)
    locked, never = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with store.transaction() as tx:
            await tx.channels.lock([channel.sid])
            locked.set()
            await never.wait()

    holder = asyncio.create_task(hold())
    await locked.wait()
    holder.cancel()
    async with asyncio.timeout(PATIENCE), store.transaction() as tx:
        assert await tx.channels.lock([channel.sid])


async def test_cancelling_a_waiting_statement_leaves_the_pool_usable(store: PostgresStore, service: Service) -> None:
    channel = await make.channel(store, service)

    async def lock() -> None:
        async with store.transaction() as tx:
            await tx.channels.lock([channel.sid])

    async with store.transaction() as tx:
        await tx.channels.lock([channel.sid])
        for _ in range(6):  # more than the pool holds
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await lock()
    async with asyncio.timeout(PATIENCE):
        await lock()


async def test_a_deadlock_asks_to_try_again(store: PostgresStore, service: Service) -> None:
    streams = [(await make.user(store, service, name)).sid for name in ("alice", "bob")]
    met = asyncio.Barrier(2)

    async def lock(first: UserSid, second: UserSid) -> None:
        async with store.transaction() as tx:
            await tx.users.lock_streams([first])
            async with asyncio.timeout(PATIENCE):
                await met.wait()
            await tx.users.lock_streams([second])

    outcomes = await asyncio.gather(lock(*streams), lock(*reversed(streams)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome] == [TransactionConflict]


async def test_a_lost_database_is_a_temporary_error_and_comes_back(lone_store: PostgresStore, database: str) -> None:
    store = lone_store
    service = await make.service(store)
    await store.ping()

    async def lose_the_session() -> None:
        async with store.transaction() as tx:
            await _cut_all_sessions(database)
            await tx.services.find(service.sid)

    with pytest.raises(ChatError) as refused:
        await lose_the_session()
    assert refused.value.code is Code.UNAVAILABLE
    assert refused.value.temporary
    await store.ping()
    assert await store.read.services.find(service.sid) == service


async def _cut_all_sessions(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    finally:
        await connection.close()


async def test_a_full_pool_is_a_temporary_error(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatcore.store.session.ACQUIRE_TIMEOUT", 0.05)
    store = await PostgresStore.open(database, min_size=1, max_size=1)
    try:
        async with store.transaction():
            with pytest.raises(ChatError) as refused:
                await store.read.events.tops([])
    finally:
        await store.close()
    assert refused.value.code is Code.UNAVAILABLE


@pytest.mark.parametrize("size", [1, 2, 3, 4])
async def test_a_pool_of_any_size_is_never_exceeded(database: str, size: int) -> None:
    store = await PostgresStore.open(database, max_size=size)
    try:
        channel = await make.channel(store, await make.service(store))
        message = make.a_message(channel, "hello")
        moved = [(channel.stream.offset, make.advanced(channel, message))]

        async def look() -> None:
            async with store.transaction() as tx:
                await tx.events.tops([])

        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*[look() for _ in range(2 * size)])
            assert await store.read.messages.append([message], [make.an_event(message)], moved, [], []) == {channel.sid}
            await store.ping()
        async with store.pool.acquire() as connection:
            sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            assert await connection.fetchval(sessions) == size
    finally:
        await store.close()


async def test_a_closed_store_is_a_temporary_error(database: str) -> None:
    store = await PostgresStore.open(database, min_size=1, max_size=1)
    await store.close()
    for attempt in (store.ping(), store.read.events.tops([])):
        with pytest.raises(ChatError) as refused:
            await attempt
        assert refused.value.code is Code.UNAVAILABLE


async def test_an_unreachable_database_is_a_temporary_error() -> None:
    with pytest.raises(ChatError) as refused:
        await PostgresStore.open("postgresql://nobody@/none?host=/nonexistent")
    assert refused.value.code is Code.UNAVAILABLE


async def test_sessions_give_up_on_endless_statements(store: PostgresStore) -> None:
    async with store.pool.acquire() as connection:
        for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
            assert await connection.fetchval("SELECT current_setting($1)", name) != "0"
