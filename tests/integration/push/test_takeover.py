"""Workers that die, and workers that share."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime

import pytest

from chatcore.domain.devices import Binding
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.jobs import JobKind
from chatcore.ports.jobs import Claimed
from chatcore.ports.pushes import Settled, Settlement
from chatcore.store.outbox import Queue
from chatcore.store.pushes import Pushes
from push.fanout import FanOut
from push.outcome import Done
from push.providers.outcomes import Outcome, Sent
from push.providers.port import Delivery, SendingCredential
from tests.support.patience import PATIENCE, until

from .crowds import crowd
from .phones import ON, FakeSender, Phones
from .rig import eventually


class Stuck(FakeSender):
    """Takes so many, and no answer comes to the others."""

    def __init__(self, takes: int) -> None:
        super().__init__()
        self._takes = takes
        self.stuck = asyncio.Event()

    async def send(self, delivery: Delivery, credential: SendingCredential) -> Outcome:
        if len(self.sent) < self._takes:
            self.sent.append(delivery)
            return Sent()
        self.stuck.set()
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")


async def test_who_takes_over_sends_only_what_was_not_accepted(phones: Phones) -> None:
    world = phones.world
    channel = await crowd(phones, 1200)
    await phones.enable(new_message=ON)
    await world.send(channel, by=await world.user("alice"))
    dying = Stuck(700)
    queue = Queue(world.pool, "dying")
    (job,) = (await queue.claim(JobKind.PUSH, 1)).jobs
    task = asyncio.create_task(FanOut(phones.desk("dying", dying)).handle(job))
    await dying.stuck.wait()
    task.cancel()
    await asyncio.wait([task])
    await phones.hurry("push")  # the lease ends
    await phones.drain()
    first, second = {d.push_id for d in dying.sent}, {d.push_id for d in phones.sender.sent}
    assert len(first) == 700
    assert len(second) == 500
    assert not first & second


async def test_without_notes_only_what_was_not_settled_is_repeated(phones: Phones) -> None:
    world = phones.world
    channel = await crowd(phones, 1200)
    await phones.enable(new_message=ON)
    await world.send(channel, by=await world.user("alice"))
    dying = Stuck(700)
    (job,) = (await Queue(world.pool, "dying").claim(JobKind.PUSH, 1)).jobs
    task = asyncio.create_task(FanOut(phones.desk("dying", dying)).handle(job))
    await dying.stuck.wait()
    await eventually(lambda: _progress(phones))
    task.cancel()
    await asyncio.wait([task])
    phones.notes.kept.clear()
    await phones.hurry("push")
    await phones.drain()
    everybody = {d.address for d in dying.sent} | {d.address for d in phones.sender.sent}
    assert len(everybody) == 1200
    assert len(phones.sender.sent) == 700


async def _progress(phones: Phones) -> bool:
    (row,) = await phones.waiting("push")
    return "after" in row["progress"]


async def _ended(phones: Phones) -> bool:
    return not await phones.waiting("push")


async def test_a_chunk_is_sent_while_the_one_before_is_settled(phones: Phones) -> None:
    world = phones.world
    channel = await crowd(phones, 600)
    await phones.enable(new_message=ON)
    await world.send(channel, by=await world.user("alice"))
    async with world.pool.acquire() as connection, connection.transaction():
        worker = Queue(world.pool, "one")
        (job,) = (await worker.claim(JobKind.PUSH, 1)).jobs
        await connection.execute("SELECT FROM outbox FOR UPDATE")  # nothing can be settled
        task = asyncio.create_task(FanOut(phones.desk("one")).handle(job))
        await until(lambda: len(phones.sender.sent) == 600)
        assert not task.done()
    assert await task == Done()


async def test_a_worker_that_lost_its_job_stops_at_once(phones: Phones) -> None:
    world = phones.world
    channel = await crowd(phones, 1200)
    await phones.enable(new_message=ON)
    await world.send(channel, by=await world.user("alice"))
    (job,) = (await Queue(world.pool, "slow").claim(JobKind.PUSH, 1)).jobs
    await world.pool.execute("UPDATE outbox SET claimed_by = 'another'")
    slow = Stuck(500)
    async with asyncio.timeout(PATIENCE):
        assert await FanOut(phones.desk("slow", slow)).handle(job) == Done(), "though answers are outstanding"
    assert len(slow.sent) == 500
    assert not await _progress(phones)


async def test_two_workers_tell_nobody_twice(phones: Phones) -> None:
    world = phones.world
    channel = await crowd(phones, 700)
    await phones.enable(new_message=ON)
    alice = await world.user("alice")
    async with phones.working(), phones.working():
        for _ in range(8):
            await world.send(channel, by=alice)
        await until(lambda: len(phones.sender.sent) >= 5600)
    await phones.drain()
    assert len(phones.sender.sent) == len({d.push_id for d in phones.sender.sent}) == 5600


async def test_a_worker_that_stops_repeats_nothing(phones: Phones) -> None:
    world = phones.world
    channel = await crowd(phones, 1200)
    await phones.enable(new_message=ON)
    await world.send(channel, by=await world.user("alice"))
    phones.sender.gate.clear()
    async with phones.working():
        await until(lambda: phones.sender.tried)
        asyncio.get_running_loop().call_later(0.2, phones.sender.gate.set)
    (row,) = await phones.waiting("push")
    assert (row["claimed_by"], row["attempts"]) == (None, 0)
    assert 0 < len(phones.sender.sent) < 1200, "it ends the chunk and gives the rest back"
    phones.notes.kept.clear()  # and does not need them
    await phones.drain()
    assert len(phones.sender.sent) == len({d.push_id for d in phones.sender.sent}) == 1200


async def test_what_is_given_back_in_the_midst_of_a_chunk_is_not_repeated(
    phones: Phones, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("push.worker.GRACE", 0.2)
    world = phones.world
    channel = await crowd(phones, 400)
    await phones.enable(new_message=ON)
    await world.send(channel, by=await world.user("alice"))
    stuck = Stuck(150)
    async with phones.working(sender=stuck):
        await stuck.stuck.wait()
    (row,) = await phones.waiting("push")
    assert (row["claimed_by"], row["attempts"], row["progress"]) == (None, 0, {"begun": True})
    assert row["due_at"] <= datetime.now(UTC)
    await phones.drain()
    assert len(phones.sender.sent) == 250
    assert not {d.push_id for d in stuck.sent} & {d.push_id for d in phones.sender.sent}


async def test_a_settlement_that_fails_repeats_nothing(phones: Phones, monkeypatch: pytest.MonkeyPatch) -> None:
    world, failures = phones.world, iter([True])
    channel = await crowd(phones, 1200)
    await phones.enable(new_message=ON)
    await world.send(channel, by=await world.user("alice"))
    settle = Pushes.settle

    async def fail_once(self: Pushes, job: Claimed, settlement: Settlement) -> Settled:
        if next(failures, False):
            raise ChatError(Code.UNAVAILABLE, "away")
        return await settle(self, job, settlement)

    monkeypatch.setattr(Pushes, "settle", fail_once)
    async with phones.working():
        await eventually(lambda: _ended(phones))
    assert len(phones.sender.sent) == len({d.push_id for d in phones.sender.sent}) == 1200


async def test_a_message_that_was_not_committed_is_told_to_nobody(phones: Phones) -> None:
    world = phones.world
    bob: Binding = await phones.device(await world.user("bob"))
    channel = await world.channel("alice", "bob")
    await phones.enable(new_message=ON)
    await world.user("alice")
    await world.pool.execute("ALTER TABLE channel_events ADD CONSTRAINT refused CHECK (type <> 'message.added')")
    with contextlib.suppress(ChatError):
        await world.send(channel, by=world.as_("alice"))
    await phones.drain()
    assert phones.sender.to(bob) == []
    assert await world.pool.fetchval("SELECT count(*) FROM outbox") == 0
