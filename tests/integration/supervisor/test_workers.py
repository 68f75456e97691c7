"""`chatcore gateway --workers N`; the workers are stand-ins."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatcore.child import Child
from chatcore.supervisor.probe import ask
from tests.support.patience import until

COMMAND = str(Path(sys.executable).with_name("chatcore"))
ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith("CHAT_")} | {
    "PYTHONPATH": str(Path(__file__).parents[2] / "support" / "stand_ins"),
    "CHAT_HOST": "127.0.0.1",
    "CHAT_PORT": "0",
    "CHAT_POSTGRES_DSN": "postgresql://nobody@127.0.0.1:1/none",
    "CHAT_REDIS_URL": "redis://127.0.0.1:1",
    "CHAT_SECRET_KEY": "a-key-of-the-operator",
}


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def ours(text: str) -> list[str]:
    """Without what the process tells about itself, which changes from one look to the next."""
    return [line for line in text.splitlines() if line.startswith("chat_")]


def still_there(pids: set[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


class Workers:
    def __init__(self, child: Child) -> None:
        self.child = child
        self.url = ""
        self.metrics_url = ""

    async def pids(self, enough: int) -> set[int]:
        """Processes that answer on the port; the kernel chooses one per connection."""
        seen: set[int] = set()
        for _ in range(200):
            seen.add(json.loads((await ask(f"{self.url}/environment"))[1])["pid"])
            if len(seen) >= enough:
                break
        return seen


@pytest.fixture
def workers() -> Iterator[Workers]:
    port = free_port()
    environ = ENVIRON | {"CHAT_METRICS_PORT": str(port)}
    child = Child("gateway", [COMMAND, "gateway", "--workers", "2"], env=environ, reports_ready=True)
    started = Workers(child)
    started.metrics_url = f"http://127.0.0.1:{port}/metrics"
    yield started
    child.close()


async def test_several_processes_share_a_port_and_look_like_one(workers: Workers) -> None:
    report = await workers.child.ready(60)
    workers.url = f"http://127.0.0.1:{report['port']}"
    first = await workers.pids(2)
    assert len(first) == 2

    status, text = await ask(workers.metrics_url)
    assert status == 200
    assert ours(text) == ours((await ask(f"{workers.url}/metrics"))[1])
    names = {
        line.split('node="')[1].split('"')[0] for line in text.splitlines() if line.startswith("chat_outbound_bytes")
    }
    assert len(names) == 2
    assert (await ask(workers.metrics_url.replace("/metrics", "/other")))[0] == 404

    victim = first.pop()
    os.kill(victim, signal.SIGKILL)
    await until(lambda: not still_there({victim}))
    again = first
    while len(again - {victim}) < 2:
        again = again | await workers.pids(2)

    assert await workers.child.stop((signal.SIGTERM, 30)) == 0
    assert still_there(again) == []


async def test_a_port_in_use_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        environ = ENVIRON | {"CHAT_PORT": str(taken.getsockname()[1])}
        child = Child("gateway", [COMMAND, "gateway", "--workers", "2"], env=environ)
        assert await child.wait() == 1
