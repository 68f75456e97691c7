from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator

import pytest

from gateway.sockets.inbox import AHEAD_BYTES, AHEAD_ITEMS, Inbox
from gateway.sockets.tasks import Tasks

from .stage import tick


class Link:
    """As much of a Link as an inbox needs."""

    def __init__(self) -> None:
        self.paused = False
        self.congested = False
        self.closed: tuple[int, str] | None = None

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)


class Scene:
    def __init__(self, tasks: Tasks) -> None:
        self.tasks = tasks
        self.link = Link()
        self.gate = asyncio.Event()
        self.done: list[object] = []
        self.running = 0
        self.inbox: Inbox[object] = Inbox(self.link, tasks, self.handle)  # type: ignore[arg-type]  # a part of a Link

    async def handle(self, item: object) -> None:
        self.running += 1
        assert self.running == 1, "one at a time"
        await self.gate.wait()
        self.running -= 1
        if item == "bad":
            raise RuntimeError("boom")
        self.done.append(item)

    async def finished(self) -> None:
        await self.tasks.idle(5)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with Tasks() as tasks:
        yield Scene(tasks)


async def test_commands_run_one_after_another_in_order(scene: Scene) -> None:
    scene.gate.set()
    for number in range(10):
        scene.inbox.put(number, 1)
    await scene.finished()
    assert scene.done == list(range(10))


async def test_there_is_a_task_only_while_there_are_commands(scene: Scene) -> None:
    scene.gate.set()
    assert not scene.tasks._running
    for _ in range(3):
        scene.inbox.put("a", 1)
        scene.inbox.put("b", 1)
        assert len(scene.tasks._running) == 1
        await scene.finished()
        await tick()
        assert not scene.tasks._running
    assert len(scene.done) == 6


async def test_reading_stops_at_64_commands_ahead_and_goes_on_below_half(scene: Scene) -> None:
    scene.inbox.put(0, 1)
    await tick()  # this one runs
    for number in range(AHEAD_ITEMS - 1):
        scene.inbox.put(number, 1)
    assert not scene.link.paused
    scene.inbox.put("last", 1)
    assert scene.link.paused
    scene.gate.set()
    await scene.finished()
    assert not scene.link.paused
    assert scene.done[-1] == "last"


async def test_reading_stops_at_256_kib_ahead(scene: Scene) -> None:
    scene.inbox.put(0, 1)
    await tick()
    scene.inbox.put(1, AHEAD_BYTES - 1)
    assert not scene.link.paused
    scene.inbox.put(2, 1)
    assert scene.link.paused
    scene.gate.set()
    await scene.finished()
    assert not scene.link.paused


async def test_the_next_command_waits_while_the_connection_is_congested(scene: Scene) -> None:
    scene.gate.set()
    scene.link.congested = True
    scene.inbox.put("a", 1)
    scene.inbox.put("b", 1)
    await tick()
    assert not scene.done
    scene.link.congested = False
    scene.inbox.resume()
    await scene.finished()
    assert scene.done == ["a", "b"]


async def test_what_a_command_raises_is_logged_once_and_closes(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    scene.gate.set()
    scene.inbox.put("bad", 1)
    scene.inbox.put("never", 1)
    await scene.finished()
    assert scene.link.closed == (3004, "internal server error")
    scene.inbox.close()
    await tick()
    assert not scene.done
    assert len([record for record in caplog.records if record.exc_info]) == 1


async def test_close_lets_the_running_command_finish_and_drops_the_others(scene: Scene) -> None:
    for item in ("running", "waiting"):
        scene.inbox.put(item, 1)
    await tick()
    scene.inbox.close()
    scene.inbox.put("late", 1)
    scene.gate.set()
    await scene.finished()
    assert scene.done == ["running"]


async def test_a_closed_one_holds_nobody(scene: Scene) -> None:
    """Who goes by the thousand should not have to be found by the collector."""
    scene.gate.set()
    scene.inbox.put("done", 1)
    await scene.finished()
    scene.inbox.close()
    assert scene not in gc.get_referents(*gc.get_referents(scene.inbox))
