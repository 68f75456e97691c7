"""One loop for every kind of job: claim, hand out, settle.

Theory of operation. Each kind has a desk, which claims jobs while it has free places and gives each a task of its own.
A desk looks for jobs when it is woken up, when a place or a lane becomes free, and every now and then. No service gets
more than half of the places of a desk, so targets of one that do not answer hold up nobody else. Claims are leases:
they are renewed while their jobs are worked on, and what a worker that dies has claimed comes back to the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from chatcore.domain.errors import ChatError
from chatcore.domain.ids import ServiceSid
from chatcore.domain.jobs import JobKind
from chatcore.ports.jobs import Claimed, JobQueue

from . import retry
from .outcome import Dead, Done, Later, Outcome

logger = logging.getLogger(__name__)

CLAIM: Final = 32
"""Rows looked at in one claim."""
RENEWAL: Final = 20.0  # seconds; leases last 60
GRACE: Final = 8.0
"""Seconds that jobs get to come to an end when the worker stops; those that do not are given back."""


class Handler(Protocol):
    """Works on the jobs of one kind, many at once. What it raises makes the job try again, and poison in the end."""

    @property
    def kind(self) -> JobKind: ...

    @property
    def places(self) -> int:
        """How many jobs may be under way in this process."""
        ...

    async def handle(self, job: Claimed) -> Outcome: ...


class Worker:
    """`died` hears the kind of each job that becomes a dead letter."""

    def __init__(
        self,
        queue: JobQueue,
        handlers: Sequence[Handler],
        *,
        poll: float,
        died: Callable[[JobKind], None] = lambda _: None,
    ) -> None:
        self._queue = queue
        self._desks = [_Desk(queue, handler, poll, died) for handler in handlers]

    def wake(self) -> None:
        """There may be new jobs."""
        for desk in self._desks:
            desk.wake()

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping` is set and the jobs under way have come to an end or were given back."""
        async with asyncio.TaskGroup() as tasks:
            renewing = tasks.create_task(self._renew(), name="leases")
            claiming = [tasks.create_task(desk.run(tasks), name=f"{desk.kind} jobs") for desk in self._desks]
            await stopping.wait()
            for desk in self._desks:
                desk.stop()
            if claiming:
                await asyncio.wait(claiming)
            await self._finish()
            renewing.cancel()

    async def _finish(self) -> None:
        running = {task: id_ for desk in self._desks for id_, task in desk.running.items()}
        if running:
            _, late = await asyncio.wait(running, timeout=GRACE)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
                with contextlib.suppress(ChatError):  # they come back when their lease ends
                    await self._queue.release([running[task] for task in late])
                logger.info("Gave %d jobs back", len(late), extra={"action": "jobs_released"})

    async def _renew(self) -> None:
        """Jobs that were lost to another worker are left to it."""
        while True:
            await asyncio.sleep(RENEWAL)
            held = {id_: task for desk in self._desks for id_, task in desk.running.items()}
            if not held:
                continue
            try:
                kept = await self._queue.renew(held)
            except ChatError as error:
                logger.warning("Leases cannot be renewed: %s", error.message, extra={"action": "store_unavailable"})
                continue
            for id_ in held.keys() - set(kept):
                held[id_].cancel()  # or it has come to its end in this moment, and nobody minds


class _Desk:
    """The jobs of one kind."""

    def __init__(self, queue: JobQueue, handler: Handler, poll: float, died: Callable[[JobKind], None]) -> None:
        self.kind = handler.kind
        self.running: dict[int, asyncio.Task[None]] = {}
        self._queue = queue
        self._handler = handler
        self._poll = poll
        self._died = died
        self._share = max(1, handler.places // 2)
        self._of_service: Counter[ServiceSid] = Counter()
        self._wanted = asyncio.Event()
        self._more = False  # the last claim left something behind that could be claimed
        self._away = False  # the queue, as far as is known
        self._stopping = False

    def wake(self) -> None:
        self._wanted.set()

    def stop(self) -> None:
        """No more claims; `run` ends soon."""
        self._stopping = True
        self._wanted.set()

    async def run(self, tasks: asyncio.TaskGroup) -> None:
        """Claims until stopped; the jobs, in `tasks`, go on."""
        while not self._stopping:
            self._wanted.clear()
            while not self._stopping and await self._claim(tasks):
                pass
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll * random.uniform(0.8, 1.2)):
                    await self._wanted.wait()

    async def _claim(self, tasks: asyncio.TaskGroup) -> bool:
        """Whether to claim again at once."""
        free = self._handler.places - len(self.running)
        if free <= 0:
            self._more = True
            return False
        at_limit = [sid for sid, count in self._of_service.items() if count >= self._share]
        try:
            claim = await self._queue.claim(self.kind, min(free, CLAIM), pass_over=at_limit)
        except ChatError as error:
            if not self._away:
                logger.warning("Jobs cannot be claimed: %s", error.message, extra={"action": "store_unavailable"})
            self._away = True
            return False
        self._away = False
        self._more = claim.full or bool(at_limit)
        for job in claim.jobs:
            if job.id in self.running:
                continue  # its lease had ended while nobody could renew it, and was just begun anew
            self._of_service[job.service_sid] += 1
            self.running[job.id] = tasks.create_task(self._work(job), name=f"{self.kind} job {job.id}")
        return claim.full

    async def _work(self, job: Claimed) -> None:
        lane_goes_on = False
        try:
            lane_goes_on = await self._settle(job, await self._outcome(job))
        except ChatError as error:
            logger.warning(
                "A job cannot be settled and will come back: %s", error.message, extra={"action": "store_unavailable"}
            )
        except Exception:
            logger.exception("A job could not be settled", extra={"action": "job_failed", "job": job.id})
        finally:
            del self.running[job.id]
            self._of_service[job.service_sid] -= 1
            if not self._of_service[job.service_sid]:
                del self._of_service[job.service_sid]
            if lane_goes_on or self._more:
                self._wanted.set()

    async def _outcome(self, job: Claimed) -> Outcome:
        if job.attempts > retry.ATTEMPTS:
            return Dead(f"claimed {job.attempts} times without coming to an end")
        try:
            return await self._handler.handle(job)
        except ChatError as error:
            if error.temporary:
                return Later(self._poll, error.message, counts=False)
            return retry.after_failure(job.attempts, f"{error.code}: {error.message}")
        except Exception as error:
            extra = {"action": "job_failed", "kind": self.kind.value, "job": job.id}
            logger.exception("A job could not be handled", extra=extra)
            return retry.after_failure(job.attempts, f"{type(error).__name__}: {error}")

    async def _settle(self, job: Claimed, outcome: Outcome) -> bool:
        """Whether the next job of the lane can be claimed now."""
        match outcome:
            case Done():
                return await self._queue.finish(job)
            case Later(after, why, counts):
                await self._queue.retry(job, after, why, counts=counts)
                return False
            case Dead(why):
                extra = {"action": "job_dead", "kind": self.kind.value, "job": job.id, "service": job.service_sid}
                logger.error("A job was given up: %s", why, extra=extra)
                self._died(self.kind)
                return await self._queue.give_up(job, why)
