"""A store over a database of its own, and a service to work in."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from chatcore.domain.model import Service
from chatcore.store.postgres import PostgresStore

from . import make


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    store = await PostgresStore.open(database, min_size=1, max_size=5)
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
async def service(store: PostgresStore) -> Service:
    return await make.service(store)
