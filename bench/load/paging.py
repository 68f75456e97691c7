"""P9: a page of 50 messages out of a very long channel, against a page out of a short one."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from bench.load import processes
from bench.load.product import Product
from bench.load.result import Quantity, Result, Sample, progress
from bench.load.wire import NativeClient

P9 = Quantity(
    id="P9",
    title="page of 50 out of a long channel (slowest kind), against out of a short one",
    unit="ms per page, median",
    peer="short",
    must=2.0,
    aim=1.1,
)
OF_RECORD = 5_000_000
"""Messages that a long channel has, where the figure is to be believed."""
_BATCH = 500_000

_FILL = """
INSERT INTO messages (channel_sid, index, sid, service_sid, author, body, date_created, date_updated, created_rev, rev)
SELECT $1, n, 'IM' || lpad(to_hex(1577836800000 + n), 12, '0') || left(md5($1 || n::text), 20),
       $2, 'author', repeat('x', 40), at, at, n + 1, n + 1
FROM generate_series($4::bigint, $5::bigint - 1) n, LATERAL (SELECT $3::timestamptz + n * interval '1 ms' AS at) t
"""
_COUNT = """
UPDATE channels SET next_index = $2::bigint, last_message_index = $2::bigint - 1,
  last_seq = greatest(last_seq, $2::bigint),
  first_seq = greatest(last_seq, $2::bigint) + 1,
  last_message_sid = (SELECT sid FROM messages WHERE channel_sid = $1 AND index = $2::bigint - 1),
  last_message_at = (SELECT date_created FROM messages WHERE channel_sid = $1 AND index = $2::bigint - 1)
WHERE sid = $1
"""
_START = datetime(2020, 1, 1, tzinfo=UTC)

Page = Callable[[], None]


def measure(messages: int, short: int, requests: int, runs: int, folder: Path) -> Result:
    with Product(folder / "product") as product:
        channels = {size: product.channel(["reader"]) for size in (messages, short)}
        for size, channel in channels.items():
            asyncio.run(_fill(product, channel, size))
        client = product.client("reader", subscribe="feed")
        kinds = {size: _kinds(product, client, channel, size) for size, channel in channels.items()}
        samples = []
        for number in range(-1, runs):  # the first one only warms up
            progress("P9: " + (f"run {number + 1} of {runs}" if number >= 0 else "warming up"))
            spent = {kind: _compared(kinds[messages][kind], kinds[short][kind], requests) for kind in kinds[short]}
            slowest = max(spent.values(), key=lambda pair: pair[0] / pair[1])
            before = processes.cpu(product.everything)
            for _ in range(requests):
                kinds[messages]["REST first"]()
            cpu = (processes.cpu(product.everything) - before).total / requests
            details = {kind: pair[0] / pair[1] for kind, pair in spent.items()} | {"server ms/page": cpu * 1e3}
            if number >= 0:
                samples.append(Sample(product=slowest[0], peer=slowest[1], details=details))
        client.close()
    notes = ["columns behind the ratio: ratio of each kind of page; native random: message.list before a random index"]
    quantity = P9
    if messages < OF_RECORD:
        quantity = replace(P9, id=f"P9 of {messages:,}")
        notes.append(f"a short form: the figure of record has {OF_RECORD:,} messages (--history {OF_RECORD})")
    return Result(
        quantity=quantity,
        parameters={"messages": messages, "short": short, "page": 50, "requests": requests, "runs": runs},
        samples=samples,
        notes=notes,
    )


def _kinds(product: Product, client: NativeClient, channel: str, size: int) -> dict[str, Page]:
    path = f"/Channels/{channel}/Messages"
    chance = random.Random(size)

    def rest(order: str) -> None:
        page = product.rest("GET", path, PageSize="50", Order=order)
        assert len(page["messages"]) == 50

    def native(before: int) -> None:
        page = client.rpc("message.list", {"channel": channel, "before": before, "limit": 50})
        assert len(page["messages"]) == 50

    return {
        "REST first": lambda: rest("asc"),
        "REST newest": lambda: rest("desc"),
        "native newest": lambda: native(size),
        "native random": lambda: native(chance.randrange(50, size)),
    }


def _compared(long: Page, short: Page, requests: int) -> tuple[float, float]:
    """Median milliseconds of both; page by page in turn, so that what disturbs the machine disturbs both."""
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(requests):
        for page, times in zip((long, short), spent, strict=True):
            started = time.perf_counter()
            page()
            times.append(time.perf_counter() - started)
    return statistics.median(spent[0]) * 1e3, statistics.median(spent[1]) * 1e3


async def _fill(product: Product, channel: str, size: int) -> None:
    """Writes the rows as old history: messages, counters and position, no events."""
    connection = await asyncpg.connect(product.setting("CHAT_POSTGRES_DSN"))
    try:
        service = product.ready["service_sid"]
        for first in range(0, size, _BATCH):
            progress(f"P9: filling {first:,} of {size:,} messages")
            await connection.execute(_FILL, channel, service, _START, first, min(first + _BATCH, size), timeout=600)
        await connection.execute(_COUNT, channel, size)
        await connection.execute("VACUUM (ANALYZE) messages", timeout=600)
    finally:
        await connection.close()
