"""The product with two nodes, and people who use it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from inspect import iscoroutinefunction
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.cluster import Cluster, running_cluster

from .people import People
from .sdk import KINDS, MORE_KINDS
from .sdk_go import GoProcess
from .sdk_java import JavaProcess
from .sdk_js import JsProcess
from .sdk_process import SdkProcesses


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder share one event loop, and so one Node process: starting one costs half a second."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and isinstance(item, pytest.Function) and iscoroutinefunction(item.function):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`kind` is a library and its encoding; `asking_kind` one that asks the application for its position."""
    kinds = KINDS + MORE_KINDS if metafunc.config.getoption("all_sdks") else KINDS
    for argument, values in {"kind": kinds, "asking_kind": KINDS}.items():
        chosen = any(argument in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
        if argument in metafunc.fixturenames and not chosen:
            metafunc.parametrize(argument, values)


@pytest.fixture(scope="session")
def shared_cluster() -> Iterator[Cluster]:
    """Two nodes for tests that leave them as they were. None of what clients send may surprise them."""
    with running_cluster(2) as started:
        yield started
        output = started.output()
    assert "Traceback" not in output, output


@pytest.fixture(scope="session")
def failing_cluster() -> Iterator[Cluster]:
    """Two nodes for tests that kill parts and wait until they are back."""
    with running_cluster(2) as started:
        yield started


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def node_process() -> AsyncIterator[JsProcess]:
    """Node with the JavaScript libraries."""
    process = await JsProcess.start()
    try:
        yield process
    finally:
        await process.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def more_processes() -> AsyncIterator[SdkProcesses]:
    """Those of Java and Go; each starts when it is asked for."""
    processes = SdkProcesses({"java": JavaProcess.start, "go": GoProcess.start})
    try:
        yield processes
    finally:
        await processes.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def people(
    shared_cluster: Cluster, node_process: JsProcess, more_processes: SdkProcesses
) -> AsyncIterator[People]:
    async with AsyncExitStack() as stack:
        yield People(shared_cluster, node_process, stack, more_processes)


@pytest_asyncio.fixture(loop_scope="session")
async def people_in_trouble(
    failing_cluster: Cluster, node_process: JsProcess, more_processes: SdkProcesses
) -> AsyncIterator[People]:
    async with AsyncExitStack() as stack:
        yield People(failing_cluster, node_process, stack, more_processes)
