"""The loop: what it claims when, and what it does with what its handlers say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import ServiceSid
from chatcore.domain.jobs import JobKind
from chatcore.ports.jobs import Claim, Claimed
from push import retry
from push.outcome import Dead, Done, Later, Outcome
from push.worker import CLAIM, GRACE, RENEWAL, Worker
from tests.support.virtual_time import settled, until

POLL = 0.5
AWAY = ChatError(Code.UNAVAILABLE, "away")


class FakeQueue:
    """Jobs that are handed out once; what became of them is remembered."""

    def __init__(self) -> None:
        self.waiting: list[Claimed] = []
        self.claims: list[tuple[int, list[str]]] = []
        self.renewed: list[set[int]] = []
        self.lost: set[int] = set()
        self.said: list[tuple[str, int]] = []
        self.whys: list[str] = []
        self.failure: Exception | None = None
        self.next_of_lane: Claimed | None = None
        self._ids = 0

    def put(self, service: str = "IS1", *, attempts: int = 1, **job: Any) -> Claimed:  # Any: JSON
        made = self.job(service, attempts=attempts, **job)
        self.waiting.append(made)
        return made

    def job(self, service: str = "IS1", *, attempts: int = 1, **job: Any) -> Claimed:  # Any: JSON
        self._ids += 1
        return Claimed(
            id=self._ids,
            kind=JobKind.WEBHOOK,
            service_sid=ServiceSid(service),
            lane=None,
            job=job,
            progress={},
            created_at=datetime(2026, 5, 17, tzinfo=UTC),
            attempts=attempts,
        )

    async def claim(self, kind: JobKind, limit: int, *, pass_over: Collection[str] = ()) -> Claim:
        self.claims.append((limit, sorted(pass_over)))
        self._fail()
        found = [job for job in self.waiting if job.service_sid not in pass_over][:limit]
        self.waiting = [job for job in self.waiting if job not in found]
        return Claim(jobs=found, full=len(found) == limit)

    async def renew(self, ids: Collection[int]) -> Collection[int]:
        self.renewed.append(set(ids))
        self._fail()
        return set(ids) - self.lost

    async def finish(self, job: Claimed) -> bool:
        self._fail()
        self.said.append(("finish", job.id))
        return self._go_on()

    async def retry(self, job: Claimed, delay: float, why: str, *, counts: bool = True) -> None:
        self._fail()
        self.said.append((f"retry in {delay:g}{'' if counts else ', free'}", job.id))
        self.whys.append(why)

    async def give_up(self, job: Claimed, why: str) -> bool:
        self._fail()
        self.said.append(("give up", job.id))
        self.whys.append(why)
        return self._go_on()

    async def release(self, ids: Collection[int]) -> None:
        self.said += [("release", id_) for id_ in sorted(ids)]

    def _go_on(self) -> bool:
        if self.next_of_lane is None:
            return False
        self.waiting.append(self.next_of_lane)
        self.next_of_lane = None
        return True

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


class Hands:
    """A handler whose jobs end when the test says so."""

    kind = JobKind.WEBHOOK

    def __init__(self, places: int = 4) -> None:
        self.places = places
        self.open: dict[int, asyncio.Future[Outcome]] = {}
        self.cancelled: list[int] = []
        self.react: Callable[[Claimed], Outcome] | None = None

    async def handle(self, job: Claimed) -> Outcome:
        if self.react is not None:
            return self.react(job)
        self.open[job.id] = asyncio.get_running_loop().create_future()
        try:
            return await self.open[job.id]
        except asyncio.CancelledError:
            self.cancelled.append(job.id)
            raise
        finally:
            del self.open[job.id]

    def end(self, id_: int, outcome: Outcome | None = None) -> None:
        self.open[id_].set_result(outcome or Done())


@asynccontextmanager
async def working(
    queue: FakeQueue, hands: Hands, died: Callable[[JobKind], None] = lambda _: None
) -> AsyncIterator[Worker]:
    worker, stopping = Worker(queue, [hands], poll=POLL, died=died), asyncio.Event()
    task = asyncio.create_task(worker.run(stopping))
    await settled()
    yield worker
    assert not task.done()
    stopping.set()
    await task


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
    assert max(limit for limit, _ in queue.claims) == 4


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


async def test_no_service_gets_more_than_half_of_the_places_for_long() -> None:
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
        assert set(hands.open) == {2, 3, 4, 5, 6, 7}, "below its share it may claim again"
        hands.react = lambda _: Done()
        for id_ in list(hands.open):
            hands.end(id_)


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
    queue, hands, dead = FakeQueue(), Hands(), list[JobKind]()

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


async def test_leases_are_renewed_and_lost_jobs_are_let_go() -> None:
    queue, hands = FakeQueue(), Hands()
    queue.put()
    queue.put()
    async with working(queue, hands):
        await asyncio.sleep(RENEWAL + 1)
        assert queue.renewed == [{1, 2}]
        queue.lost = {1}
        queue.failure = AWAY
        await asyncio.sleep(RENEWAL)
        assert set(hands.open) == {1, 2}
        queue.failure = None
        await asyncio.sleep(RENEWAL)
        assert (set(hands.open), hands.cancelled) == ({2}, [1])
        hands.end(2)
        await asyncio.sleep(RENEWAL)
        assert queue.renewed == [{1, 2}] * 3, "nothing is held, nothing is renewed"
    assert said(queue) == ["finish"]


async def test_a_job_whose_lease_ended_here_is_not_begun_twice() -> None:
    queue, hands = FakeQueue(), Hands()
    job = queue.put()
    async with working(queue, hands) as worker:
        queue.waiting.append(job)
        worker.wake()
        await settled()
        hands.end(1)
        await settled()
        assert queue.said == [("finish", 1)]


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


async def test_an_idle_worker_stops_at_once() -> None:
    queue, stopping = FakeQueue(), asyncio.Event()
    task = asyncio.create_task(Worker(queue, [Hands()], poll=3600).run(stopping))
    await settled()
    stopping.set()
    await settled()
    assert task.done()


def test_the_pause_after_a_failure_grows() -> None:
    pauses: Mapping[int, float] = {
        n: found.after for n in range(1, 5) if isinstance(found := retry.after_failure(n, ""), Later)
    }
    assert pauses == {1: 1, 2: 2, 3: 4, 4: 8}
