"""One database for all tests of this folder; every test has a service of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from chatcore.store.postgres import PostgresStore
from tests.support.servers import Servers, cloned_database

from .rig import Rig

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests share the fixtures' event loop, in which the store lives."""
    for item in items:
        if item.path.is_relative_to(_HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="package"), append=False)


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def store(servers: Servers) -> AsyncIterator[PostgresStore]:
    async with cloned_database(servers) as dsn:
        store = await PostgresStore.open(dsn, min_size=1, max_size=10)
        try:
            yield store
        finally:
            await store.close()


@pytest_asyncio.fixture(loop_scope="package")
async def rig(store: PostgresStore) -> AsyncIterator[Rig]:
    async with Rig.running(store) as made:
        yield made
