"""An application over a database of its own, and callers of two accounts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from chatcore.store.postgres import PostgresStore

from .rig import Account, Rest, Rig, build_rig, new_account


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    store = await PostgresStore.open(database, min_size=1, max_size=5)
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
async def rig(store: PostgresStore) -> AsyncIterator[Rig]:
    rig = await build_rig(store)
    batches = asyncio.create_task(rig.chat.run())
    try:
        yield rig
    finally:
        batches.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await batches


@pytest.fixture
async def rest(rig: Rig) -> AsyncIterator[Rest]:
    """The first account, with its auth token."""
    async with rig.http() as http:
        http.auth = (rig.account.sid, rig.account.auth_token)  # type: ignore[assignment]  # httpx: setter takes tuples
        yield Rest(http, rig.account.service_sid)


@pytest.fixture
async def stranger(rig: Rig) -> AsyncIterator[Rest]:
    """Another account of the same server, with an API key."""
    account: Account = await new_account(rig.admin)
    async with rig.http() as http:
        http.auth = (account.key_sid, account.key_secret)  # type: ignore[assignment]  # httpx: setter takes tuples
        yield Rest(http, account.service_sid)
