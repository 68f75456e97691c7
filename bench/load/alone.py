"""The peer of P6: a commit, a publish heard by a subscriber and a WebSocket echo in turn, nothing else going on."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import redis.asyncio as redis
import uvloop
from websockets.asyncio.client import connect

from bench.load import plain
from bench.load.machine import python


def round_trips(dsn: str, redis_url: str, count: int, payload: bytes) -> list[float]:
    """Seconds of each of `count` sequences."""
    with _echo_server() as port:
        return uvloop.run(_round_trips(dsn, redis_url, port, count, payload))


async def _round_trips(dsn: str, redis_url: str, port: int, count: int, payload: bytes) -> list[float]:
    database = await asyncpg.connect(dsn)
    broker = redis.from_url(redis_url)
    listening = broker.pubsub()
    try:
        await database.execute(plain.SCHEMA)
        await database.execute(plain.CHANNELS, 1)
        await listening.subscribe("bench")
        while await listening.get_message(timeout=5) is None:
            pass
        async with connect(f"ws://127.0.0.1:{port}/", compression=None) as socket:
            text = payload.decode()
            seconds = []
            for _ in range(count + 50):
                started = time.monotonic()
                await plain.send(database, 0, text)
                await broker.publish("bench", payload)
                while await listening.get_message(ignore_subscribe_messages=True, timeout=5) is None:
                    pass
                await socket.send(text)
                await asyncio.wait_for(socket.recv(), 5)
                seconds.append(time.monotonic() - started)
            return seconds[50:]  # the first ones warm up
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
