"""Who gets the places of a provider."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

import pytest

from chatcore.domain.ids import ServiceSid
from push.budget import Budget, Places
from tests.support.virtual_time import settled

A, B, C = ServiceSid("IS1"), ServiceSid("IS2"), ServiceSid("IS3")


@dataclass
class Crowd:
    """Pushes that keep their places until the test says so. `flying` in the order in which they got them."""

    places: Places
    flying: list[tuple[ServiceSid, bool]] = field(default_factory=list)
    refused: int = 0
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def ask(self, service: ServiceSid, count: int = 1, *, fresh: bool = True) -> None:
        self.tasks += [asyncio.create_task(self._take(service, fresh)) for _ in range(count)]
        await settled()

    async def end(self, service: ServiceSid, count: int = 1, *, fresh: bool = True) -> None:
        """So many come to their end, one after the other."""
        for _ in range(count):
            self.flying.remove((service, fresh))
            self.places.give_back(service, fresh=fresh)
            await settled()

    def of(self, service: ServiceSid) -> int:
        return sum(held == service for held, _ in self.flying)

    @property
    def repeated(self) -> int:
        return sum(not fresh for _, fresh in self.flying)

    async def _take(self, service: ServiceSid, fresh: bool) -> None:
        if await self.places.take(service, fresh=fresh):
            self.flying.append((service, fresh))
        else:
            self.refused += 1


def crowd(places: int = 8, patience: float = 20.0) -> Crowd:
    return Crowd(Places(places, patience=patience))


async def test_a_service_alone_may_have_all_places_and_no_more() -> None:
    some = crowd()
    await some.ask(A, 20)
    assert some.of(A) == 8
    await some.end(A, 3)
    assert some.of(A) == 8


async def test_while_others_wait_a_service_gets_no_more_than_half() -> None:
    some = crowd()
    await some.ask(A, 100)
    await some.ask(B, 100)
    await some.end(A, 3)
    assert (some.of(A), some.of(B)) == (5, 3)
    await some.end(A)
    assert (some.of(A), some.of(B)) == (4, 4)
    for _ in range(20):
        service, fresh = some.flying[0]
        await some.end(service, fresh=fresh)
        assert (some.of(A), some.of(B)) == (4, 4)


async def test_a_late_comer_is_next() -> None:
    some = crowd()
    await some.ask(A, 10_000)
    await some.ask(B)
    await some.end(A)
    assert some.of(B) == 1
    await some.end(A, 5)
    assert some.of(A) == 7, "nobody else waits any more"


async def test_services_take_turns() -> None:
    some = crowd(places=4)
    await some.ask(A, 50)
    await some.ask(B, 50)
    await some.ask(C, 2)
    await some.end(A, 4)
    assert [service for service, _ in some.flying] == [B, C, A, B]


async def test_repetitions_get_a_quarter_while_new_ones_wait() -> None:
    some = crowd()
    await some.ask(A, 20, fresh=False)
    assert some.repeated == 8, "nobody else wants them"
    await some.ask(A, 20)
    await some.end(A, 6, fresh=False)
    assert some.repeated == 2
    await some.end(A, 1, fresh=False)
    assert some.repeated == 2, "they are not kept out"
    await some.end(A, 3)
    assert some.repeated == 2
    await some.end(A, 18 - 3)
    assert some.repeated > 2, "the new ones do not wait any more"


async def test_both_rules_hold_together_and_nobody_starves() -> None:
    some = crowd()
    dice = random.Random(7)
    for service in (A, B, C):
        for fresh in (True, False):
            await some.ask(service, 60, fresh=fresh)
    await some.end(A, 8)
    told = Counter[tuple[ServiceSid, bool]]()
    while some.flying:
        key = dice.choice(some.flying)
        told[key] += 1
        await some.end(key[0], fresh=key[1])
        if any(sum(not task.done() for task in some.tasks[n : n + 60]) for n in (0, 120, 240)):
            assert some.repeated <= 2
        if sum(any(not task.done() for task in some.tasks[n : n + 120]) for n in (0, 120, 240)) > 1:
            assert max(some.of(service) for service in (A, B, C)) <= 4
    assert sum(told.values()) == 360 - 8
    assert all(task.done() for task in some.tasks)


async def test_who_gets_no_place_in_time_is_put_off_and_does_not_hold_up_others() -> None:
    some = crowd(places=4, patience=20.0)
    await some.ask(A, 4)
    await some.ask(B)
    await asyncio.sleep(10)
    await some.ask(A)
    await asyncio.sleep(11)
    assert some.refused == 1
    await some.end(A)
    assert some.of(A) == 4, "nobody else waits any more"
    await asyncio.sleep(20)
    assert some.refused == 1


async def test_who_is_held_back_goes_on_when_the_others_give_up() -> None:
    some = crowd(places=4)
    await some.ask(A, 2)
    await some.ask(B, 2, fresh=False)
    await some.ask(A)
    await asyncio.sleep(15)
    await some.ask(B, fresh=False)
    await some.end(B, fresh=False)
    assert (some.of(A), some.of(B)) == (2, 1), "the place stays empty: each waits for the other"
    await asyncio.sleep(6)
    assert some.refused == 1
    assert (some.of(A), some.of(B)) == (2, 2)


@pytest.mark.parametrize("granted", [True, False])
async def test_who_is_cancelled_leaves_no_place_behind(granted: bool) -> None:
    some = crowd(places=1)
    await some.ask(A)
    await some.ask(B)
    await some.ask(C)
    if granted:  # the place and the cancellation come in the same moment
        some.flying.clear()
        some.places.give_back(A, fresh=True)
        some.tasks[1].cancel()
        await settled()
    else:
        some.tasks[1].cancel()
        await settled()
        await some.end(A)
    assert some.flying == [(C, True)]
    await some.end(C)
    await some.ask(A, 2)
    assert some.flying == [(A, True)]


async def test_each_provider_has_places_of_its_own() -> None:
    budget = Budget(1)
    assert budget.of("apn") is budget.of("apn")
    assert await budget.of("apn").take(A, fresh=True)
    assert await budget.of("fcm").take(A, fresh=True)
    assert budget.of("fcm").flying(A) == 1
