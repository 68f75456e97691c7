"""Jobs as workers share them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import asyncpg

from chatcore.domain.ids import ServiceSid
from chatcore.domain.jobs import Job, JobKind
from chatcore.ports.jobs import Claimed
from chatcore.store.dead_letters import DeadLetters
from chatcore.store.outbox import LEASE, Queue
from chatcore.store.postgres import PostgresStore
from chatcore.store.queries import load
from tests.support.patience import PATIENCE

from . import make

HOOK = JobKind.WEBHOOK


def job(number: int, *, lane: str | None = None, service: str = "IS1", kind: JobKind = HOOK, life: float = 60) -> Job:
    expires_in = timedelta(seconds=life)
    return Job(kind=kind, service_sid=ServiceSid(service), job={"n": number}, lane=lane, expires_in=expires_in)


async def put(store: PostgresStore, *jobs: Job) -> None:
    """Each in a transaction of its own, so that they are due one after the other."""
    for each in jobs:
        await store.read.outbox.put([each], make.NOW)


def numbers(jobs: Sequence[Claimed]) -> list[int]:
    return [job.job["n"] for job in jobs]


async def claimed(queue: Queue, limit: int = 10, *, pass_over: Sequence[str] = ()) -> list[Claimed]:
    """By as many claims as a worker would make."""
    found: list[Claimed] = []
    while True:
        claim = await queue.claim(HOOK, limit - len(found), pass_over=pass_over)
        found += claim.jobs
        if not claim.full or len(found) == limit:
            return found


async def let_leases_end(store: PostgresStore) -> None:
    await store.pool.execute("UPDATE outbox SET due_at = due_at - $1::interval", LEASE)


async def rows(store: PostgresStore) -> list[asyncpg.Record]:
    return list(await store.pool.fetch("SELECT * FROM outbox ORDER BY id"))


async def test_jobs_are_handed_out_once_and_oldest_first(lone_store: PostgresStore) -> None:
    await put(lone_store, *(job(n) for n in range(5)), job(9, kind=JobKind.PUSH))
    one, two = Queue(lone_store.pool, "one"), Queue(lone_store.pool, "two")
    first = await one.claim(HOOK, 3)
    assert (numbers(first.jobs), first.full) == ([0, 1, 2], True)
    second = await two.claim(HOOK, 3)
    assert (numbers(second.jobs), second.full) == ([3, 4], False)
    assert numbers((await one.claim(JobKind.PUSH, 3)).jobs) == [9]
    (held, *_) = first.jobs
    assert (held.kind, held.service_sid, held.lane, held.progress, held.attempts) == (HOOK, "IS1", None, {}, 1)
    for each in first.jobs:
        assert not await one.finish(each)
    assert [row["claimed_by"] for row in await rows(lone_store)] == ["two", "two", "one"]


async def test_many_workers_share_without_doubles(lone_store: PostgresStore) -> None:
    await lone_store.read.outbox.put([job(n) for n in range(200)], make.NOW)
    queues = [Queue(lone_store.pool, f"worker {n}") for n in range(5)]

    async def drain(queue: Queue) -> list[int]:
        found: list[int] = []
        while jobs := (await queue.claim(HOOK, 7)).jobs:
            found += numbers(jobs)
        return found

    found = await asyncio.gather(*(drain(queue) for queue in queues))
    assert sorted(n for some in found for n in some) == list(range(200))


async def test_of_a_lane_only_the_oldest_is_handed_out(lone_store: PostgresStore) -> None:
    await put(lone_store, *(job(n, lane="a") for n in range(3)), job(3, lane="b"), job(4))
    one, two = Queue(lone_store.pool, "one"), Queue(lone_store.pool, "two")
    first = await claimed(one)
    assert numbers(first) == [0, 3, 4]
    assert await claimed(two) == []
    assert await one.finish(first[0]), "the next one of the lane is due"
    (second,) = await claimed(two)
    assert (second.job["n"], second.attempts) == (1, 1)
    assert await claimed(one) == []
    assert not await one.finish(first[1])
    assert await two.give_up(second, "no"), "a dead letter frees its lane"
    assert numbers(await claimed(one)) == [2]


async def test_jobs_of_a_lane_written_together_are_taken_in_order(lone_store: PostgresStore) -> None:
    await lone_store.read.outbox.put([job(n, lane="a") for n in range(20)], make.NOW)
    queue = Queue(lone_store.pool, "one")
    found = []
    while jobs := await claimed(queue):
        found += numbers(jobs)
        for each in jobs:
            await queue.finish(each)
    assert found == list(range(20))


async def test_what_waits_for_its_lane_is_not_looked_at_again_and_again(lone_store: PostgresStore) -> None:
    await put(lone_store, *(job(n, lane="a") for n in range(5)), job(5))
    queue = Queue(lone_store.pool, "one")
    first = await queue.claim(HOOK, 5)
    assert (numbers(first.jobs), first.full) == ([0], True)
    assert numbers((await queue.claim(HOOK, 5)).jobs) == [5]
    waiting = (await rows(lone_store))[1:5]
    assert all(row["claimed_by"] is None and row["attempts"] == 0 for row in waiting)
    assert not (await queue.claim(HOOK, 5)).full


async def test_a_lane_waits_for_its_repetition(lone_store: PostgresStore) -> None:
    await put(lone_store, job(0, lane="a"), job(1, lane="a"))
    queue = Queue(lone_store.pool, "one")
    (first,) = await claimed(queue)
    await queue.retry(first, 3600, "busy\x00\ud800")
    assert await claimed(queue) == []
    assert (await rows(lone_store))[0]["last_error"] == "busy?"
    await lone_store.pool.execute("UPDATE outbox SET due_at = now()")
    (again,) = await claimed(queue)
    assert (again.job["n"], again.attempts, again.created_at) == (0, 2, first.created_at)
    await queue.retry(again, 0, "not its fault", counts=False)
    (again,) = await claimed(queue)
    assert again.attempts == 2


async def test_a_claim_that_still_saw_the_head_does_not_hide_the_next_one(lone_store: PostgresStore) -> None:
    await put(lone_store, job(0, lane="a"), job(1, lane="a"))
    one, two = Queue(lone_store.pool, "one"), Queue(lone_store.pool, "two")
    (head,) = (await one.claim(HOOK, 1)).jobs
    async with lone_store.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        (row,) = await connection.fetch(load("outbox")["claim"], HOOK, 9, LEASE, "three", [], LEASE, [])
        assert row["waits"]
        finishing = asyncio.create_task(one.finish(head))
        await _somebody_waits_for_a_lock(lone_store)
        await transaction.commit()
    assert await finishing
    assert numbers((await two.claim(HOOK, 9)).jobs) == [1]


async def _somebody_waits_for_a_lock(store: PostgresStore) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with asyncio.timeout(PATIENCE):
        while not await store.pool.fetchval(waiting):
            pass


async def test_a_job_comes_back_when_its_lease_ends(lone_store: PostgresStore) -> None:
    await put(lone_store, job(0, lane="a"), job(1, lane="a"))
    one, two = Queue(lone_store.pool, "one"), Queue(lone_store.pool, "two")
    (lost,) = await claimed(one)
    await let_leases_end(lone_store)
    (taken,) = await claimed(two)
    assert (taken.job["n"], taken.attempts) == (0, 2)
    assert not await one.finish(lost)
    assert not await one.give_up(lost, "no")
    await one.retry(lost, 0, "no")
    await one.release([lost.id])
    assert await one.renew([lost.id]) == set()
    assert await two.renew([taken.id]) == {taken.id}
    assert await two.finish(taken)


async def test_released_jobs_are_due_as_if_nothing_had_been(lone_store: PostgresStore) -> None:
    await put(lone_store, job(0), job(1))
    one, two = Queue(lone_store.pool, "one"), Queue(lone_store.pool, "two")
    jobs = await claimed(one)
    await one.release([each.id for each in jobs])
    await one.release([])
    assert [(each.job["n"], each.attempts) for each in await claimed(two)] == [(0, 1), (1, 1)]


async def test_services_can_be_passed_over(lone_store: PostgresStore) -> None:
    await put(lone_store, *(job(n, service=f"IS{n % 2}") for n in range(6)))
    queue = Queue(lone_store.pool, "one")
    assert numbers(await claimed(queue, pass_over=["IS0"])) == [1, 3, 5]
    assert numbers(await claimed(queue)) == [0, 2, 4]


async def test_late_jobs_are_not_handed_out(lone_store: PostgresStore) -> None:
    await put(lone_store, job(0, life=-1), job(1))
    assert numbers(await claimed(Queue(lone_store.pool, "one"))) == [1]


async def test_a_twin_that_is_worked_on_is_taken_from_its_worker(lone_store: PostgresStore) -> None:
    badge = Job(
        kind=JobKind.BADGE, service_sid=ServiceSid("IS1"), job={"n": 1}, dedupe="alice", expires_in=timedelta(hours=1)
    )
    await put(lone_store, badge)
    queue = Queue(lone_store.pool, "one")
    (first,) = (await queue.claim(JobKind.BADGE, 1)).jobs
    await put(lone_store, badge)
    await queue.finish(first)
    assert len(await rows(lone_store)) == 1
    assert len((await queue.claim(JobKind.BADGE, 1)).jobs) == 1


async def test_dead_letters_can_be_looked_at_and_replayed(lone_store: PostgresStore) -> None:
    await put(lone_store, *(job(n, lane="a", service=f"IS{n % 2}") for n in range(4)))
    queue, letters = Queue(lone_store.pool, "one"), DeadLetters(lone_store.pool)
    for _ in range(4):
        (each,) = await claimed(queue)
        await queue.give_up(each, f"reason {each.job['n']}")
    dead = await letters.list(HOOK, service_sid=None, limit=3)
    assert [(each.job["n"], each.reason, each.attempts) for each in dead] == [
        (3, "reason 3", 1), (2, "reason 2", 1), (1, "reason 1", 1)
    ]  # fmt: skip
    assert [each.job["n"] for each in await letters.list(HOOK, service_sid="IS0", limit=9)] == [2, 0]
    assert await letters.list(JobKind.PUSH, service_sid=None, limit=9) == []

    assert await letters.replay(HOOK, ids=[dead[1].id, 10**9], service_sid=None) == [dead[1].id]
    assert len(await letters.replay(HOOK, ids=None, service_sid="IS0")) == 1
    assert len(await letters.replay(HOOK, ids=None, service_sid=None)) == 2
    assert await letters.replay(HOOK, ids=None, service_sid=None) == []
    assert await letters.list(HOOK, service_sid=None, limit=9) == []
    again = []
    while jobs := await claimed(queue):
        again += [(each.job["n"], each.attempts) for each in jobs]
        await queue.finish(jobs[0])
    assert again == [(0, 1), (1, 1), (2, 1), (3, 1)], "in their old order, as if they were new"
