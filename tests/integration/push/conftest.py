from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from chatcore.store.postgres import PostgresStore
from chatcore.webhooks.client import Client
from tests.integration.commands.world import new_world
from tests.support.receiver import Receiver, receiver

from .phones import Phones
from .rig import Office


@pytest.fixture
async def office(database: str) -> AsyncIterator[Office]:
    store = await PostgresStore.open(database, min_size=1, max_size=10)
    try:
        async with new_world(store) as world, Client(allow_private=True) as client:
            yield Office(world, client)
    finally:
        await store.close()


@pytest.fixture
async def hook() -> AsyncIterator[Receiver]:
    async with receiver() as made:
        yield made


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    made = await PostgresStore.open(database, min_size=1, max_size=10)
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
async def phones(store: PostgresStore) -> AsyncIterator[Phones]:
    async with new_world(store) as world:
        yield Phones(world)
