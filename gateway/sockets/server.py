"""All WebSocket connections of a process, and the HTTP server that hands them over."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import FrameType
from typing import Any

import uvicorn

from .admission import Admission
from .doorway import Doorway
from .driver import SocketDriver
from .endpoint import Endpoint
from .keepalive import Keepalive
from .outbound import Flusher
from .plain import KEEP_ALIVE, PlainConnection
from .settings import SocketMetrics, SocketSettings, Unmeasured
from .wheel import Wheel

logger = logging.getLogger(__name__)


class SocketServer:
    """What its connections share. `protocol` is what uvicorn takes as `ws`. Make it on the running loop."""

    def __init__(
        self,
        endpoints: Mapping[str, Endpoint],
        settings: SocketSettings,
        metrics: SocketMetrics | None = None,
        now: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.endpoints = endpoints
        self.settings = settings
        self.metrics: SocketMetrics = metrics or Unmeasured()
        self.flusher = Flusher()
        self.wheel = Wheel(now, resolution=min(0.1, settings.pong_timeout / 20))
        self.keepalive = Keepalive(
            self.wheel, interval=settings.ping_interval, patience=settings.pong_timeout, chance=chance
        )
        self.admission = Admission(rate=settings.connect_rate, bound=settings.handshake_timeout)
        self.connections: set[SocketDriver] = set()
        """Upgraded sockets, with those that wait for their turn and those that have not quite gone."""
        self.draining = False
        """Set it and upgrades are answered with 503."""
        self._empty = asyncio.Event()

    def protocol(self, config: object = None, server_state: object = None, app_state: object = None) -> SocketDriver:
        """One connection; the arguments are uvicorn's and say nothing that matters here."""
        return SocketDriver(self)

    @property
    def backlog(self) -> int:
        """Bytes queued for all clients."""
        return sum(connection.backlog for connection in self.connections)

    @property
    def full(self) -> bool:
        return len(self.connections) >= self.settings.max_connections

    def enter(self, driver: SocketDriver) -> None:
        self.connections.add(driver)
        self._empty.clear()

    def leave(self, driver: SocketDriver) -> None:
        self.connections.discard(driver)
        if not self.connections:
            self._empty.set()

    async def idle(self, patience: float) -> None:
        """Returns when every socket is gone, or after `patience` seconds."""
        if self.connections:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._empty.wait()

    def stop(self) -> None:
        """Resets whatever is still open."""
        self.wheel.stop()
        for connection in list(self.connections):
            connection.transport.abort()


class GatewayServer(uvicorn.Server):
    """Bounds what plain HTTP may cost; and drains while it still listens, where uvicorn's own shutdown would close the
    listener first.

    The first SIGTERM or SIGINT runs `on_drain`, then stops; a second one stops at once. Either way the process ends
    in order, not by the signal.
    """

    def __init__(self, config: uvicorn.Config, on_drain: Callable[[], Awaitable[None]]) -> None:
        self._asked = asyncio.Event()
        config.http = partial(PlainConnection, Doorway(), self.stopping)  # type: ignore[assignment]  # uvicorn only calls it
        config.timeout_keep_alive = KEEP_ALIVE
        super().__init__(config)
        self._on_drain = on_drain
        self._loop = asyncio.get_running_loop()

    def stopping(self) -> bool:
        return self._asked.is_set()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._asked.is_set():
            self.should_exit = True
            self.force_exit = True
        else:
            self._loop.call_soon_threadsafe(self._asked.set)

    async def main_loop(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            draining = tasks.create_task(self._drain(), name="drain")
            await super().main_loop()
            draining.cancel()

    async def _drain(self) -> None:
        await self._asked.wait()
        try:
            await self._on_drain()
        except Exception:
            logger.exception("The drain failed", extra={"action": "drain_failed"})
        self.should_exit = True

    @property
    def port(self) -> int:
        """Where it listens; meaningful once started."""
        sockets: Any = self.servers[0].sockets
        return int(sockets[0].getsockname()[1])
