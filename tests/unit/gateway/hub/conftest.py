"""All tests of this folder live in virtual time: holes, sweeps and renewals cost nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest

from tests.support.virtual_time import VirtualLoop

from .fakes import ROOM, FakeReader, Node, running


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"virtual": VirtualLoop}


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    """With a stream of three events."""
    made = Node()
    made.log.make(ROOM)
    made.log.append(count=3)
    async with running(made):
        yield made


@pytest.fixture
async def reader(node: Node) -> FakeReader:
    """Attached at offset 3."""
    found = FakeReader()
    await node.read(found)
    return found
