"""Jobs on their way to the worker."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from chatcore.domain.jobs import Job, JobKind
from chatcore.domain.model import Service
from chatcore.store.postgres import PostgresStore

from . import make

_HOUR = timedelta(hours=1)


async def test_jobs_are_due_and_expire_as_asked(store: PostgresStore, service: Service) -> None:
    job = Job(
        kind=JobKind.WEBHOOK,
        service_sid=service.sid,
        job={"a": [1, None, "ü"]},
        expires_in=_HOUR,
        due_in=timedelta(seconds=90),
        lane="x",
    )
    await store.read.outbox.put([job], make.NOW)
    await store.read.outbox.put([], make.NOW)
    row = await store.pool.fetchrow(
        "SELECT kind, lane, job, due_at - created_at AS due, expires_at - created_at AS life FROM outbox"
        " WHERE service_sid = $1",
        service.sid,
    )
    assert dict(row) == {
        "kind": "webhook",
        "lane": "x",
        "job": {"a": [1, None, "ü"]},
        "due": timedelta(seconds=90),
        "life": _HOUR,
    }


async def test_a_waiting_twin_moves_forward_only(store: PostgresStore, service: Service) -> None:
    badge = Job(kind=JobKind.BADGE, service_sid=service.sid, job={}, expires_in=_HOUR, due_in=_HOUR, dedupe="alice")

    async def due() -> timedelta:
        (row,) = await store.pool.fetch(
            "SELECT due_at - created_at AS due FROM outbox WHERE service_sid = $1", service.sid
        )
        found: timedelta = row["due"]
        return found

    await store.read.outbox.put([badge], make.NOW)
    await store.read.outbox.put([replace(badge, due_in=2 * _HOUR)], make.NOW)
    assert await due() == _HOUR
    await store.read.outbox.put([replace(badge, due_in=timedelta(seconds=2))], make.NOW)
    assert await due() < timedelta(minutes=1)
