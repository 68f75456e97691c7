from __future__ import annotations

import asyncio

import pytest

from gateway.sockets.tasks import Tasks
from tests.support.patience import PATIENCE


async def test_the_end_cancels_and_waits() -> None:
    steps: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            steps.append("cleaned up")

    async with Tasks() as tasks:
        tasks.start(work(), "work")
        await asyncio.sleep(0)
    assert steps == ["cleaned up"]


async def test_what_a_task_raises_is_logged_once_and_disturbs_no_other(caplog: pytest.LogCaptureFixture) -> None:
    done = asyncio.Event()

    async def fail() -> None:
        raise RuntimeError("boom")

    async def work() -> None:
        await asyncio.sleep(0)
        done.set()

    async with Tasks() as tasks:
        tasks.start(fail(), "failing")
        tasks.start(work(), "working")
        async with asyncio.timeout(PATIENCE):
            await done.wait()
    records = [record for record in caplog.records if record.exc_info]
    assert [record.getMessage() for record in records] == ["Task failing failed"]


async def test_idle_waits_for_what_runs_but_not_for_ever() -> None:
    gate = asyncio.Event()

    async def work() -> None:
        await gate.wait()

    async with Tasks() as tasks:
        await tasks.idle(5)
        task = tasks.start(work(), "work")
        await tasks.idle(0.01)
        assert not task.done()
        gate.set()
        await tasks.idle(5)
        assert task.done()
