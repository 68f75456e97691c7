"""The peer of P6: a commit, a publish heard by a subscriber and a WebSocket echo in turn, nothing else going on."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Self

import asyncpg
import redis.asyncio as redis
import uvloop
from redis.asyncio.client import PubSub
from websockets.asyncio.client import ClientConnection, connect

from bench.load import plain
from bench.load.machine import python

_WARM = 50


class Alone:
    """Open as a context manager. Latencies are in seconds, one per round trip."""

    def __init__(self, dsn: str, redis_url: str, payload: bytes) -> None:
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._opening = _opened(dsn, redis_url, payload)

    def __enter__(self) -> Self:
        self._trip = self._runner.run(self._opening.__aenter__())
        self.back_to_back(_WARM)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._opening.__aexit__(kind, error, trace))
        self._runner.close()

    def back_to_back(self, count: int) -> list[float]:
        """Each as soon as the one before is over: a machine that stands still is seen once, however long it does."""
        return self._runner.run(self._back_to_back(count))

    def paced(self, count: int, rate: float) -> list[float]:
        """At fixed moments, one at a time, by the rule of `Pump.paced`: from when it was due."""
        return self._runner.run(self._paced(count, rate))

    async def _back_to_back(self, count: int) -> list[float]:
        return [await self._taken(time.monotonic()) for _ in range(count)]

    async def _paced(self, count: int, rate: float) -> list[float]:
        latencies = []
        started = time.monotonic()
        for number in range(count):
            moment = due = started + number / rate
            while (pause := due - time.monotonic()) > 0:
                await asyncio.sleep(pause)
                moment = time.monotonic()
            latencies.append(await self._taken(moment))
        return latencies

    async def _taken(self, moment: float) -> float:
        await self._trip()
        return time.monotonic() - moment


class _Trip:
    def __init__(
        self, database: asyncpg.Connection, broker: redis.Redis, heard: PubSub, socket: ClientConnection, payload: bytes
    ) -> None:
        self._database, self._broker, self._heard, self._socket = database, broker, heard, socket
        self._payload = payload

    async def __call__(self) -> None:
        text = self._payload.decode()
        await plain.send(self._database, 0, text)
        await self._broker.publish("bench", self._payload)
        while await self._heard.get_message(ignore_subscribe_messages=True, timeout=5) is None:
            pass
        await self._socket.send(text)
        async with asyncio.timeout(5):
            await self._socket.recv()


@asynccontextmanager
async def _opened(dsn: str, redis_url: str, payload: bytes) -> AsyncIterator[_Trip]:
    with _echo_server() as port:
        database = await asyncpg.connect(dsn)
        broker = redis.from_url(redis_url)
        listening = broker.pubsub()
        try:
            await database.execute(plain.SCHEMA)
            await database.execute(plain.CHANNELS, 1)
            await listening.subscribe("bench")
            while await listening.get_message(timeout=5) is None:
                pass
            async with connect(f"ws://127.0.0.1:{port}/", compression=None, ping_interval=None) as socket:
                yield _Trip(database, broker, listening, socket, payload)
        finally:
            await listening.aclose()  # type: ignore[no-untyped-call]  # redis-py has no annotation here
            await broker.aclose()
            await database.close()


@contextmanager
def _echo_server() -> Iterator[int]:
    with subprocess.Popen(
        [python(), "-m", "bench.load.echo"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()
