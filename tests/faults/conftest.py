"""One town for all faults, in one event loop."""

from __future__ import annotations

import random
import secrets
import shutil
from collections.abc import AsyncIterator
from inspect import iscoroutinefunction
from pathlib import Path

import pytest
import pytest_asyncio

from .town import Size, Town, town


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and isinstance(item, pytest.Function) and iscoroutinefunction(item.function):
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Town]:
    """Two gateways, a push worker, and people who never stop. Pushes do not wait until presence is known."""
    folder = Path("/tmp") / f"chat-faults-{secrets.token_hex(6)}"
    random.seed(folder.name)
    failed = request.session.testsfailed
    async with town(folder, Size(crowd=100), {"CHAT_PUSH_ONLINE": "send"}) as made:
        await made.healed()
        yield made
    shutil.rmtree(f"{folder}-keys", ignore_errors=True)
    if request.session.testsfailed == failed:  # else they say where the logs are
        shutil.rmtree(folder, ignore_errors=True)
