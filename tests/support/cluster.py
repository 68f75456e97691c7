"""The whole product as `chatcore up` runs it, for tests that need real processes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatcore.child import Child
from chatcore.supervisor.probe import ask
from tests.support.patience import PATIENCE, until
from tests.support.servers import temporary_data_dir

BOOTSTRAP = {
    "CHAT_BOOTSTRAP_ACCOUNT_SID": "AC" + "0" * 31 + "1",
    "CHAT_BOOTSTRAP_AUTH_TOKEN": "0123456789abcdef0123456789abcdef",
    "CHAT_BOOTSTRAP_API_KEY_SID": "SK" + "0" * 31 + "1",
    "CHAT_BOOTSTRAP_API_KEY_SECRET": "s3cr3t-s3cr3t-s3cr3t-s3cr3t-1234",
    "CHAT_BOOTSTRAP_SERVICE_SID": "IS" + "0" * 31 + "1",
}
_START = 120.0
_POLL = 0.02


@dataclass(frozen=True, slots=True)
class Node:
    name: str
    """`gateway-1`, …: its name in `processes.json`."""
    url: str


class Cluster:
    """A running `chatcore up`. Its methods work in any event loop, so one cluster may serve a whole session."""

    def __init__(self, child: Child, data_dir: Path, log: Path) -> None:
        self.data_dir = data_dir
        self.ready: dict[str, Any] = {}
        """The object of the CHAT READY line."""
        self.nodes: list[Node] = []
        self._child = child
        self._log = log

    @property
    def url(self) -> str:
        return self.nodes[0].url

    @property
    def pid(self) -> int:
        """The supervisor's."""
        return self._child.pid

    def output(self) -> str:
        """Everything that was printed and logged so far."""
        return self._log.read_text(errors="replace")

    def pid_of(self, name: str) -> int:
        """Of `gateway-1`, `push`, `postgres` or `valkey`."""
        pid = json.loads((self.data_dir / "processes.json").read_text())[name]
        assert isinstance(pid, int)
        return pid

    async def kill(self, node: int | str, number: signal.Signals = signal.SIGKILL) -> None:
        """Sends a signal (SIGKILL unless told) to a node by index or to another part by name, and waits for its end."""
        await self._end(self._name(node), number)

    async def restart(self, node: int | str, number: signal.Signals = signal.SIGTERM) -> None:
        """Ends it in order (a gateway drains) and waits until its successor is ready."""
        name = self._name(node)
        old = self.pid_of(name)
        await self._end(name, number)
        await self.back(node, old)

    async def back(self, node: int | str, old_pid: int) -> None:
        """Waits until another process than `old_pid` has taken its place and, for a gateway, is ready."""
        name = self._name(node)
        await until(lambda: self.pid_of(name) != old_pid, _START)
        if isinstance(node, int):
            await self.until_ready(node)

    async def until_ready(self, node: int = 0) -> None:
        deadline = time.monotonic() + _START
        while (await ask(f"{self.nodes[node].url}/readyz"))[0] != 200:
            assert time.monotonic() < deadline, self.output()
            await asyncio.sleep(_POLL)

    async def stop(self) -> int:
        """SIGTERM; the exit code. SIGKILL after a minute."""
        return await self._child.stop((signal.SIGTERM, 60.0))

    def _name(self, node: int | str) -> str:
        return self.nodes[node].name if isinstance(node, int) else node

    async def _end(self, name: str, number: signal.Signals) -> None:
        descriptor = os.pidfd_open(self.pid_of(name))
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(descriptor, ended.set)
        try:
            signal.pidfd_send_signal(descriptor, number)
            async with asyncio.timeout(PATIENCE):
                await ended.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)

    async def _await_ready(self) -> None:
        await until(lambda: "\nCHAT READY {" in self.output() or not self._child.running, _START)
        output = self.output()
        assert "\nCHAT READY {" in output, output
        line = output[output.index("\nCHAT READY {") + 1 :].splitlines()[0]
        self.ready = json.loads(line.removeprefix("CHAT READY "))
        self.nodes = [Node(f"gateway-{number}", url) for number, url in enumerate(self.ready["nodes"], 1)]


@contextlib.contextmanager
def running_cluster(
    nodes: int = 1, settings: Mapping[str, str] | None = None, data_dir: Path | None = None
) -> Iterator[Cluster]:
    """Like `cluster`, for fixtures without an event loop."""
    with asyncio.Runner() as runner:
        context = cluster(nodes, settings, data_dir)
        started = runner.run(context.__aenter__())
        try:
            yield started
        finally:
            runner.run(context.__aexit__(None, None, None))


@contextlib.asynccontextmanager
async def cluster(
    nodes: int = 1, settings: Mapping[str, str] | None = None, data_dir: Path | None = None
) -> AsyncIterator[Cluster]:
    """`chatcore up` on free ports with its own servers and the identifiers of BOOTSTRAP; about three seconds.

    `data_dir` is kept afterwards if it is given. Settings of the environment that the tests run in do not reach it.
    """
    path = data_dir or temporary_data_dir()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CHAT_")}
    environ |= (
        BOOTSTRAP | {"CHAT_DATA_DIR": str(path), "CHAT_PORT": "0", "CHAT_DRAIN_TIME": "1s"} | dict(settings or {})
    )
    log = path.with_suffix(".log")
    with log.open("ab") as output:
        argv = [str(Path(sys.executable).with_name("chatcore")), "up", "--gateways", str(nodes)]
        child = Child("chatcore up", argv, env=environ, output=output, death_signal=signal.SIGTERM)
    try:
        started = Cluster(child, path, log)
        await started._await_ready()
        yield started
    finally:
        await child.stop((signal.SIGTERM, 60.0))
        child.close()
        log.unlink(missing_ok=True)
        if data_dir is None:
            shutil.rmtree(path, ignore_errors=True)
