"""A user who reads on while its number is being sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chatcore.domain.devices import Binding
from chatcore.domain.jobs import JobKind
from chatcore.domain.model import Actor, Channel
from chatcore.store.outbox import Queue
from push import retry
from push.badges import Badges
from push.providers.outcomes import Outcome, Sent
from push.providers.port import Delivery, SendingCredential

from .phones import ON, FakeSender, Phones

READS = retry.ATTEMPTS + 2


class Scene:
    def __init__(self, phones: Phones, bob: Actor, channels: list[Channel], device: Binding) -> None:
        self.phones, self.bob, self.channels, self.device = phones, bob, channels, device

    async def read(self) -> None:
        """One more channel."""
        channel = self.channels.pop()
        await self.phones.world.chat.horizons.report_all(self.bob, channel.sid)

    @property
    def numbers(self) -> list[int]:
        return [d.payload["aps"]["badge"] for d in self.phones.sender.to(self.device)]


@pytest.fixture
async def scene(phones: Phones) -> Scene:
    world = phones.world
    alice, bob = await world.user("alice"), await world.user("bob")
    channels = [await world.channel("alice", "bob") for _ in range(READS + 1)]
    await phones.enable(new_message=replace(ON, badge_count_enabled=True))
    for channel in channels:
        await world.send(channel, by=alice)
    device = await phones.device(bob)
    await phones.drain()
    phones.sender.sent.clear()
    return Scene(phones, bob, channels, device)


class Interrupted(FakeSender):
    """While it sends, the user reads another channel."""

    def __init__(self, scene: Scene) -> None:
        super().__init__()
        self._scene = scene
        self._left = READS

    async def send(self, delivery: Delivery, credential: SendingCredential) -> Outcome:
        if self._left:
            self._left -= 1
            await self._scene.read()
        self.sent.append(delivery)
        return Sent()


async def test_it_sees_the_last_number_however_often_it_changed(scene: Scene) -> None:
    phones = scene.phones
    phones.sender = Interrupted(scene)
    await scene.read()
    for turn in range(READS):
        await phones.hurry("badge")
        await phones.drain()
        (row,) = await phones.waiting("badge")
        assert (row["claimed_by"], row["attempts"]) == (None, 0), turn
    await phones.hurry("badge")
    await phones.drain()
    assert scene.numbers == list(range(READS, -1, -1))
    assert await phones.waiting("badge") == []
    assert await phones.world.pool.fetchval("SELECT count(*) FROM outbox_dead") == 0


async def test_the_attempts_of_a_number_that_waits_still_count(scene: Scene) -> None:
    await scene.read()
    await scene.phones.world.pool.execute("UPDATE outbox SET attempts = 3, due_at = now() + interval '1 hour'")
    await scene.read()
    (row,) = await scene.phones.waiting("badge")
    assert row["attempts"] == 3


async def test_a_change_makes_a_waiting_number_live_longer(scene: Scene) -> None:
    pool = scene.phones.world.pool
    await scene.read()
    await pool.execute(
        "UPDATE outbox SET created_at = now() - interval '2 days', expires_at = now() + interval '1 second'"
    )
    await scene.read()
    assert await pool.fetchval("SELECT min(expires_at) > now() + interval '1 hour' FROM outbox")
    await scene.phones.hurry("badge")
    await scene.phones.drain()
    assert scene.numbers == [READS - 1]


async def test_the_worker_that_sends_does_not_take_the_next_turn_for_its_own(scene: Scene) -> None:
    """It would settle the row by its name, and the change during the send would be lost."""
    phones = scene.phones
    await scene.read()
    await phones.hurry("badge")
    queue = Queue(phones.world.pool, "one")
    (job,) = (await queue.claim(JobKind.BADGE, 1)).jobs
    await Badges(phones.desk("one")).handle(job)
    await scene.read()
    await phones.hurry("badge")
    assert not (await queue.claim(JobKind.BADGE, 1, under_way=[job.id])).jobs
    await queue.finish(job)
    (again,) = (await queue.claim(JobKind.BADGE, 1)).jobs
    assert (again.id, again.attempts) == (job.id, 1)
    await Badges(phones.desk("one")).handle(again)
    assert scene.numbers == [READS, READS - 1]
