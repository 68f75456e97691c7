"""Stores for tests. Most tests stay within a service of their own and share one database, which spares two seconds
for every ten of them; those that count rows of all services take `lone_store`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from chatcore.domain.model import Service
from chatcore.store.postgres import PostgresStore
from tests.support.servers import Servers

from . import make


@pytest.fixture(scope="session")
def shared_database(servers: Servers) -> Iterator[str]:
    """The DSN of a migrated database for all tests of this folder."""
    with asyncio.Runner() as runner:
        dsn = runner.run(servers.clone_database())
        yield dsn
        runner.run(servers.drop_database(dsn))


@pytest.fixture
async def store(shared_database: str) -> AsyncIterator[PostgresStore]:
    store = await PostgresStore.open(shared_database, min_size=1, max_size=5)
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
async def lone_store(database: str) -> AsyncIterator[PostgresStore]:
    """Over a database that only this test uses."""
    store = await PostgresStore.open(database, min_size=1, max_size=5)
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
async def service(store: PostgresStore) -> Service:
    return await make.service(store)
