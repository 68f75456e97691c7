"""The jobs of one kind: who gets how many, and what follows from how they end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import Counter
from collections.abc import Callable, Collection
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


class Handler(Protocol):
    """Works on the jobs of one kind, many at once. What it raises makes the job try again, and poison in the end. It is
    cancelled when somebody else may have the job."""

    @property
    def kind(self) -> JobKind: ...

    @property
    def places(self) -> int:
        """How many jobs may be under way in this process."""
        ...

    async def handle(self, job: Claimed) -> Outcome: ...


class Held:
    """A job under way, which is let go before its lease ends."""

    __slots__ = ("_timer", "task")

    def __init__(self, task: asyncio.Task[None]) -> None:
        self.task = task
        self._timer: asyncio.TimerHandle | None = None

    def keep(self, asked_at: float, lease: float) -> None:
        """The lease was asked for then, so it ends a lease after that at the earliest."""
        self.end()
        # The rest is for calls that have left already, and for what a cancelled task has to tidy up.
        self._timer = asyncio.get_running_loop().call_at(asked_at + lease * 5 / 6, self._let_go)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _let_go(self) -> None:
        extra = {"action": "lease_lost"}
        logger.warning("A lease could not be renewed, let go of %s", self.task.get_name(), extra=extra)
        self.task.cancel()


class Desk:
    """`running` holds the jobs under way by id."""

    def __init__(self, queue: JobQueue, handler: Handler, poll: float, died: Callable[[str], None]) -> None:
        self.kind = handler.kind
        self.running: dict[int, Held] = {}
        self._queue = queue
        self._handler = handler
        self._poll = poll
        self._died = died
        self._share = max(1, handler.places // 2)
        # A service near its share is passed over until it has room for so many: no claims of single rows.
        self._lot = max(1, min(CLAIM, self._share) // 4)
        self._of_service: Counter[ServiceSid] = Counter()
        self._passed_over: Collection[ServiceSid] = ()
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
        passed_over = [sid for sid in self._of_service if not self._has_room(sid)]
        counts = [count for sid, count in self._of_service.items() if sid not in passed_over]
        # All rows may be of the service that has the most.
        limit = min(free, CLAIM, self._share - max(counts, default=0))
        asked_at = asyncio.get_running_loop().time()
        try:
            claim = await self._queue.claim(self.kind, limit, pass_over=passed_over, under_way=self.running.keys())
        except ChatError as error:
            if not self._away:
                logger.warning("Jobs cannot be claimed: %s", error.message, extra={"action": "store_unavailable"})
            self._away = True
            return False
        except Exception:  # whatever it was, the jobs are still there
            logger.exception("Jobs cannot be claimed", extra={"action": "claim_failed"})
            return False
        self._away = False
        self._more = claim.full
        self._passed_over = passed_over
        for job in claim.jobs:
            self._of_service[job.service_sid] += 1
            held = Held(tasks.create_task(self._work(job), name=f"{self.kind} job {job.id}"))
            held.keep(asked_at, self._queue.lease)
            self.running[job.id] = held
        return claim.full

    def _has_room(self, sid: ServiceSid) -> bool:
        return self._share - self._of_service[sid] >= self._lot

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
            self.running.pop(job.id).end()
            sid = job.service_sid
            self._of_service[sid] -= 1
            if lane_goes_on or self._more or (sid in self._passed_over and self._has_room(sid)):
                self._wanted.set()
            if not self._of_service[sid]:
                del self._of_service[sid]

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
