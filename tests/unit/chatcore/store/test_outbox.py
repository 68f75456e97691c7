"""Jobs as columns of a statement."""

from __future__ import annotations

from datetime import timedelta

from chatcore.domain.ids import ServiceSid
from chatcore.domain.jobs import Job, JobKind
from chatcore.store.outbox import job_columns


def _job(number: int, *, service: str = "IS1", dedupe: str | None = None, due: int = 0) -> Job:
    return Job(
        kind=JobKind.BADGE,
        service_sid=ServiceSid(service),
        job={"n": number},
        expires_in=timedelta(hours=1),
        due_in=timedelta(seconds=due),
        dedupe=dedupe,
    )


def test_of_twins_the_first_one_due_is_kept() -> None:
    jobs = [_job(1, dedupe="a", due=5), _job(2, dedupe="a", due=2), _job(3, dedupe="a", due=9)]
    assert job_columns(jobs)[4] == ['{"n": 2}']


def test_only_twins_are_merged() -> None:
    jobs = [_job(1), _job(2), _job(3, dedupe="a"), _job(4, dedupe="a", service="IS2"), _job(5, dedupe="b")]
    assert job_columns(jobs)[4] == [f'{{"n": {n}}}' for n in range(1, 6)]


def test_times_are_seconds() -> None:
    *_, due, expiry = job_columns([_job(1, due=3)])
    assert (due, expiry) == ([3.0], [3600.0])
