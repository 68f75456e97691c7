from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.support.valkey import Mortal, mortal_valkey

from .node import Node, running


@pytest.fixture
async def mortal() -> AsyncIterator[Mortal]:
    async with mortal_valkey() as valkey:
        yield valkey


@pytest.fixture(params=["server", pytest.param("cluster", marks=pytest.mark.xdist_group("redis cluster"))])
def broker_url(request: pytest.FixtureRequest) -> str:
    """Of a single server, then of a cluster."""
    if request.param == "server":
        return str(request.getfixturevalue("redis_url"))
    return str(request.getfixturevalue("three_masters").url)


@pytest.fixture
async def two(broker_url: str, redis_prefix: str) -> AsyncIterator[tuple[Node, Node]]:
    """Two connected nodes."""
    async with contextlib.AsyncExitStack() as stack:
        one = await stack.enter_async_context(running(broker_url, redis_prefix, "one"))
        two = await stack.enter_async_context(running(broker_url, redis_prefix, "two"))
        yield one, two
