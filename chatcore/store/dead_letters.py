"""Jobs that were given up, for operators."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from chatcore.domain.ids import ServiceSid
from chatcore.domain.jobs import JobKind

from .queries import load
from .session import PoolSession

_SQL = load("dead_letters")

REPLAY_LIFE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    id: int
    service_sid: ServiceSid
    job: Mapping[str, Any]  # JSON, as the command wrote it
    created_at: datetime
    died_at: datetime
    attempts: int
    reason: str


class DeadLetters:
    """Raises ChatError(UNAVAILABLE)."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._session = PoolSession(pool)

    async def list(self, kind: JobKind, *, service_sid: str | None, limit: int) -> Sequence[DeadLetter]:
        """Newest first."""
        return [
            DeadLetter(**{name: row[name] for name in DeadLetter.__slots__})
            for row in await self._session.rows(_SQL["dead"], kind.value, service_sid, limit)
        ]

    async def replay(self, kind: JobKind, *, ids: Collection[int] | None, service_sid: str | None) -> Collection[int]:
        """Makes jobs of them again, with a day to live; `None` means all. Returns which ones."""
        given = None if ids is None else list(ids)
        rows = await self._session.rows(_SQL["replay"], kind.value, given, service_sid, REPLAY_LIFE)
        return sorted(row["id"] for row in rows)
