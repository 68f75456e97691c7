"""A queue and hands for the worker's loop, without a database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import ServiceSid
from chatcore.domain.jobs import JobKind
from chatcore.ports.jobs import Claim, Claimed
from push.outcome import Done, Outcome
from push.worker import Worker
from tests.support.virtual_time import settled

POLL: Final = 0.5
LEASE: Final = 60.0
RENEWAL: Final = LEASE / 3
SILENCE: Final = 25.0
"""Seconds until a store that does not answer is taken for absent."""
AWAY: Final = ChatError(Code.UNAVAILABLE, "away")


class FakeQueue:
    """Jobs that are handed out once; what became of them is remembered."""

    lease = LEASE

    def __init__(self) -> None:
        self.waiting: list[Claimed] = []
        self.claims: list[tuple[int, list[str]]] = []
        self.renewed: list[set[int]] = []
        self.lost: set[int] = set()
        self.said: list[tuple[str, int]] = []
        self.whys: list[str] = []
        self.failure: Exception | None = None
        self.stalled = False  # nothing is answered
        self.slow = 0.0  # seconds until a claim is answered
        self.strangers: list[str] = []
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

    async def claim(
        self, kind: JobKind, limit: int, *, pass_over: Collection[str] = (), under_way: Collection[int] = ()
    ) -> Claim:
        self.claims.append((limit, sorted(pass_over)))
        await self._answer()
        if self.slow:
            await asyncio.sleep(self.slow)
        found = [job for job in self.waiting if job.service_sid not in pass_over and job.id not in under_way][:limit]
        self.waiting = [job for job in self.waiting if job not in found]
        return Claim(jobs=found, full=len(found) == limit)

    async def renew(self, ids: Collection[int]) -> Collection[int]:
        self.renewed.append(set(ids))
        await self._answer()
        return set(ids) - self.lost

    async def finish(self, job: Claimed) -> bool:
        await self._answer()
        self.said.append(("finish", job.id))
        return self._go_on()

    async def retry(self, job: Claimed, delay: float, why: str, *, counts: bool = True) -> None:
        await self._answer()
        self.said.append((f"retry in {delay:g}{'' if counts else ', free'}", job.id))
        self.whys.append(why)

    async def give_up(self, job: Claimed, why: str) -> bool:
        await self._answer()
        self.said.append(("give up", job.id))
        self.whys.append(why)
        return self._go_on()

    async def release(self, ids: Collection[int]) -> None:
        await self._answer()
        self.said += [("release", id_) for id_ in sorted(ids)]

    def _go_on(self) -> bool:
        if self.next_of_lane is None:
            return False
        self.waiting.append(self.next_of_lane)
        self.next_of_lane = None
        return True

    async def give_up_strangers(self) -> Collection[str]:
        found, self.strangers = self.strangers, []
        return found

    async def _answer(self) -> None:
        if self.stalled:
            await asyncio.sleep(SILENCE)
            raise AWAY
        if self.failure is not None:
            raise self.failure


class Hands:
    """A handler whose jobs end when the test says so."""

    kind = JobKind.WEBHOOK

    def __init__(self, places: int = 8) -> None:
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
    queue: FakeQueue, hands: Hands, died: Callable[[str], None] = lambda _: None
) -> AsyncIterator[Worker]:
    worker, stopping = Worker(queue, [hands], poll=POLL, died=died), asyncio.Event()
    task = asyncio.create_task(worker.run(stopping))
    await settled()
    yield worker
    assert not task.done()
    stopping.set()
    await task
