"""How long a worker goes on with jobs that others will take when their leases end."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.virtual_time import settled, until

from .rig import AWAY, LEASE, RENEWAL, FakeQueue, Hands, working


async def test_leases_are_renewed_and_lost_jobs_are_let_go() -> None:
    queue, hands = FakeQueue(), Hands()
    queue.put()
    queue.put()
    async with working(queue, hands):
        await asyncio.sleep(RENEWAL + 1)
        assert queue.renewed == [{1, 2}]
        queue.lost = {1}
        await asyncio.sleep(RENEWAL)
        assert (set(hands.open), hands.cancelled) == ({2}, [1])
        hands.end(2)
        await asyncio.sleep(RENEWAL)
        assert queue.renewed == [{1, 2}] * 2, "nothing is held, nothing is renewed"
    assert queue.said == [("finish", 2)]


async def test_a_job_may_take_as_long_as_it_likes_while_its_lease_is_renewed() -> None:
    queue, hands = FakeQueue(), Hands()
    queue.put()
    async with working(queue, hands):
        await asyncio.sleep(20 * LEASE)
        assert set(hands.open) == {1}
        hands.end(1)
    assert queue.said == [("finish", 1)]


async def test_a_renewal_that_fails_is_tried_again_soon() -> None:
    queue, hands = FakeQueue(), Hands()
    queue.put()
    async with working(queue, hands):
        queue.failure = AWAY
        await asyncio.sleep(RENEWAL + 10)
        assert len(queue.renewed) > 3
        queue.failure = None
        await asyncio.sleep(LEASE)
        assert set(hands.open) == {1}
        hands.end(1)
    assert queue.said == [("finish", 1)]


@pytest.mark.parametrize("renewals", [0, 1, 3])
@pytest.mark.parametrize("stalled", [True, False])
async def test_who_cannot_renew_stops_before_the_lease_ends(stalled: bool, renewals: int) -> None:
    queue, hands, loop = FakeQueue(), Hands(), asyncio.get_running_loop()
    queue.put()
    begun = loop.time()
    async with working(queue, hands) as worker:
        await asyncio.sleep(renewals * RENEWAL + 1)
        assert len(queue.renewed) == renewals
        lease_ends = begun + renewals * RENEWAL + LEASE
        queue.stalled, queue.failure = stalled, AWAY
        await until(lambda: hands.cancelled == [1], LEASE)
        assert lease_ends - LEASE / 4 < loop.time() < lease_ends - 5
        queue.stalled, queue.failure = False, None
        job = queue.job()
        queue.waiting.append(job)
        worker.wake()
        await until(lambda: job.id in hands.open, LEASE)
        hands.end(job.id)
        await settled()
    assert queue.said == [("finish", job.id)], "what was let go is settled by whoever has it then"


async def test_a_claim_whose_answer_is_late_is_a_short_lease() -> None:
    queue, hands, loop = FakeQueue(), Hands(), asyncio.get_running_loop()
    asked_at = loop.time()
    queue.put()
    queue.slow = LEASE - 15
    async with working(queue, hands):
        queue.failure = AWAY
        await until(lambda: hands.open)
        await until(lambda: hands.cancelled)
        assert loop.time() < asked_at + LEASE - 5
