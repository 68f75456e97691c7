"""One application over one database and folder for all tests here; every test has accounts of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from chatcore.store.postgres import PostgresStore
from tests.integration.rest.rig import Account, new_account
from tests.support.servers import Servers, cloned_database

from .rig import Caller, Rig, build_rig, token

_HERE = Path(__file__).parent
_shared = pytest_asyncio.fixture(scope="package", loop_scope="package")
_fresh = pytest_asyncio.fixture(loop_scope="package")

ClientOf = Callable[[str], Awaitable[Caller]]


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
async def rig(store: PostgresStore, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    async with running(build_rig(store, tmp_path_factory.mktemp("media"))) as made:
        yield made


@contextlib.asynccontextmanager
async def running(rig: Rig) -> AsyncIterator[Rig]:
    batches = asyncio.create_task(rig.chat.run())
    try:
        yield rig
    finally:
        batches.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await batches


@_fresh
async def account(rig: Rig) -> Account:
    return await new_account(rig.admin)


@_fresh
async def server(rig: Rig, account: Account) -> AsyncIterator[Caller]:
    """The test's account, with its auth token."""
    async with rig.http(auth=(account.sid, account.auth_token)) as http:
        yield Caller(rig, account, http)


@_fresh
async def stranger(rig: Rig) -> AsyncIterator[Caller]:
    """Another account of the same server, with an API key."""
    account = await new_account(rig.admin)
    async with rig.http(auth=(account.key_sid, account.key_secret)) as http:
        yield Caller(rig, account, http)


@_fresh
async def client_of(rig: Rig, account: Account) -> AsyncIterator[ClientOf]:
    """Clients of the test's account, by identity; their users exist."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(identity: str) -> Caller:
            http = rig.http(headers={"X-Twilio-Token": token(account, identity)})
            caller = Caller(rig, account, await stack.enter_async_context(http), identity, mount="")
            assert caller.actor.identity is not None
            await rig.chat.users.connected(caller.actor, caller.actor.identity, None)
            return caller

        yield make
