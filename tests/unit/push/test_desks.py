"""Who is given how many of the places of a desk."""

from __future__ import annotations

from push.desks import CLAIM
from push.outcome import Done
from tests.support.virtual_time import settled

from .rig import FakeQueue, Hands, working


async def test_no_more_are_claimed_than_there_are_places() -> None:
    queue, hands = FakeQueue(), Hands(places=4)
    for number in range(10):
        queue.put(f"IS{number}")
    async with working(queue, hands):
        assert set(hands.open) == {1, 2, 3, 4}
        hands.end(2)
        await settled()
        assert set(hands.open) == {1, 3, 4, 5}
        for id_ in list(hands.open):
            hands.end(id_)
        await settled()
        assert set(hands.open) == {6, 7, 8, 9}
        hands.react = lambda _: Done()
        for id_ in list(hands.open):
            hands.end(id_)
        await settled()
        assert len(queue.said) == 10
    assert max(limit for limit, _ in queue.claims) <= 4


async def test_a_claim_is_small_even_when_there_is_room() -> None:
    queue, hands = FakeQueue(), Hands(places=1000)
    for number in range(CLAIM * 2):
        queue.put(f"IS{number}")
    async with working(queue, hands):
        assert len(hands.open) == CLAIM * 2
        hands.react = lambda _: Done()
        for id_ in list(hands.open):
            hands.end(id_)
    assert {limit for limit, _ in queue.claims} == {CLAIM}


async def test_no_service_gets_more_than_half_of_the_places() -> None:
    queue, hands = FakeQueue(), Hands(places=8)
    for _ in range(4):
        queue.put("IS1")
    async with working(queue, hands) as worker:
        for service in ("IS1", "IS1", "IS2"):
            queue.put(service)
        worker.wake()
        await settled()
        assert queue.claims[-1] == (4, ["IS1"])
        assert set(hands.open) == {1, 2, 3, 4, 7}
        hands.end(1)
        await settled()
        assert set(hands.open) == {2, 3, 4, 5, 7}, "below its share it may claim again, up to it"
        hands.react = lambda _: Done()
        for id_ in list(hands.open):
            hands.end(id_)


async def test_a_service_alone_gets_half_of_the_places_and_no_more() -> None:
    queue, hands = FakeQueue(), Hands(places=64)
    for _ in range(100):
        queue.put("IS1")
    async with working(queue, hands):
        assert len(hands.open) == 32
        queue.put("IS2")
        hands.end(1)
        await settled()
        assert len(hands.open) == 31, "no claims of single rows"
        for id_ in range(2, 9):
            hands.end(id_)
        await settled()
        assert len(hands.open) == 33
        assert 101 in hands.open, "another one finds a place at once"
        hands.react = lambda _: Done()
        for id_ in list(hands.open):
            hands.end(id_)
        await settled()
    assert len(queue.said) == 101


async def test_a_job_that_is_due_again_while_it_is_worked_on_is_left_alone() -> None:
    queue, hands = FakeQueue(), Hands()
    job = queue.put()
    async with working(queue, hands) as worker:
        queue.waiting.append(job)
        worker.wake()
        await settled()
        assert set(hands.open) == {1}
        hands.end(1)
        worker.wake()
        await settled()
        assert queue.said == [("finish", 1)]
        assert set(hands.open) == {1}, "it has its next turn"
        hands.end(1)
