"""Workers that die, and workers that share."""

from __future__ import annotations

import asyncio
import contextlib

from chatcore.domain.devices import Binding, PushType
from chatcore.domain.errors import ChatError
from chatcore.domain.ids import CredentialSid, RoleSid, new_sid
from chatcore.domain.jobs import JobKind
from chatcore.domain.model import Channel
from chatcore.store.outbox import Queue
from push.fanout import FanOut
from push.providers.outcomes import Outcome, Sent
from push.providers.port import Delivery, SendingCredential
from tests.integration.commands.world import World, until

from .phones import ON, FakeSender, Phones


async def crowd(phones: Phones, size: int) -> Channel:
    """A channel of so many people with a device each, planted in bulk."""
    world = phones.world
    channel = await world.channel("alice")

    credential = await phones.credential(PushType.FCM)
    await _plant(world, channel, credential, size)
    return channel


async def _plant(world: World, channel: Channel, credential: CredentialSid, size: int) -> None:
    numbers = list(range(size))
    role: RoleSid = world.service.default_service_role_sid
    users = [new_sid("US") for _ in numbers]
    args = (world.service.sid, channel.sid, role, users, numbers)
    async with world.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "INSERT INTO users (sid, service_sid, identity, attributes, role_sid, date_created, date_updated)"
            " SELECT sid, $1, 'user' || n, '{}', $3, now(), now()"
            " FROM unnest($4::text[], $5::int[]) w (sid, n) WHERE $2::text <> ''",
            *args,
        )
        await connection.execute(
            "INSERT INTO members (sid, service_sid, channel_sid, user_sid, identity, role_sid, date_created,"
            " date_updated, rev, roster_created, roster_position, own_created, own_position)"
            " SELECT 'MB' || sid, $1, $2, sid, 'user' || n, $3, now(), now(), 1, 1, 1, 1, 1"
            " FROM unnest($4::text[], $5::int[]) w (sid, n)",
            *args,
        )
        await connection.execute(
            "INSERT INTO bindings (sid, service_sid, user_sid, identity, binding_type, endpoint, address,"
            " credential_sid, message_types, vocabulary, registered_at, date_created, date_updated)"
            " SELECT 'BS' || sid, $1, sid, 'user' || n, 'fcm', sid, 'token-of-device-number-' || n, $3,"
            " '{new_message}', 'chat', now(), now(), now()"
            " FROM unnest($4::text[], $5::int[]) w (sid, n) WHERE $2::text <> ''",
            world.service.sid,
            channel.sid,
            credential,
            users,
            numbers,
        )


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


async def test_without_notes_only_the_chunk_is_repeated(phones: Phones) -> None:
    world = phones.world
    channel = await crowd(phones, 1200)
    await phones.enable(new_message=ON)
    await world.send(channel, by=await world.user("alice"))
    dying = Stuck(700)
    (job,) = (await Queue(world.pool, "dying").claim(JobKind.PUSH, 1)).jobs
    task = asyncio.create_task(FanOut(phones.desk("dying", dying)).handle(job))
    await dying.stuck.wait()
    task.cancel()
    await asyncio.wait([task])
    phones.notes.kept.clear()
    await phones.hurry("push")
    await phones.drain()
    everybody = {d.address for d in dying.sent} | {d.address for d in phones.sender.sent}
    assert len(everybody) == 1200
    assert len(phones.sender.sent) == 700


async def test_a_worker_that_lost_its_job_stops_at_the_next_chunk(phones: Phones) -> None:
    world = phones.world
    channel = await crowd(phones, 1200)
    await phones.enable(new_message=ON)
    await world.send(channel, by=await world.user("alice"))
    (job,) = (await Queue(world.pool, "slow").claim(JobKind.PUSH, 1)).jobs
    await world.pool.execute("UPDATE outbox SET claimed_by = 'another'")
    await FanOut(phones.desk("slow")).handle(job)
    assert len(phones.sender.sent) == 500


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
