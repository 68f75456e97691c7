"""Jobs for the worker as rows: written by commands, claimed and settled by workers."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
import msgspec

from chatcore.domain.ids import ChannelSid
from chatcore.domain.jobs import Job, JobKind
from chatcore.ports.jobs import Claim, Claimed

from .queries import load
from .session import PoolSession, Row, Session

_SQL = load("outbox")

LEASE: Final = timedelta(seconds=60)
"""How long a worker that has vanished keeps its jobs from the others."""

SET_ASIDE: Final = 2000
"""Rows that are put out of the way at once, where many wait for their lanes."""

STRANGE: Final = timedelta(minutes=10)
"""How long a job of an unknown kind stays due, for a worker of another version that may know it."""

REASON: Final = 500  # characters


def job_columns(jobs: Sequence[Job]) -> tuple[list[object], ...]:
    """The parameters of a statement that writes jobs. Of twins the one that is due first is kept."""
    twins: dict[object, Job] = {}
    for number, job in enumerate(jobs):
        key = number if job.dedupe is None else (job.kind, job.service_sid, job.dedupe)
        twins[key] = min(twins.get(key, job), job, key=lambda twin: twin.due_in)
    kept = twins.values()
    return (
        [job.kind.value for job in kept],
        [job.service_sid for job in kept],
        [job.dedupe for job in kept],
        [job.lane for job in kept],
        [json.dumps(job.job, ensure_ascii=False) for job in kept],
        [job.due_in.total_seconds() for job in kept],
        [job.expires_in.total_seconds() for job in kept],
    )


def job_objects(jobs: Sequence[tuple[ChannelSid, Job]]) -> str:
    """Jobs without twins as one JSON array, each with the channel it belongs to."""
    return msgspec.json.encode(
        [
            {
                "channel_sid": sid,
                "kind": job.kind.value,
                "service_sid": job.service_sid,
                "dedupe": job.dedupe,
                "lane": job.lane,
                "job": job.job,
                "due": job.due_in.total_seconds(),
                "expiry": job.expires_in.total_seconds(),
            }
            for sid, job in jobs
        ]
    ).decode()


class Outbox:
    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def put(self, jobs: Sequence[Job], now: datetime) -> None:
        """Times count from the database's clock, which is the one that the workers compare with."""
        if jobs:
            await self._session.run(_SQL["put"], *job_columns(jobs))


class Queue:
    """Satisfies `ports.jobs.JobQueue` for one worker, whose name no other worker has, living or dead."""

    def __init__(self, pool: asyncpg.Pool, worker: str, *, lease: timedelta = LEASE) -> None:
        self._session = PoolSession(pool)
        self._worker = worker
        self._lease = lease

    @property
    def lease(self) -> float:
        return self._lease.total_seconds()

    async def claim(
        self, kind: JobKind, limit: int, *, pass_over: Collection[str] = (), under_way: Collection[int] = ()
    ) -> Claim:
        passed_over, excluded = list(pass_over), list(under_way)
        rows = await self._session.rows(
            _SQL["claim"], kind.value, limit, self._lease, self._worker, passed_over, LEASE, excluded
        )
        jobs = [_claimed(kind, row) for row in rows if not row["waits"]]
        if len(rows) == limit and 2 * len(jobs) < limit:
            await self._session.run(_SQL["set_aside"], kind.value, SET_ASIDE, LEASE)
        return Claim(jobs=sorted(jobs, key=lambda job: job.id), full=len(rows) == limit)

    async def renew(self, ids: Collection[int]) -> Collection[int]:
        rows = await self._session.rows(_SQL["renew"], list(ids), self._worker, self._lease)
        return {row["id"] for row in rows}

    async def finish(self, job: Claimed) -> bool:
        if await self._session.row(_SQL["finish"], job.id, self._worker) is None:
            return False
        return await self._promote(job)

    async def retry(self, job: Claimed, delay: float, why: str, *, counts: bool = True) -> None:
        attempts = job.attempts if counts else job.attempts - 1
        await self._session.run(_SQL["retry"], job.id, self._worker, timedelta(seconds=delay), _clean(why), attempts)

    async def give_up(self, job: Claimed, why: str) -> bool:
        if await self._session.row(_SQL["give_up"], job.id, self._worker, _clean(why)) is None:
            return False
        return await self._promote(job)

    async def release(self, ids: Collection[int]) -> None:
        if ids:
            await self._session.run(_SQL["release"], list(ids), self._worker)

    async def give_up_strangers(self) -> Collection[str]:
        kinds = [kind.value for kind in JobKind]
        rows = await self._session.rows(_SQL["give_up_strangers"], kinds, STRANGE, "no worker knows this kind of job")
        return [row["kind"] for row in rows]

    async def _promote(self, job: Claimed) -> bool:
        return job.lane is not None and await self._session.row(_SQL["promote"], job.lane) is not None


def _clean(why: str) -> str:
    """Reasons quote strangers; the database takes neither NUL nor lone surrogates."""
    return why.replace("\x00", "").encode(errors="replace").decode()[:REASON]


def _claimed(kind: JobKind, row: Row) -> Claimed:
    return Claimed(
        id=row["id"],
        kind=kind,
        service_sid=row["service_sid"],
        lane=row["lane"],
        job=_job(row["job"]),
        progress=row["progress"],
        created_at=row["created_at"],
        attempts=row["attempts"],
    )


def _job(text: str) -> dict[str, Any]:
    """Read row by row: one that cannot be decoded must not hide the others of its claim. It has no members, so that
    its handler refuses it."""
    try:
        return json.loads(text)  # type: ignore[no-any-return]  # handlers look at what it is
    except (ValueError, RecursionError) as error:
        return {"unreadable": f"{type(error).__name__}: {error}"}
