"""A database that does not answer: who cannot renew a lease stops, because somebody else may have the job by then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit, urlunsplit

import pytest

from chatcore.store.outbox import Queue
from chatcore.store.postgres import PostgresStore
from push.budget import Budget
from push.fanout import FanOut
from push.providers.outcomes import Outcome, Sent
from push.providers.port import Delivery, SendingCredential
from push.worker import Worker
from tests.support.patience import until
from tests.support.wire import BOTH, Address, Wire

from .crowds import crowd
from .phones import ON, FakeSender, Phones
from .rig import POLL, eventually

LEASE = 3.0


class Slow(FakeSender):
    """Twenty a second, one by one."""

    def __init__(self) -> None:
        super().__init__()
        self.began: list[tuple[datetime, str]] = []

    async def send(self, delivery: Delivery, credential: SendingCredential) -> Outcome:
        self.began.append((datetime.now(UTC), delivery.push_id))
        await asyncio.sleep(0.05)
        self.sent.append(delivery)
        return Sent()


@pytest.fixture
async def wire(database: str) -> AsyncIterator[Wire]:
    (folder,) = parse_qs(urlsplit(database).query)["host"]
    async with Wire(Address(path=f"{folder}/.s.PGSQL.5432")) as made:
        yield made


def through(wire: Wire, dsn: str) -> str:
    parts = urlsplit(dsn)
    at = f"{parts.username}:{parts.password}@127.0.0.1:{wire.port}"
    return urlunsplit(parts._replace(netloc=at, query="sslmode=disable"))


async def test_who_cannot_renew_stops_sending_before_another_begins(phones: Phones, database: str, wire: Wire) -> None:
    world, slow = phones.world, Slow()
    channel = await crowd(phones, 200)
    await phones.enable(new_message=ON)
    phones.budget = Budget(1)
    store = await PostgresStore.open(through(wire, database), min_size=1, max_size=2)
    stopping = asyncio.Event()
    handlers = [FanOut(phones.desk("cut off", slow))]
    worker = Worker(Queue(store.pool, "cut off", lease=timedelta(seconds=LEASE)), handlers, poll=POLL)
    task = asyncio.create_task(worker.run(stopping))
    try:
        await world.send(channel, by=await world.user("alice"))
        await until(lambda: len(slow.began) > 5)
        wire.hold(*BOTH)
        (row,) = await phones.waiting("push")
        ends: datetime = row["due_at"]
        await until(lambda: datetime.now(UTC) > ends)
        count = len(slow.began)
        phones.budget = Budget()
        async with phones.working():
            await eventually(lambda: _told(phones, slow, 200))
        assert len(slow.began) == count
        assert slow.began[-1][0] < ends
        assert len(slow.began) > LEASE / 2 / 0.05 / 4, "and not much before"
        again = {push for _, push in slow.began} & {d.push_id for d in phones.sender.sent}
        assert len(again) <= 1, "what was in flight"
        assert await phones.waiting("push") == []
    finally:
        wire.heal()
        stopping.set()
        await task
        await store.close()


async def _told(phones: Phones, slow: Slow, size: int) -> bool:
    return len({d.push_id for d in slow.sent} | {d.push_id for d in phones.sender.sent}) == size


async def test_a_worker_goes_on_when_the_database_is_back(phones: Phones, database: str, wire: Wire) -> None:
    world = phones.world
    channel = await crowd(phones, 30)
    await phones.enable(new_message=ON)
    store = await PostgresStore.open(through(wire, database), min_size=1, max_size=2)
    stopping = asyncio.Event()
    worker = Worker(Queue(store.pool, "patient"), [FanOut(phones.desk("patient"))], poll=POLL)
    task = asyncio.create_task(worker.run(stopping))
    try:
        await world.send(channel, "one", by=await world.user("alice"))
        await until(lambda: len(phones.sender.sent) == 30)
        wire.refuse()
        await world.send(channel, "two", by=world.as_("alice"))
        with pytest.raises(AssertionError):
            await until(lambda: len(phones.sender.sent) > 30, 0.5)
        wire.heal()
        await until(lambda: len(phones.sender.sent) == 60)
    finally:
        wire.heal()
        stopping.set()
        await task
        await store.close()
