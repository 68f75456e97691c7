"""P8, P8b: what it costs to start a Twilio SDK for a user of few or many channels."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from bench.load import processes
from bench.load.deployment import TWILSOCK
from bench.load.machine import python
from bench.load.product import Product
from bench.load.relay import Relay, Traffic
from bench.load.result import Quantity, Result, Sample, progress
from bench.load.sdk import Sdk, Started

VERSIONS = ("chat-6.0", "conversations-3.0")
SIZES = (10, 100, 250, 1000)
SHORT_SIZES = (10, 250)

_PATIENCE = 120.0
_QUICKLY = 20.0
_QUIET = 2.0
"""Seconds in which the gateway does next to nothing, and after which nothing belongs to the start any more."""
_MURMUR = 0.02
"""CPU seconds that an idle gateway may use meanwhile."""
_LOOK = 0.1
_IDLE = 10.0
"""Seconds that what gateway and worker ask by themselves is looked at; the jobs of the preparation end meanwhile."""
_FORGOTTEN = 35.0
"""Seconds after which a gateway has forgotten what it read ahead for a user."""

_CROWD = 250
"""Channels from which on the bounds of P8b apply: with fewer the fixed milliseconds of both sides are compared."""

_COUNTING = ("shared_preload_libraries = pg_stat_statements", "pg_stat_statements.track_utility = off")
_EXTENSION = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements"
_STATEMENTS = "SELECT query, sum(calls)::bigint AS calls FROM pg_stat_statements WHERE toplevel GROUP BY query"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    """Seconds from `create` on, and CPU seconds of the gateway."""

    ready: float
    joined: float
    settled: float
    cpu: float
    statements: Mapping[str, int]


def seconds(options: argparse.Namespace) -> float:
    """An estimate."""
    estimate: float = 60 + sum(0.03 * size + 2 * (options.runs + 1) * (4 + size / 60) for size in options.channels)
    return estimate


def measure(sizes: Sequence[int], runs: int, folder: Path) -> list[Result]:
    """Two results per SDK and number of channels. The first start of each counts what is said, and warms up."""
    with Product(folder / "product") as product:
        asyncio.run(_count_statements(product))
    with Product(folder / "product") as product:
        product.lift_limits()
        _fill(product, sizes, runs)
        return asyncio.run(_measure(product, sizes, runs, folder))


async def _count_statements(product: Product) -> None:
    """Takes effect with the next start of Postgres."""
    connection = await asyncpg.connect(product.setting("CHAT_POSTGRES_DSN"))
    try:
        for setting in _COUNTING:
            await connection.execute(f"ALTER SYSTEM SET {setting}", timeout=60)
    finally:
        await connection.close()


def _user(size: int, run: int) -> str:
    return f"with-{size}-run-{run}"


def _fill(product: Product, sizes: Sequence[int], runs: int) -> None:
    """Channel n belongs to everybody who has more than n. Each has a message. Run 0 is the one that counts."""
    for number in range(max(sizes)):
        if number % 100 == 0:
            progress(f"P8: channel {number} of {max(sizes)}")
        sid = product.channel([_user(size, run) for size in sizes if number < size for run in range(runs + 1)])
        product.rest("POST", f"/Channels/{sid}/Messages", From="somebody", Body="hello")


async def _measure(product: Product, sizes: Sequence[int], runs: int, folder: Path) -> list[Result]:
    connection = await asyncpg.connect(product.setting("CHAT_POSTGRES_DSN"))
    try:
        await connection.execute(_EXTENSION, timeout=60)
        always = await _polled(connection)
        results: list[Result] = []
        for version in VERSIONS:
            for size in sizes:
                results += await _cell(product, connection, always, version, size, runs, folder)
            if version != VERSIONS[-1]:
                await asyncio.sleep(_FORGOTTEN)
        return results
    finally:
        await connection.close()


async def _cell(
    product: Product,
    connection: asyncpg.Connection,
    always: frozenset[str],
    version: str,
    size: int,
    runs: int,
    folder: Path,
) -> list[Result]:
    """Runs of the product and of the canned answers in turn. The start that is recorded warms up the Node process."""
    async with Sdk(version) as sdk:
        progress(f"P8: {version} with {size} channels")
        async with Relay(_url(product.address)) as relay:
            first = await _start(product, connection, sdk, relay.url, _user(size, 0), size)
        recording = folder / f"{version}-{size}.json"
        relay.recording.save(recording)
        starts, canned = [], []
        async with _replaying(recording) as (url, unknown):
            await _answer(sdk, url, product, size)  # warms up
            for run in range(1, runs + 1):
                progress(f"P8: {version} with {size} channels, run {run} of {runs}")
                starts.append(await _start(product, connection, sdk, _url(product.address), _user(size, run), size))
                canned.append(await _answer(sdk, url, product, size))
    parameters: dict[str, object] = {"sdk": version, "channels": size, "runs": runs}
    return [
        Result(
            quantity=Quantity(
                id=f"P8 {version} {size}",
                title=f"start-up of {version} with {size} channels: `create` → initialised",
                unit="s",
                peer=None,
                must=1.0,
                aim=0.4,
            ),
            parameters=parameters,
            samples=[_sample(start, relay.traffic, always) for start in starts],
            notes=[_said(relay.traffic), _asked(first.statements, always)],
        ),
        Result(
            quantity=Quantity(
                id=f"P8b {version} {size}",
                title=f"start-up of {version} with {size} channels: `create` → all joined, against canned answers",
                unit="s",
                peer="canned",
                must=1.5 if size >= _CROWD else None,
                aim=1.2 if size >= _CROWD else None,
            ),
            parameters=parameters,
            samples=[_joined(start, other) for start, other in zip(starts, canned, strict=True)],
            notes=[
                "canned: the same SDK, the answers of a first start given again at once by a small server",
                f"requests without a recorded answer: {', '.join(unknown) or 'none'}",
            ],
        ),
    ]


async def _answer(sdk: Sdk, url: str, product: Product, size: int) -> Started:
    """A start with the canned answers, which are those of this user."""
    started = await sdk.start(url, product.access_token(_user(size, 0)), size, _PATIENCE)
    await sdk.stop()
    return started


@asynccontextmanager
async def _replaying(recording: Path) -> AsyncIterator[tuple[str, list[str]]]:
    """URL of a server that answers so, and, once left, the requests it had no answer for."""
    unknown: list[str] = []
    process = await asyncio.create_subprocess_exec(
        python(),
        "-m",
        "bench.load.canned",
        str(recording),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None, "piped"
    try:
        async with asyncio.timeout(_QUICKLY):
            port = int(await process.stdout.readline())
        yield _url(("127.0.0.1", port)), unknown
        async with asyncio.timeout(_QUICKLY):
            rest, _ = await process.communicate(b"")
        unknown += sorted(set(rest.decode().splitlines()))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _joined(start: _Start, canned: Started) -> Sample:
    return Sample(
        product=start.joined, peer=canned.joined, details={"ready s": start.ready, "canned ready s": canned.ready}
    )


def _sample(start: _Start, traffic: Traffic, always: frozenset[str]) -> Sample:
    statements = sum(calls for query, calls in start.statements.items() if query not in always)
    details = {
        "all joined s": start.joined,
        "settled s": start.settled,
        "gateway CPU s": start.cpu,
        "SQL statements": float(statements),
        "requests": float(traffic.requests.total()),
        "notifications": float(traffic.notifications.total()),
    }
    return Sample(product=start.ready, details=details)


def _said(traffic: Traffic) -> str:
    kinds = ", ".join(f"{count} × {name}" for name, count in traffic.requests.most_common(8))
    told = ", ".join(f"{count} × {name}" for name, count in traffic.notifications.most_common(4))
    return f"requests: {kinds}; notifications: {told}"


def _asked(statements: Mapping[str, int], always: frozenset[str]) -> str:
    counts = Counter({" ".join(query.split())[:70]: n for query, n in statements.items() if query not in always})
    return "statements: " + "; ".join(f"{count} × {query}" for query, count in counts.most_common(6))


async def _start(product: Product, connection: asyncpg.Connection, sdk: Sdk, url: str, user: str, size: int) -> _Start:
    """Of a client that is gone again when this returns."""
    token = product.access_token(user)
    await connection.execute("SELECT pg_stat_statements_reset()", timeout=60)
    before, began = processes.cpu(product.gateways), time.perf_counter()
    started = await sdk.start(url, token, size, _PATIENCE)
    settled = await _settled(product) - began
    cpu = processes.cpu(product.gateways) - before
    statements = await _statements(connection)
    await sdk.stop()
    return _Start(ready=started.ready, joined=started.joined, settled=settled, cpu=cpu.total, statements=statements)


async def _settled(product: Product) -> float:
    """When the gateway had last worked; rosters and subscriptions follow the joining."""
    gateways = product.gateways
    last, used = time.perf_counter(), processes.cpu(gateways).total
    while (now := time.perf_counter()) - last < _QUIET:
        await asyncio.sleep(_LOOK)
        if (total := processes.cpu(gateways).total) - used > _MURMUR:
            last, used = now, total
    return last


async def _polled(connection: asyncpg.Connection) -> frozenset[str]:
    """What gateway and worker ask the database anyway, while nothing happens."""
    await connection.execute("SELECT pg_stat_statements_reset()", timeout=60)
    await asyncio.sleep(_IDLE)
    return frozenset(await _statements(connection))


async def _statements(connection: asyncpg.Connection) -> dict[str, int]:
    rows = await connection.fetch(_STATEMENTS, timeout=60)
    return {row["query"]: row["calls"] for row in rows if "pg_stat_statements" not in row["query"]}


def _url(address: tuple[str, int]) -> str:
    host, port = address
    return f"ws://{host}:{port}{TWILSOCK}"
