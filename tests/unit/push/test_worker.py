"""The loop: what it claims when, and what it does with what its handlers say."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.jobs import JobKind
from chatcore.ports.jobs import Claimed
from push import retry
from push.outcome import Dead, Later, Outcome
from push.worker import GRACE, STRANGERS, TIDYING, Worker
from tests.support.virtual_time import settled, until

from .rig import AWAY, POLL, FakeQueue, Hands, working


def said(queue: FakeQueue) -> list[str]:
    return [what for what, _ in queue.said]


async def test_jobs_are_handed_out_and_settled() -> None:
    queue, hands = FakeQueue(), Hands()
    for _ in range(3):
        queue.put()
    async with working(queue, hands):
        assert set(hands.open) == {1, 2, 3}
        hands.end(1)
        hands.end(2, Later(7, "busy"))
        hands.end(3, Dead("no"))
        await settled()
        assert queue.said == [("finish", 1), ("retry in 7", 2), ("give up", 3)]
        assert queue.whys == ["busy", "no"]


async def test_new_jobs_are_found_by_waking_up_or_by_polling() -> None:
    queue, hands = FakeQueue(), Hands()
    async with working(queue, hands) as worker:
        assert len(queue.claims) == 1
        queue.put()
        await settled()
        assert not hands.open
        worker.wake()
        await settled()
        assert set(hands.open) == {1}
        queue.put()
        await asyncio.sleep(POLL * 1.3)
        assert set(hands.open) == {1, 2}
        hands.end(1)
        hands.end(2)


async def test_the_next_job_of_a_lane_follows_at_once() -> None:
    queue, hands = FakeQueue(), Hands()
    queue.put()
    async with working(queue, hands):
        queue.next_of_lane = queue.job()
        hands.end(1)
        await settled()
        assert set(hands.open) == {2}
        queue.next_of_lane = queue.job()
        hands.end(2, Dead("no"))
        await settled()
        assert set(hands.open) == {3}
        hands.end(3)


@pytest.mark.parametrize(
    ("attempts", "then"), [(1, "retry in 1"), (2, "retry in 2"), (4, "retry in 8"), (5, "give up")]
)
async def test_a_job_that_cannot_be_handled_is_poison_in_the_end(
    attempts: int, then: str, caplog: pytest.LogCaptureFixture
) -> None:
    queue, hands, dead = FakeQueue(), Hands(), list[str]()

    def fail(job: Claimed) -> Outcome:
        raise KeyError("facts")

    hands.react = fail
    queue.put(attempts=attempts)
    queue.put(attempts=attempts)
    async with working(queue, hands, dead.append):
        await settled()
        assert said(queue) == [then, then], "the others are not held up"
        assert queue.whys == ["KeyError: 'facts'"] * 2
    assert dead == [JobKind.WEBHOOK] * (2 * (then == "give up"))
    assert sum(record.exc_info is not None for record in caplog.records) == 2


async def test_a_job_that_kills_its_workers_is_not_tried_for_ever() -> None:
    queue, hands = FakeQueue(), Hands()
    queue.put(attempts=retry.ATTEMPTS + 1)
    async with working(queue, hands):
        await settled()
        assert said(queue) == ["give up"]
        assert not hands.open


async def test_an_absent_database_is_no_fault_of_the_job() -> None:
    queue, hands = FakeQueue(), Hands()

    def fail(job: Claimed) -> Outcome:
        raise AWAY

    hands.react = fail
    queue.put(attempts=5)
    async with working(queue, hands):
        await settled()
        assert said(queue) == ["retry in 0.5, free"]


async def test_a_refusal_counts() -> None:
    queue, hands = FakeQueue(), Hands()

    def fail(job: Claimed) -> Outcome:
        raise ChatError(Code.NOT_FOUND, "nothing there")

    hands.react = fail
    queue.put(attempts=5)
    async with working(queue, hands):
        await settled()
        assert (said(queue), queue.whys) == (["give up"], ["20404: nothing there"])


async def test_while_the_queue_is_away_the_worker_waits(caplog: pytest.LogCaptureFixture) -> None:
    queue, hands = FakeQueue(), Hands()
    queue.put()
    async with working(queue, hands):
        queue.failure = AWAY
        hands.end(1)
        queue.put()
        await asyncio.sleep(10 * POLL)
        assert not hands.open
        assert len([r for r in caplog.records if "cannot be claimed" in r.message]) == 1
        queue.failure = None
        await until(lambda: 2 in hands.open)
        hands.end(2)
    assert said(queue) == ["finish"], "the first one comes back by itself"


async def test_a_settlement_that_fails_does_not_end_the_worker() -> None:
    queue, hands = FakeQueue(), Hands()
    queue.put()
    async with working(queue, hands):
        queue.failure = RuntimeError("a bug")
        hands.end(1)
        await settled()
        queue.failure = None
        queue.put()
        await until(lambda: 2 in hands.open)
        hands.end(2)
    assert said(queue) == ["finish"]


async def test_at_the_end_jobs_are_finished_or_given_back() -> None:
    queue, hands = FakeQueue(), Hands()
    worker, stopping = Worker(queue, [hands], poll=POLL), asyncio.Event()
    for _ in range(3):
        queue.put()
    task = asyncio.create_task(worker.run(stopping))
    await settled()
    stopping.set()
    queue.put()
    await asyncio.sleep(GRACE / 2)
    hands.end(2)
    await task
    assert queue.said == [("finish", 2), ("release", 1), ("release", 3)]
    assert sorted(hands.cancelled) == [1, 3]
    assert len(queue.waiting) == 1, "nothing is claimed any more"


async def test_a_worker_stops_while_the_queue_does_not_answer(caplog: pytest.LogCaptureFixture) -> None:
    queue, hands, loop = FakeQueue(), Hands(), asyncio.get_running_loop()
    worker, stopping = Worker(queue, [hands], poll=POLL), asyncio.Event()
    queue.put()
    task = asyncio.create_task(worker.run(stopping))
    await settled()
    queue.stalled = True
    await asyncio.sleep(2 * POLL)
    stopping.set()
    begun = loop.time()
    await task
    assert loop.time() - begun <= GRACE + TIDYING + 0.1
    assert (hands.cancelled, queue.said) == ([1], [])


async def test_an_idle_worker_stops_at_once() -> None:
    queue, stopping = FakeQueue(), asyncio.Event()
    task = asyncio.create_task(Worker(queue, [Hands()], poll=3600).run(stopping))
    await settled()
    stopping.set()
    await settled()
    assert task.done()


async def test_jobs_that_nobody_knows_are_dead_letters(caplog: pytest.LogCaptureFixture) -> None:
    queue, hands, dead = FakeQueue(), Hands(), list[str]()
    queue.strangers = ["pager", "pager"]
    async with working(queue, hands, dead.append):
        assert dead == ["unknown"] * 2, "a label of its own: kinds come from rows"
        assert "pager" in caplog.text
        queue.strangers = ["fax"]
        await asyncio.sleep(STRANGERS + 1)
    assert dead == ["unknown"] * 3


def test_the_pause_after_a_failure_grows() -> None:
    pauses: Mapping[int, float] = {
        n: found.after for n in range(1, 5) if isinstance(found := retry.after_failure(n, ""), Later)
    }
    assert pauses == {1: 1, 2: 2, 3: 4, 4: 8}
