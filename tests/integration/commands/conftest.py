"""One database for all tests of this folder; every test has services of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from chatcore.store.postgres import PostgresStore
from tests.support.servers import Servers, cloned_database

from .world import World, new_world

_HERE = Path(__file__).parent
_shared = pytest_asyncio.fixture(scope="package", loop_scope="package")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests share the fixtures' event loop, in which the store lives."""
    for item in items:
        if item.path.is_relative_to(_HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="package"), append=False)


@_shared
async def dsn(servers: Servers) -> AsyncIterator[str]:
    async with cloned_database(servers) as made:
        yield made


@_shared
async def store(dsn: str) -> AsyncIterator[PostgresStore]:
    store = await PostgresStore.open(dsn, min_size=1, max_size=10)
    try:
        yield store
    finally:
        await store.close()


@_shared
async def other_store(dsn: str) -> AsyncIterator[PostgresStore]:
    """Another node's."""
    store = await PostgresStore.open(dsn, min_size=1, max_size=5)
    try:
        yield store
    finally:
        await store.close()


@pytest_asyncio.fixture(loop_scope="package")
async def world(store: PostgresStore) -> AsyncIterator[World]:
    async with new_world(store) as made:
        yield made
