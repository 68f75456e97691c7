"""The product under test: `chatcore up` in a scratch folder, with its own Postgres and Valkey."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import asyncpg

from bench.load import processes
from bench.load.deployment import Deployment
from bench.load.machine import python

_LOG_MEGABYTES = 960
"""Below the `min_wal_size` of the embedded server: what is more would be removed again."""

# Limits that protect a server from its clients would only measure themselves here.
_ENVIRONMENT = {
    "CHAT_PORT": "0",
    "CHAT_DEV": "1",
    "CHAT_RATE_CHANNEL": "0",
    "CHAT_RATE_SERVICE": "0",
    "CHAT_RATE_CONNECTION": "1000000/1000000",
    "CHAT_CONNECT_RATE": "100000",
    "CHAT_DRAIN_TIME": "0",
    "CHAT_LOG_LEVEL": "warning",
    "CHAT_BOOTSTRAP_ACCOUNT_SID": "AC" + "b" * 32,
    "CHAT_BOOTSTRAP_AUTH_TOKEN": "b" * 32,
    "CHAT_BOOTSTRAP_API_KEY_SID": "SK" + "b" * 32,
    "CHAT_BOOTSTRAP_API_KEY_SECRET": "b" * 32,
    "CHAT_BOOTSTRAP_SERVICE_SID": "IS" + "b" * 32,
}


class Product(Deployment):
    """Running when the constructor returns. A second one on the same folder continues with the data of the first."""

    def __init__(self, folder: Path, *, gateways: int = 1, environment: dict[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("CHAT_")}
        own = _ENVIRONMENT | {"CHAT_DATA_DIR": str(folder / "data")} | (environment or {})
        self._log = folder / "chatcore.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(Path(python()).with_name("chatcore")), "up", "--gateways", str(gateways)],
                env=clean | own,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C at the terminal is for the rig, which still has questions
            )
        try:
            super().__init__(self._wait(time.monotonic() + 90))
        except BaseException:
            self._stop()
            raise

    # Processes

    @property
    def everything(self) -> list[int]:
        """Supervisor, gateways, push worker, Postgres with all its back-ends, Valkey."""
        return processes.tree(self._process.pid)

    @property
    def gateways(self) -> list[int]:
        return self._modules("gateway")

    @property
    def postgres(self) -> list[int]:
        """The postmaster and its back-ends."""
        for pid in self.everything:
            if (line := processes.command_line(pid)) and Path(line[0]).name == "postgres":
                return processes.tree(pid)
        raise LookupError("no postgres among the processes of the product")

    def setting(self, name: str) -> str:
        """A setting of the first gateway: how the rig learns where the embedded servers listen."""
        return processes.environment(self.gateways[0])[name]

    def wear_in(self) -> None:
        """From now on Postgres has the segments of its log, as a server has that was busy before. Each of those that it
        makes anew keeps all commits waiting for some 60 ms, on either side of a comparison."""
        asyncio.run(_fill_log(self.setting("CHAT_POSTGRES_DSN")))

    def _modules(self, name: str) -> list[int]:
        found = []
        for pid in self.everything:
            line = processes.command_line(pid)
            if "-m" in line and line[line.index("-m") + 1 :][:1] == [name]:
                found.append(pid)
        return found

    def close(self) -> None:
        super().close()
        self._stop()

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(40)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wait(self, deadline: float) -> dict[str, Any]:
        while time.monotonic() < deadline and self._process.poll() is None:
            for line in self._log.read_text(errors="replace").splitlines():
                if line.startswith("CHAT READY {"):
                    ready: dict[str, Any] = json.loads(line.removeprefix("CHAT READY "))
                    return ready
            time.sleep(0.05)
        raise RuntimeError(f"`chatcore up` did not get ready:\n{self._log.read_text(errors='replace')[-3000:]}")


async def _fill_log(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for _ in range(_LOG_MEGABYTES):
            await connection.execute("SELECT pg_logical_emit_message(false, 'bench', repeat('x', 1000000))")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
