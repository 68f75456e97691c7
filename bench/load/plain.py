"""The plain program: one transaction per message over a few connections. The peer of P3 and P4.

It prints `{"ready": true}` once connected, starts at the first line on its standard input, then prints the result and
keeps its connections open until the input ends, so that CPU of its back-ends can still be read.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import sys
import time
from uuid import uuid4

import asyncpg
import uvloop

SCHEMA = """
CREATE SCHEMA IF NOT EXISTS bench_plain;
CREATE TABLE IF NOT EXISTS bench_plain.channels (
  id integer PRIMARY KEY, next_index bigint NOT NULL
) WITH (fillfactor = 70);
CREATE TABLE IF NOT EXISTS bench_plain.messages (
  channel_id integer NOT NULL, index bigint NOT NULL, sid text NOT NULL, author text NOT NULL, body text NOT NULL,
  attributes text NOT NULL, date_created timestamptz NOT NULL, PRIMARY KEY (channel_id, index)
);
"""
CHANNELS = """
INSERT INTO bench_plain.channels SELECT n, 0 FROM generate_series(0, $1::integer - 1) n ON CONFLICT DO NOTHING
"""
NEXT = "UPDATE bench_plain.channels SET next_index = next_index + 1 WHERE id = $1 RETURNING next_index - 1"
INSERT = "INSERT INTO bench_plain.messages VALUES ($1, $2, $3, $4, $5, '{}', now())"


async def send(connection: asyncpg.Connection, channel: int, body: str) -> None:
    async with connection.transaction():
        index = await connection.fetchval(NEXT, channel)
        await connection.execute(INSERT, channel, index, "IM" + uuid4().hex, "bench", body)


async def run(dsn: str, connections: int, channels: int, messages: int, body: int) -> None:
    opened = [await asyncpg.connect(dsn) for _ in range(connections)]
    await opened[0].execute(SCHEMA)
    await opened[0].execute(CHANNELS, channels)
    text = "x" * body
    for connection in opened:
        await send(connection, 0, text)  # prepares both statements
    numbers = iter(range(messages))

    async def work(connection: asyncpg.Connection) -> None:
        for number in numbers:
            await send(connection, number % channels, text)

    _say({"ready": True})
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.readline)
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    async with asyncio.TaskGroup() as group:
        for connection in opened:
            group.create_task(work(connection))
    seconds, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    _say({"seconds": seconds, "cpu": cpu, "messages": messages})
    await loop.run_in_executor(None, sys.stdin.readline)
    for connection in opened:
        await connection.close()


def _say(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dsn", required=True)
    for name, default in (("connections", 8), ("channels", 200), ("messages", 20_000), ("body", 40)):
        parser.add_argument(f"--{name}", type=int, default=default)
    uvloop.run(run(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
