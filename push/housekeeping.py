"""What a worker does every now and then, while nobody looks: keeps the logs within their retention and the outbox
honest."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Protocol

from chatcore.domain.errors import ChatError
from chatcore.domain.jobs import JobKind
from chatcore.telemetry import Metrics

logger = logging.getLogger(__name__)

WATCH_SECONDS = 5.0
EXPIRE_SECONDS = 30.0
PURGE_SECONDS = 10.0
PRUNE_SECONDS = 600.0


class Backlog(Protocol):
    """Jobs of one kind: how many, and seconds since the oldest was written."""

    @property
    def depth(self) -> int: ...

    @property
    def oldest(self) -> float: ...


class House(Protocol):
    """Raises ChatError(UNAVAILABLE) while the database is away. Several workers may run it at once."""

    async def prune_events(self, retention: timedelta, keep: int) -> int: ...

    async def expire_jobs(self) -> Mapping[str, int]: ...

    async def forget_dead_jobs(self) -> None: ...

    async def waiting(self) -> Mapping[str, Backlog]: ...

    async def purge(self) -> int: ...


class Housekeeping:
    """Periodic work; `run` ends when cancelled, between two steps or inside one."""

    def __init__(self, house: House, metrics: Metrics, *, retention: timedelta, keep: int) -> None:
        self._house = house
        self._metrics = metrics
        self._retention = retention
        self._keep = keep
        self._kinds: set[str] = set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(every(WATCH_SECONDS, self.watch), name="outbox gauges")
            tasks.create_task(every(EXPIRE_SECONDS, self.expire), name="expired jobs")
            tasks.create_task(every(PURGE_SECONDS, self.purge), name="purges")
            tasks.create_task(every(PRUNE_SECONDS, self.prune), name="event retention")

    async def watch(self) -> None:
        """Kinds that were seen once are shown as empty ever after."""
        waiting = await self._house.waiting()
        self._kinds |= set(waiting)
        for kind in self._kinds:
            state = waiting.get(kind)
            self._metrics.outbox_depth.labels(kind).set(state.depth if state else 0)
            self._metrics.outbox_oldest.labels(kind).set(state.oldest if state else 0)

    async def expire(self) -> None:
        for kind, count in (await self._house.expire_jobs()).items():
            if kind == JobKind.WEBHOOK:
                self._metrics.webhook.labels("expired").inc(count)
            elif kind != JobKind.DELIVERY:
                self._metrics.push.labels("none", "expired").inc(count)
            logger.warning("%d %s jobs expired", count, kind, extra={"action": "jobs_expired"})
        await self._house.forget_dead_jobs()

    async def purge(self) -> None:
        if count := await self._house.purge():
            logger.info("Purged %d deleted objects", count, extra={"action": "purged"})

    async def prune(self) -> None:
        if count := await self._house.prune_events(self._retention, self._keep):
            logger.info("Removed %d events past their retention", count, extra={"action": "events_pruned"})


async def every(seconds: float, step: Callable[[], Awaitable[object]]) -> None:
    """Until cancelled. A step that fails is tried again at its next turn."""
    while True:
        try:
            await step()
        except ChatError as error:
            logger.warning("Database is away: %s", error.message, extra={"action": "store_unavailable"})
        except Exception:
            logger.exception("Periodic work failed", extra={"action": "worker_failed"})
        await asyncio.sleep(seconds)
