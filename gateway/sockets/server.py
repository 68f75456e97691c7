"""The WebSocket side of a gateway, and the HTTP server that hands it the upgraded sockets."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any, cast

import uvicorn

from gateway.sockets.admission import Admission
from gateway.sockets.close import Close
from gateway.sockets.drain import drain
from gateway.sockets.driver import LINGER, SocketDriver
from gateway.sockets.endpoint import Endpoint
from gateway.sockets.keepalive import Keepalive, Wheel
from gateway.sockets.outbound import Flusher
from gateway.sockets.settings import SocketMetrics, SocketSettings, Unmeasured


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketStats:
    """Since the start, except `connections` and `backlog`, which are now. `batches` counts writes by their number of frames, in the
    buckets of `outbound.BATCH_BOUNDS` and one more for those above."""

    connections: int
    backlog: int
    frames: int
    batches: tuple[int, ...]


class SocketServer:
    """Everything the connections of one node share. Set `draining` and upgrades are answered with 503."""

    def __init__(
        self,
        *,
        routes: Mapping[str, Endpoint],
        settings: SocketSettings,
        metrics: SocketMetrics | None = None,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.routes = routes
        self.settings = settings
        self.metrics: SocketMetrics = metrics or Unmeasured()
        self.connections: set[SocketDriver] = set()
        """Upgraded sockets, those that wait for their turn and those that linger included."""
        self.draining = False
        self.flusher = Flusher()
        resolution = min(0.1, max(0.01, settings.pong_timeout / 20))
        self.wheel = Wheel(resolution=resolution, clock=clock)
        self.keepalive = Keepalive(
            self.wheel, interval=settings.ping_interval, pong_timeout=settings.pong_timeout, random=chance
        )
        self.admission = Admission(rate=settings.connect_rate, bound=settings.handshake_timeout)
        self._empty = asyncio.Event()

    @property
    def full(self) -> bool:
        return len(self.connections) >= self.settings.max_connections

    @property
    def protocol_factory(self) -> type[asyncio.Protocol]:
        """For uvicorn's `ws=`, which calls it like a class for each upgraded socket."""

        def driver(*, config: object, server_state: object, app_state: object) -> SocketDriver:
            return SocketDriver(self)

        return cast("type[asyncio.Protocol]", driver)

    def stats(self) -> SocketStats:
        """Costs a look at every connection: for scrapes, not for hot paths."""
        return SocketStats(
            connections=sum(1 for driver in self.connections if driver.open),
            backlog=sum(driver.backlog for driver in self.connections),
            frames=self.flusher.frames,
            batches=tuple(self.flusher.batches),
        )

    def enter(self, driver: SocketDriver) -> None:
        self.connections.add(driver)
        self._empty.clear()

    def leave(self, driver: SocketDriver) -> None:
        self.connections.discard(driver)
        if not self.connections:
            self._empty.set()

    async def drain(self, over: float, close: Callable[[SocketDriver], None] | None = None) -> None:
        """Refuse upgrades from now on and end all connections over that many seconds: with `close`, or with 3001 "shutdown"."""
        self.draining = True
        await drain(self.connections, over, close or _shut_down)

    async def aclose(self) -> None:
        """End what is left and wait for the sockets, about 5 s at most."""
        self.draining = True
        for driver in list(self.connections):
            _shut_down(driver)
        if not await self._emptied(LINGER):
            for driver in list(self.connections):
                driver.abort()
            await self._emptied(1.0)
        self.wheel.stop()

    async def _emptied(self, within: float) -> bool:
        if not self.connections:
            return True
        try:
            async with asyncio.timeout(within):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True


class GatewayServer(uvicorn.Server):
    """uvicorn, with a drain before its own shutdown, which closes the listener first.

    The first SIGTERM or SIGINT starts `on_drain` while requests are still served; the second one ends it. Either way the process
    may exit with 0: uvicorn would raise the signal again once it is done.
    """

    def __init__(self, config: uvicorn.Config, *, on_drain: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._on_drain = on_drain

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True

    async def main_loop(self) -> None:
        await super().main_loop()
        drained: asyncio.Task[Any] = asyncio.ensure_future(self._on_drain())
        try:
            while not drained.done() and not self.force_exit:
                await asyncio.wait([drained], timeout=0.1)
                await self.on_tick(0)
        finally:
            drained.cancel()
            await asyncio.wait([drained])
        if not drained.cancelled():
            drained.result()


def _shut_down(driver: SocketDriver) -> None:
    driver.close(*Close.SHUTDOWN.value)
