"""A service, or old pushes, that would take everything for themselves."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from chatcore.store.postgres import PostgresStore
from push.budget import Budget
from push.providers.outcomes import Outcome, Sent, TryLater
from push.providers.port import Delivery, SendingCredential
from tests.integration.commands.world import new_world
from tests.support.patience import until

from .crowds import crowd
from .phones import ON, FakeSender, Phones
from .rig import eventually

PLACES = 20


class Paced(FakeSender):
    """Answers come one by one, when the test says so. `told`: by what the pushes say."""

    def __init__(self) -> None:
        super().__init__()
        self.flying: list[tuple[str, asyncio.Future[Outcome]]] = []
        self.told: Counter[str] = Counter()
        self.at_once: Outcome | None = None

    async def send(self, delivery: Delivery, credential: SendingCredential) -> Outcome:
        if self.at_once is not None:
            return self.at_once
        text: str = delivery.payload["twi_body"].rpartition("|")[2]
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.flying.append((text, answer))
        self.told[text] += 1
        return await answer

    def of(self, text: str) -> int:
        return sum(said == text for said, _ in self.flying)

    async def full(self) -> None:
        await until(lambda: len(self.flying) == PLACES)

    async def end(self, which: Callable[[str], bool] = lambda _: True) -> None:
        """The oldest of those comes to its end, and another one takes its place."""
        found = next(flight for flight in self.flying if which(flight[0]))
        self.flying.remove(found)
        found[1].set_result(Sent())
        await self.full()

    def finish(self) -> None:
        self.at_once = Sent()
        for _, answer in self.flying:
            answer.set_result(Sent())


async def test_a_service_leaves_half_of_the_places_to_others_that_wait(phones: Phones, store: PostgresStore) -> None:
    async with new_world(store) as other:
        small, sender = Phones(other), Paced()
        phones.budget, phones.sender = Budget(PLACES), sender
        for each, size in ((phones, 300), (small, 60)):
            channel = await crowd(each, size)
            await each.enable(new_message=ON)
            alice = await each.world.user("alice")
            if each is phones:
                large = channel, alice
        async with phones.working():
            await phones.world.send(large[0], "large", by=large[1])
            await sender.full()
            await other.send(channel, "small", by=alice)
            while not sender.of("small"):
                await sender.end()
            while sender.of("small") < PLACES // 2:
                before = sender.of("large")
                await sender.end(lambda text: text == "large")
                assert sender.of("large") < before, "nothing more for who has more than half"
            while sender.told["small"] < 60:
                await sender.end()
                assert sender.of("large") == PLACES // 2
            assert sender.told["large"] < 200, "it did not have to wait for the other"
            await sender.end(lambda text: text == "small")
            assert sender.of("large") > PLACES // 2, "nobody else waits any more"
            sender.finish()
            await eventually(phones.nothing_due)


async def test_repetitions_leave_three_quarters_to_new_pushes_that_wait(phones: Phones) -> None:
    sender = Paced()
    phones.budget, phones.sender = Budget(PLACES), sender
    channel = await crowd(phones, 60)
    await phones.enable(new_message=ON)
    alice = await phones.world.user("alice")
    sender.at_once = TryLater(reason="503", after=60)
    await phones.world.send(channel, "old", by=alice)
    await phones.drain()
    assert len(await phones.waiting("push_retry")) == 60
    sender.at_once = None
    await phones.hurry("push_retry")
    async with phones.working():
        await sender.full()
        assert sender.of("old") == PLACES, "nothing else wants to be sent"
        await phones.world.send(channel, "new", by=alice)
        while not sender.of("new"):
            await sender.end()
        while sender.of("old") > PLACES // 4:
            before = sender.of("old")
            await sender.end(lambda text: text == "old")
            assert sender.of("old") < before
        while sender.told["new"] < 60:
            await sender.end()
            assert sender.of("old") <= PLACES // 4
        assert sender.told["old"] > PLACES, "they went on all the same"
        sender.finish()
        await eventually(phones.nothing_due)
