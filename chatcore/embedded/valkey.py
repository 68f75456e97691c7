"""Valkey from its wheel: one socket in a private folder, nothing on disk. What it holds may be lost at any time."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path
from typing import Final
from urllib.parse import quote

from chatcore.child import Child
from chatcore.embedded import wheels
from chatcore.embedded.errors import EmbeddedError
from chatcore.embedded.folders import DataDir, account

_START: Final = 10.0
_POLL: Final = 0.01
_LOG: Final = "valkey.log"


class EmbeddedValkey:
    """One server. The caller holds the lock of the data folder."""

    def __init__(self, data: DataDir) -> None:
        self._data = data
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None and self._child.running else None

    async def start(self) -> str:
        """The URL, once the server answers. May be called again after the server has died."""
        who = account()
        folder = self._data.socket_folder(who)
        socket = folder / "valkey.sock"
        socket.unlink(missing_ok=True)
        argv = [str(wheels.valkey_server(who)), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"]
        argv += ["--save", "", "--appendonly", "no", "--dir", str(folder), "--daemonize", "no"]
        with self._data.log(_LOG) as output:
            child = Child("valkey", argv, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"}, account=who, output=output)
        self._child = child
        deadline = time.monotonic() + _START
        try:
            while not await _answers(socket):
                if not child.running:
                    raise EmbeddedError(f"Valkey does not start:\n{self._data.tail(_LOG)}")
                if time.monotonic() > deadline:
                    raise EmbeddedError(f"Valkey does not answer after {_START:g} s:\n{self._data.tail(_LOG)}")
                await asyncio.sleep(_POLL)
        except BaseException:
            child.close()
            raise
        return f"unix://{quote(str(socket))}"

    async def wait(self) -> int:
        """The exit code, once the server has ended."""
        if self._child is None:
            raise AssertionError("wait() follows start()")
        return await self._child.wait()

    async def stop(self) -> None:
        if self._child is not None:
            await self._child.stop((signal.SIGTERM, 5.0))
            self._child = None


async def _answers(socket: Path) -> bool:
    try:
        async with asyncio.timeout(1.0):
            reader, writer = await asyncio.open_unix_connection(socket)
            try:
                writer.write(b"PING\r\n")
                return await reader.readline() == b"+PONG\r\n"
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
