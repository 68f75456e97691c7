"""Jobs for the worker as rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from chatcore.domain.jobs import Job

from .queries import load
from .session import Session

_SQL = load("outbox")


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


class Outbox:
    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def put(self, jobs: Sequence[Job], now: datetime) -> None:
        """Times count from the database's clock, which is the one that the workers compare with."""
        if jobs:
            await self._session.run(_SQL["put"], *job_columns(jobs))
