"""A Valkey of one's own, to be killed, stopped and started again."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass

from chatcore.embedded.folders import DataDir
from chatcore.embedded.valkey import EmbeddedValkey
from tests.support.servers import temporary_data_dir


@dataclass(slots=True)
class Mortal:
    """`url` stays the same over all its lives."""

    url: str
    _server: EmbeddedValkey

    async def kill(self) -> None:
        self._signal(signal.SIGKILL)
        await self._server.wait()

    async def revive(self) -> None:
        await self._server.start()

    def freeze(self) -> None:
        """Connections stay, answers do not come."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._server.pid is not None
        os.kill(self._server.pid, number)


@contextlib.asynccontextmanager
async def mortal_valkey() -> AsyncIterator[Mortal]:
    path = temporary_data_dir()
    data = DataDir(path)
    server = EmbeddedValkey(data)
    try:
        yield Mortal(await server.start(), server)
    finally:
        if server.pid is not None:
            os.kill(server.pid, signal.SIGCONT)
        await server.stop()
        data.unlock()
        shutil.rmtree(path)
