"""What is kept alive, and how eagerly."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from chatcore.child import ChildExited
from chatcore.supervisor.errors import SupervisorError
from chatcore.supervisor.parts import ProcessPart, keep_alive, start_together
from tests.support.patience import PATIENCE

STAND_INS = {"PYTHONPATH": str(Path(__file__).parents[3] / "support" / "stand_ins")}
ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith("CHAT_")} | STAND_INS


class Fickle:
    """Ends as soon as it has started; its first `failures` starts fail."""

    pid = 7

    def __init__(self, failures: int = 0, lives: int = 3) -> None:
        self.starts: list[float] = []
        self.stopped = False
        self._failures = failures
        self._lives = lives

    async def start(self) -> None:
        self.starts.append(asyncio.get_running_loop().time())
        if len(self.starts) <= self._failures:
            raise SupervisorError("not today")

    async def wait(self) -> int:
        if len(self.starts) - self._failures >= self._lives:
            await asyncio.Event().wait()
        return 1

    async def stop(self) -> None:
        self.stopped = True


async def kept(part: Fickle, changes: int) -> None:
    """Keeps the part alive until it was started anew this often."""
    seen = 0
    enough = asyncio.Event()

    def changed() -> None:
        nonlocal seen
        seen += 1
        if seen == changes:
            enough.set()

    async with asyncio.TaskGroup() as group:
        keeper = group.create_task(keep_alive("fickle", part, changed))
        async with asyncio.timeout(PATIENCE):
            await enough.wait()
        keeper.cancel()


async def test_what_ends_is_started_again_with_growing_pauses() -> None:
    part = Fickle(lives=4)
    began = asyncio.get_running_loop().time()
    await kept(part, changes=3)
    first, second, third = part.starts
    assert first - began < 1.0
    assert first - began < second - first < third - second


async def test_a_start_that_fails_is_tried_again() -> None:
    part = Fickle(failures=2, lives=1)
    await kept(part, changes=1)
    assert len(part.starts) == 3


async def test_a_process_reports_its_port_and_stops_on_sigterm() -> None:
    gateway = ProcessPart("gateway-1", "gateway", ENVIRON | {"CHAT_PORT": "0"}, patience=30, grace=30)
    await gateway.start()
    assert isinstance(gateway.report["port"], int)
    assert gateway.pid is not None
    await gateway.stop()
    assert gateway.pid is None
    assert await gateway.wait() == 0


async def test_a_process_that_is_never_ready_is_ended() -> None:
    gateway = ProcessPart("gateway-1", "gateway", ENVIRON | {"CHAT_PORT": "0"}, patience=0.0, grace=1)
    with pytest.raises(SupervisorError, match="gateway-1 is not ready"):
        await gateway.start()
    assert gateway.pid is None


async def test_one_failed_start_gives_up_the_others() -> None:
    good = ProcessPart("push", "push", ENVIRON, patience=30, grace=1)
    bad = ProcessPart("gateway-1", "gateway", ENVIRON | {"CHAT_MEDIA_LINK_PREFIX": "exit:78"}, patience=30, grace=1)
    with pytest.raises(ChildExited, match="exit code 78"):
        await start_together([good, bad])
    await good.stop()
    assert good.pid is bad.pid is None


async def test_hurrying_what_has_ended_does_nothing() -> None:
    push = ProcessPart("push", "push", ENVIRON, patience=30, grace=30)
    push.hurry()
    await push.stop()
    await push.start()
    push.hurry()
    assert await push.wait() in (0, -signal.SIGTERM)
    push.hurry()
