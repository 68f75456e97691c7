"""Child processes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

import pytest

from chatcore.child import Child, ChildExited, describe_exit
from tests.support.patience import PATIENCE

ENV = dict(os.environ)
READY = 'import os; os.write(int(os.environ["CHAT_READY_FD"]), b\'{"ready": {"port": 7}}\\n\'); '


def python(code: str, **options: Any) -> Child:
    return Child("part", [sys.executable, "-c", code], env=ENV, **options)


async def test_a_child_reports_that_it_is_ready() -> None:
    child = python(READY + "import signal; signal.pause()", reports_ready=True)
    try:
        assert await child.ready(30) == {"port": 7}
        assert child.running
        assert await child.stop((signal.SIGTERM, 30)) == -signal.SIGTERM
        assert not child.running
    finally:
        child.close()


async def test_an_early_end_is_told_with_its_exit_code() -> None:
    child = python("raise SystemExit(78)", reports_ready=True)
    with pytest.raises(ChildExited, match="exit code 78") as caught:
        await child.ready(30)
    assert caught.value.code == 78


async def test_silence_is_a_timeout() -> None:
    child = python("import signal; signal.pause()", reports_ready=True)
    try:
        with pytest.raises(TimeoutError):
            await child.ready(0.05)
    finally:
        child.close()
    assert not child.running


async def test_a_deaf_child_is_killed_at_the_end_of_its_grace() -> None:
    child = python(
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + READY + "signal.pause()", reports_ready=True
    )
    await child.ready(30)
    assert await child.stop((signal.SIGTERM, 0.05)) == -signal.SIGKILL


async def test_several_may_wait_for_one_child() -> None:
    child = python("raise SystemExit(3)")
    assert await asyncio.gather(*[child.wait() for _ in range(2)]) == [3, 3]
    assert await child.wait() == 3
    child.send(signal.SIGTERM)


async def test_a_child_is_not_in_our_process_group() -> None:
    child = python("import signal; signal.pause()")
    try:
        assert os.getpgid(child.pid) == child.pid != os.getpgid(0)
    finally:
        child.close()


async def test_a_child_dies_with_its_parent() -> None:
    parent_code = """
import os, sys
from chatcore.child import Child
child = Child("inner", [sys.executable, "-c", "import signal; signal.pause()"], env=dict(os.environ))
os.write(int(os.environ["CHAT_READY_FD"]), b'{"ready": {"pid": %d}}\\n' % child.pid)
import signal; signal.pause()
"""
    parent = python(parent_code, reports_ready=True)
    inner = (await parent.ready(30))["pid"]
    assert isinstance(inner, int)
    descriptor = os.pidfd_open(inner)
    try:
        ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(descriptor, ended.set)
        parent.send(signal.SIGKILL)
        async with asyncio.timeout(PATIENCE):
            await ended.wait()
    finally:
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)
        parent.close()


def test_a_child_outlives_the_loop_that_started_it() -> None:
    async def start() -> Child:
        return python("import signal; signal.pause()")

    child = asyncio.run(start())
    assert child.running
    assert asyncio.run(child.stop((signal.SIGTERM, 30))) == -signal.SIGTERM


def test_exits_are_described_by_code_or_signal() -> None:
    assert [describe_exit(1), describe_exit(-9), describe_exit(-99)] == ["exit code 1", "SIGKILL", "signal 99"]
