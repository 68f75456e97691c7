"""One loop for every kind of job: claim, hand out, settle.

Theory of operation. Each kind has a desk, which claims jobs while it has free places and gives each a task of its own.
A desk looks for jobs when it is woken up, when a place or a lane becomes free, and every now and then. No service gets
more than half of the places of a desk, so targets of one that do not answer hold up nobody else. Claims are leases:
they are renewed while their jobs are worked on, and what a worker that dies has claimed comes back to the others. A job
whose lease cannot be renewed is let go before the lease ends: from then on somebody else may work on it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Final

from chatcore.domain.errors import ChatError
from chatcore.ports.jobs import JobQueue

from .desks import Desk, Handler

logger = logging.getLogger(__name__)

GRACE: Final = 8.0
"""Seconds that jobs get to come to an end when the worker stops; those that do not are given back."""
TIDYING: Final = 5.0
"""Seconds for giving back: what an absent database does not take comes back by itself."""
STRANGERS: Final = 60.0
"""Between two looks for jobs of kinds that nobody knows."""


class Worker:
    """`died` hears the kind of each job that becomes a dead letter."""

    def __init__(
        self,
        queue: JobQueue,
        handlers: Sequence[Handler],
        *,
        poll: float,
        died: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._queue = queue
        self._died = died
        self._desks = [Desk(queue, handler, poll, died) for handler in handlers]

    def wake(self) -> None:
        """There may be new jobs."""
        for desk in self._desks:
            desk.wake()

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping` is set and the jobs under way have come to an end or were given back."""
        async with asyncio.TaskGroup() as tasks:
            beside = [
                tasks.create_task(self._renew(), name="leases"),
                tasks.create_task(self._give_up_strangers(), name="jobs of unknown kinds"),
            ]
            claiming = [tasks.create_task(desk.run(tasks), name=f"{desk.kind} jobs") for desk in self._desks]
            await stopping.wait()
            for desk in self._desks:
                desk.stop()
            ends = asyncio.get_running_loop().time() + GRACE
            if claiming:
                _, late = await asyncio.wait(claiming, timeout=GRACE)
                for task in late:  # what it claims after all comes back when its lease ends
                    task.cancel()
            await self._finish(ends)
            for task in beside:
                task.cancel()

    async def _finish(self, ends: float) -> None:
        running = {held.task: id_ for desk in self._desks for id_, held in desk.running.items()}
        if not running:
            return
        _, late = await asyncio.wait(running, timeout=max(0.0, ends - asyncio.get_running_loop().time()))
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=TIDYING)
            with contextlib.suppress(ChatError, TimeoutError):  # they come back when their lease ends
                async with asyncio.timeout(TIDYING):
                    await self._queue.release([running[task] for task in late])
            logger.info("Gave %d jobs back", len(late), extra={"action": "jobs_released"})

    async def _renew(self) -> None:
        """Well before half of the lease is over, and again soon where that fails. Jobs that were lost to another worker
        are left to it."""
        loop, lease = asyncio.get_running_loop(), self._queue.lease
        pause = lease / 3
        while True:
            await asyncio.sleep(pause)
            pause = lease / 3
            running = {id_: held for desk in self._desks for id_, held in desk.running.items()}
            if not running:
                continue
            begun = loop.time()
            try:
                async with asyncio.timeout(lease / 6):
                    kept = await self._queue.renew(running)
            except (ChatError, TimeoutError) as error:
                why = error.message if isinstance(error, ChatError) else "no answer"
                logger.warning("Leases cannot be renewed: %s", why, extra={"action": "store_unavailable"})
                pause = lease / 30
                continue
            for id_, held in running.items():
                if id_ in kept:
                    held.keep(begun, lease)
                else:
                    held.task.cancel()  # or it has come to its end in this moment, and nobody minds

    async def _give_up_strangers(self) -> None:
        while True:
            try:
                for kind in await self._queue.give_up_strangers():
                    extra = {"action": "job_dead", "kind": kind}
                    logger.error("A job was given up: no worker knows its kind, %s", kind, extra=extra)
                    self._died("unknown")
            except ChatError as error:
                logger.debug("Unknown jobs cannot be looked for: %s", error.message)
            await asyncio.sleep(STRANGERS)
