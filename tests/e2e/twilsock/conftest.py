"""Guests of the shared clusters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from tests.support.cluster import Cluster

from .guests import Guests, SdkProcesses
from .sdk import VERSIONS


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sdk_processes() -> AsyncIterator[SdkProcesses]:
    processes = SdkProcesses()
    try:
        yield processes
    finally:
        await processes.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def guests(shared_cluster: Cluster, sdk_processes: SdkProcesses) -> AsyncIterator[Guests]:
    async with AsyncExitStack() as stack:
        yield Guests(shared_cluster, sdk_processes, stack)


@pytest_asyncio.fixture(loop_scope="session")
async def guests_in_trouble(failing_cluster: Cluster, sdk_processes: SdkProcesses) -> AsyncIterator[Guests]:
    async with AsyncExitStack() as stack:
        yield Guests(failing_cluster, sdk_processes, stack)


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """Of the SDK."""
    return str(request.param)
