"""One application over one database for all tests of this folder; every test has accounts of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from chatcore.store.postgres import PostgresStore
from tests.integration.rest.rig import Account, Rest, Rig, build_rig, new_account
from tests.support.servers import Servers, cloned_database

from .rig import HOST, Conversations

_HERE = Path(__file__).parent
_shared = pytest_asyncio.fixture(scope="package", loop_scope="package")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests share the fixtures' event loop, in which the application lives."""
    for item in items:
        if item.path.is_relative_to(_HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="package"), append=False)


@_shared
async def store(servers: Servers) -> AsyncIterator[PostgresStore]:
    async with cloned_database(servers) as dsn:
        store = await PostgresStore.open(dsn, min_size=1, max_size=5)
        try:
            yield store
        finally:
            await store.close()


@_shared
async def rig(store: PostgresStore) -> AsyncIterator[Rig]:
    rig = build_rig(store)
    batches = asyncio.create_task(rig.chat.run())
    try:
        yield rig
    finally:
        batches.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await batches


@pytest_asyncio.fixture(loop_scope="package")
async def account(rig: Rig) -> Account:
    return await new_account(rig.admin)


@pytest_asyncio.fixture(loop_scope="package")
async def conversations(rig: Rig, account: Account) -> AsyncIterator[Conversations]:
    """The test's account in the default form, which acts on the account's service."""
    async with rig.http((account.sid, account.auth_token), base_url=HOST) as http:
        yield Conversations(http, account)


@pytest_asyncio.fixture(loop_scope="package")
async def rest(rig: Rig, account: Account) -> AsyncIterator[Rest]:
    """The test's account in Chat v2."""
    async with rig.http((account.sid, account.auth_token)) as http:
        yield Rest(http, account)


@pytest_asyncio.fixture(loop_scope="package")
async def stranger(rig: Rig) -> AsyncIterator[Conversations]:
    """Another account of the same server, with an API key."""
    account = await new_account(rig.admin)
    async with rig.http((account.key_sid, account.key_secret), base_url=HOST) as http:
        yield Conversations(http, account)


@pytest_asyncio.fixture(loop_scope="package", params=["default form", "service form"])
async def either(request: pytest.FixtureRequest, conversations: Conversations) -> Conversations:
    """The test's account, in each form."""
    return conversations if request.param == "default form" else conversations.in_service()
