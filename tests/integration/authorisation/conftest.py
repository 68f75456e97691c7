"""One gateway process for all tests here, and one world that they share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from chatcore.store.admin import Admin
from chatcore.store.postgres import PostgresStore
from tests.support.servers import Servers

from .world import World, running_gateway, running_world

_HERE = Path(__file__).parent
_shared = pytest_asyncio.fixture(scope="package", loop_scope="package")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests share the fixtures' event loop. Those of clients share a world, so they run in one process; those of
    servers may run in another."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            part = "servers" if item.path.stem == "test_operations" else "clients"
            item.add_marker(pytest.mark.xdist_group(f"authorisation of {part}"))
            if pytest_asyncio.is_async_test(item):
                item.add_marker(pytest.mark.asyncio(loop_scope="package"), append=False)


@_shared
async def gateway(
    servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[str, PostgresStore, Admin]]:
    async with running_gateway(servers, tmp_path_factory.mktemp("gateway")) as running:
        yield running


@_shared
async def world(gateway: tuple[str, PostgresStore, Admin]) -> AsyncIterator[World]:
    async with running_world(*gateway) as world:
        yield world
