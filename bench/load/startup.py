"""P8: what it costs to start a Twilio SDK for a user of few or many channels."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import jwt

from bench.load import processes
from bench.load.product import Product
from bench.load.relay import Relay, Traffic
from bench.load.result import Quantity, Result, Sample, progress
from tests.e2e.twilsock.sdk import Client, SdkProcess

VERSIONS = ("chat-6.0", "conversations-3.0")
SIZES = (10, 100, 250, 1000)

_SOCKET = "/v3/wsconnect"
_PATIENCE = 120.0
_QUIET = 2.0
"""Seconds in which the gateway does next to nothing, and after which nothing belongs to the start any more."""
_MURMUR = 0.02
"""CPU seconds that an idle gateway may use meanwhile."""
_LOOK = 0.1
_IDLE = 10.0
"""Seconds that what gateway and worker ask by themselves is looked at; the jobs of the preparation end meanwhile."""
_FORGOTTEN = 35.0
"""Seconds after which a gateway has forgotten what it read ahead for a user."""

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


def measure(sizes: Sequence[int], runs: int, folder: Path) -> list[Result]:
    """One result per SDK and number of channels. The first start of each counts what is said, and warms up."""
    with Product(folder / "product") as product:
        asyncio.run(_count_statements(product))
    with Product(folder / "product") as product:
        product.lift_limits()
        _fill(product, sizes, runs)
        return asyncio.run(_measure(product, sizes, runs))


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


async def _measure(product: Product, sizes: Sequence[int], runs: int) -> list[Result]:
    connection = await asyncpg.connect(product.setting("CHAT_POSTGRES_DSN"))
    try:
        await connection.execute(_EXTENSION, timeout=60)
        always = await _polled(connection)
        results = []
        for version in VERSIONS:
            for size in sizes:
                results.append(await _cell(product, connection, always, version, size, runs))
            if version != VERSIONS[-1]:
                await asyncio.sleep(_FORGOTTEN)
        return results
    finally:
        await connection.close()


async def _cell(
    product: Product, connection: asyncpg.Connection, always: frozenset[str], version: str, size: int, runs: int
) -> Result:
    sdk = await SdkProcess.start(version)
    try:
        progress(f"P8: {version} with {size} channels")
        async with Relay(_url(product)) as relay:
            first = await _start(product, connection, sdk, relay.url, _user(size, 0), size)
            traffic = relay.traffic
        users = [_user(size, run) for run in range(1, runs + 1)]
        starts = [await _start(product, connection, sdk, _url(product), user, size) for user in users]
    finally:
        await sdk.stop()
    return Result(
        quantity=Quantity(
            id=f"P8 {version} {size}",
            title=f"start-up of {version} with {size} channels: `create` → initialised",
            unit="s",
            peer=None,
            must=1.0,
            aim=0.4,
        ),
        parameters={"sdk": version, "channels": size, "runs": runs},
        samples=[_sample(start, traffic, always) for start in starts],
        notes=[_said(traffic), _asked(first.statements, always)],
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


async def _start(
    product: Product, connection: asyncpg.Connection, sdk: SdkProcess, url: str, user: str, size: int
) -> _Start:
    """Of a client that is gone again when this returns."""
    token = _token(product, user)
    await connection.execute("SELECT pg_stat_statements_reset()", timeout=60)
    before, began = processes.cpu(product.gateways), time.perf_counter()
    client = await sdk.client(url, token)
    await client.ready()
    ready = time.perf_counter() - began
    await client.until(lambda: _joined(client) >= size, _PATIENCE)
    joined = time.perf_counter() - began
    settled = await _settled(product) - began
    cpu = processes.cpu(product.gateways) - before
    statements = await _statements(connection)
    await client.ask("shutdown")
    return _Start(ready=ready, joined=joined, settled=settled, cpu=cpu.total, statements=statements)


async def _settled(product: Product) -> float:
    """When the gateway had last worked; rosters and subscriptions follow the joining."""
    gateways = product.gateways
    last, used = time.perf_counter(), processes.cpu(gateways).total
    while (now := time.perf_counter()) - last < _QUIET:
        await asyncio.sleep(_LOOK)
        if (total := processes.cpu(gateways).total) - used > _MURMUR:
            last, used = now, total
    return last


def _joined(client: Client) -> int:
    return len({event["sid"] for event in client.of("channel_joined")})


async def _polled(connection: asyncpg.Connection) -> frozenset[str]:
    """What gateway and worker ask the database anyway, while nothing happens."""
    await connection.execute("SELECT pg_stat_statements_reset()", timeout=60)
    await asyncio.sleep(_IDLE)
    return frozenset(await _statements(connection))


async def _statements(connection: asyncpg.Connection) -> dict[str, int]:
    rows = await connection.fetch(_STATEMENTS, timeout=60)
    return {row["query"]: row["calls"] for row in rows if "pg_stat_statements" not in row["query"]}


def _url(product: Product) -> str:
    host, port = product.address
    return f"ws://{host}:{port}{_SOCKET}"


def _token(product: Product, identity: str) -> str:
    """An access token as Twilio's helper libraries make them."""
    ready = product.ready
    now = int(time.time())
    claims = {
        "jti": f"{ready['api_key_sid']}-{now}",
        "iss": ready["api_key_sid"],
        "sub": ready["account_sid"],
        "exp": now + 3600,
        "grants": {"identity": identity, "chat": {"service_sid": ready["service_sid"]}},
    }
    return jwt.encode(claims, ready["api_key_secret"], "HS256", headers={"cty": "twilio-fpa;v=1"})
