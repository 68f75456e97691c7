"""One application over one database; every document has an account of its own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.reference.documents import Document
from tests.integration.rest.rig import new_account
from tests.support.servers import Servers, cloned_database

from .rig import Rig, running_rig
from .scene import Scene

_HERE = Path(__file__).parent
_shared = pytest_asyncio.fixture(scope="package", loop_scope="package")
collect_ignore = [] if "CHAT_CONTRACT_DIR" in os.environ else ["test_published.py"]

SceneOf = Callable[[Document], Awaitable[Scene]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests share the fixtures' event loop, in which the application lives."""
    for item in items:
        if item.path.is_relative_to(_HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="package"), append=False)


@_shared
async def rig(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    async with cloned_database(servers) as dsn, running_rig(dsn, tmp_path_factory.mktemp("media")) as rig:
        yield rig


@_shared
async def scene_of(rig: Rig) -> AsyncIterator[SceneOf]:
    """The scene of a document, set when first asked for."""
    scenes: dict[str, Scene] = {}
    async with contextlib.AsyncExitStack() as stack:

        async def get(document: Document) -> Scene:
            if document.name not in scenes:
                account = await new_account(rig.admin)
                http = await stack.enter_async_context(rig.http((account.sid, account.auth_token)))
                scenes[document.name] = Scene(rig, http, account, document)
            return scenes[document.name]

        yield get
