"""How a supervisor hears that it should stop."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from chatcore.supervisor.stopping import until_asked_to_stop
from tests.support.patience import PATIENCE


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_first_signal_ends_the_block_and_later_ones_hurry(number: signal.Signals) -> None:
    hurried = asyncio.Event()
    with until_asked_to_stop(hurried.set):
        try:
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            assert not hurried.is_set()
            os.kill(os.getpid(), number)
            async with asyncio.timeout(PATIENCE):
                await hurried.wait()
    async with asyncio.timeout(PATIENCE):
        await hurried.wait()


async def test_a_cancellation_from_elsewhere_stays_one() -> None:
    async def run() -> None:
        with until_asked_to_stop(lambda: None):
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(run())
        group.create_task(_cancel(task))
    assert task.cancelled()


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()


async def test_signals_mean_again_afterwards_what_they_meant_before() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with until_asked_to_stop(lambda: None):
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) in (before, signal.SIG_DFL)
