"""One node for all of these tests, with the limits it comes with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.cluster import Cluster, running_cluster

from .node import Node, node_of

SETTINGS = {"CHAT_COMPRESSION": "1", "CHAT_LOG_LEVEL": "warning"}
"""The limits it comes with; bombs need compression."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All in one process, so that there is one node."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("abuse"))


@pytest.fixture(scope="session")
def abused_cluster() -> Iterator[Cluster]:
    with running_cluster(1, SETTINGS) as started:
        yield started


@pytest_asyncio.fixture
async def node(abused_cluster: Cluster) -> AsyncIterator[Node]:
    """Has to be unharmed afterwards."""
    async with node_of(abused_cluster) as found, found.unharmed():
        yield found
