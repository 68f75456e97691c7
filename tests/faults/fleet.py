"""The product as separate processes on one machine, every connection between two of them through a wire of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import IO
from urllib.parse import parse_qs, unquote, urlsplit

from chatcore.child import Child
from chatcore.embedded.folders import SECRET_KEY_FILE, DataDir
from chatcore.embedded.postgres import EmbeddedPostgres
from chatcore.embedded.valkey import EmbeddedValkey
from chatcore.store.migrate import migrate
from chatcore.supervisor.administration import administration
from chatcore.supervisor.parts import Part, keep_alive
from chatcore.supervisor.probe import until_ready
from tests.support.cluster import BOOTSTRAP
from tests.support.wire import Address, Wire

from .disk import Disk, keep_log_small
from .stepped import step

START = 180.0
"""Seconds that anything may take to start: the machine may have other things to do."""
GATEWAYS = ("gateway-1", "gateway-2")
PUSH = "push"
PROCESSES = (*GATEWAYS, PUSH)
PING_INTERVAL, PONG_TIMEOUT = 2.0, 1.0  # seconds
_ROOT = Path(__file__).parents[2]


class Process:
    """One of ours; satisfies `supervisor.parts.Part`. Its log outlives it."""

    def __init__(self, name: str, env: Mapping[str, str], log: IO[bytes]) -> None:
        self.name = name
        self.env = dict(env)
        self.port = 0
        self._log = log
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None and self._child.running else None

    async def start(self) -> None:
        argv = [sys.executable, "-P", "-m", "tests.faults.stepped"]
        self._child = child = Child(self.name, argv, env=self.env, output=self._log, reports_ready=True)
        try:
            report = await child.ready(START)
        except BaseException:
            child.close()
            raise
        if isinstance(port := report.get("port"), int):
            self.port = port
            self.env["CHAT_PORT"] = str(port)  # kept when it is started again

    async def wait(self) -> int:
        assert self._child is not None, "started"
        return await self._child.wait()

    async def stop(self) -> None:
        if self._child is not None:
            await self._child.stop((signal.SIGTERM, 30.0))


class Fleet:
    """`wires` are named after both ends, who connects first: `gateway-1→postgres`, `clients→gateway-2`."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        folder.mkdir(mode=0o711, parents=True)
        self.folder = folder
        self.data = DataDir(folder / "data")
        self.disk = Disk(self.data)
        self.postgres = EmbeddedPostgres(self.data)
        self.valkey = EmbeddedValkey(self.data)
        self.parts: dict[str, Part] = {}
        self.wires: dict[str, Wire] = {}
        self.dsn = self.redis_url = ""
        """Past every wire."""
        self.secret_key = ""
        self.clock = {name: folder / f"{name}.clock" for name in PROCESSES}
        self._settings = settings
        self._absent: dict[str, asyncio.Event] = {}

    # Faults.

    async def kill(self, name: str, number: signal.Signals = signal.SIGKILL, *, back: bool = True) -> None:
        """Returns when another process has taken its place and is ready; without `back`, when it has ended."""
        part, pid = self.parts[name], self._pid(name)
        ended = asyncio.ensure_future(part.wait())
        os.kill(pid, number)
        async with asyncio.timeout(START):
            await ended
        if back:
            await self.back(name, pid)

    async def back(self, name: str, old: int) -> None:
        await _until(lambda: self.parts[name].pid not in (None, old), START)
        if name in GATEWAYS:
            await until_ready(self.url(name), START)

    @contextlib.asynccontextmanager
    async def without(self, name: str) -> AsyncIterator[None]:
        """Killed, and nobody starts it again before the block ends; ready when this returns."""
        pid = self._pid(name)
        present = self._absent[name] = asyncio.Event()
        try:
            await self.kill(name, back=False)
            yield
        finally:
            present.set()
            del self._absent[name]
        await self.back(name, pid)

    @contextlib.contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """Connections stay, nothing answers."""
        pid = self._pid(name)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def step_clock(self, name: str, seconds: float) -> None:
        step(self.clock[name], seconds)

    # Where things are.

    def url(self, name: str) -> str:
        """Past every wire."""
        part = self.parts[name]
        assert isinstance(part, Process), name
        return f"http://127.0.0.1:{part.port}"

    def front(self, name: str) -> str:
        """Where clients reach a gateway."""
        return f"http://127.0.0.1:{self.wires[f'clients→{name}'].port}"

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _pid(self, name: str) -> int:
        pid = self.parts[name].pid
        assert pid is not None, f"{name} is not running"
        return pid

    # Life.

    async def run(self, stack: contextlib.AsyncExitStack) -> None:
        """Starts everything; `stack` ends it."""
        stack.callback(self.data.unlock)
        assert self.data.lock(), "a folder of our own"
        stack.push_async_callback(self.valkey.stop)
        stack.callback(self.disk.unmount)
        self.disk.mount()
        stack.push_async_callback(self.postgres.stop)
        self.redis_url, self.dsn = await asyncio.gather(self.valkey.start(), self.postgres.start())
        await keep_log_small(self.dsn)
        await migrate(self.dsn)
        self.secret_key = self.data.secret(SECRET_KEY_FILE)
        async with administration(self.dsn, [self.secret_key]) as admin:
            values = {name.removeprefix("CHAT_BOOTSTRAP_").lower(): value for name, value in BOOTSTRAP.items()}
            await admin.bootstrap(**values)
        servers = {
            "postgres": Address(path=f"{_socket_folder(self.dsn)}/.s.PGSQL.5432"),
            "valkey": Address(path=unquote(urlsplit(self.redis_url).path)),
        }
        for name in PROCESSES:
            for server, address in servers.items():
                self.wires[f"{name}→{server}"] = await stack.enter_async_context(Wire(address))
            log = stack.enter_context(self.log(name).open("ab"))
            step(self.clock[name], 0.0)
            process = self.parts[name] = Process(name, self._environment(name), log)
            stack.push_async_callback(process.stop)
        await asyncio.gather(*(part.start() for part in self.parts.values()))
        for name in GATEWAYS:
            port = urlsplit(self.url(name)).port or 0
            self.wires[f"clients→{name}"] = await stack.enter_async_context(Wire(Address(port=port)))
            await until_ready(self.url(name), START)
        self.parts |= {"postgres": self.postgres, "valkey": self.valkey}
        for name, part in self.parts.items():
            keeper = asyncio.create_task(keep_alive(name, _Absentee(part, self._absent, name), lambda: None))
            stack.push_async_callback(_cancelled, keeper)

    def _environment(self, name: str) -> dict[str, str]:
        password = urlsplit(self.dsn).password
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CHAT_")}
        own = {
            "PYTHONPATH": str(_ROOT),
            "STEPPED_PROGRAM": "push" if name == PUSH else "gateway",
            "STEPPED_BY": str(self.clock[name]),
            "CHAT_NODE": name,
            "CHAT_PORT": "0",
            "CHAT_POSTGRES_DSN": (
                f"postgresql://chat:{password}@127.0.0.1:{self.wires[f'{name}→postgres'].port}/chat?sslmode=disable"
            ),
            "CHAT_REDIS_URL": f"redis://127.0.0.1:{self.wires[f'{name}→valkey'].port}",
            "CHAT_SECRET_KEY": self.secret_key,
            "CHAT_DATA_DIR": str(self.data.path),
            "CHAT_MEDIA_URL": f"file://{self.data.path}/media",
            "CHAT_DRAIN_TIME": "1s",
            "CHAT_PING_INTERVAL": f"{PING_INTERVAL:g}s",
            "CHAT_PONG_TIMEOUT": f"{PONG_TIMEOUT:g}s",
            "CHAT_RATE_CHANNEL": "0",
            "CHAT_RATE_SERVICE": "0",
            "CHAT_WEBHOOK_ALLOW_PRIVATE": "1",
            "CHAT_LOG_FORMAT": "console",
        }
        return inherited | own | dict(self._settings)


class _Absentee:
    """A part that does not start while it has to stay away."""

    def __init__(self, part: Part, absent: Mapping[str, asyncio.Event], name: str) -> None:
        self._part, self._absent, self._name = part, absent, name

    @property
    def pid(self) -> int | None:
        return self._part.pid

    async def start(self) -> object:
        if (present := self._absent.get(self._name)) is not None:
            await present.wait()
        return await self._part.start()

    async def wait(self) -> int:
        return await self._part.wait()

    async def stop(self) -> None:
        await self._part.stop()


@contextlib.asynccontextmanager
async def fleet(folder: Path, settings: Mapping[str, str]) -> AsyncIterator[Fleet]:
    """About five seconds. Logs stay in `folder`, data does not."""
    started = Fleet(folder, settings)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, started.data.path, ignore_errors=True)
        stack.callback(_keep_logs, started.data.path, folder)
        await started.run(stack)
        yield started


def _keep_logs(data: Path, folder: Path) -> None:
    for log in data.glob("*.log"):
        shutil.copy(log, folder)


def _socket_folder(dsn: str) -> str:
    return parse_qs(urlsplit(dsn).query)["host"][0]


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _until(condition: Callable[[], object], patience: float) -> None:
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "it did not come true in time"
        await asyncio.sleep(0.02)
