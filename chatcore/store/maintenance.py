"""What the worker clears away: old events, late jobs, and the bulk of what was deleted.

Everything is done in small steps that commit one by one, may be stopped at any point and run in several processes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from .queries import load
from .session import PoolSession

_SQL = load("maintenance")
_STREAMS: Final = 500
"""Streams looked at in one step."""
_ROWS: Final = 2000
"""Rows deleted in one step."""
_PURGES: Final = 100
_ALL_EVENTS: Final = 2**63 - 1
DEAD_JOBS_KEPT: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Jobs of one kind in the outbox: how many, and seconds since the oldest was written."""

    depth: int
    oldest: float


class Maintenance:
    """Raises ChatError(UNAVAILABLE)."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._session = PoolSession(pool)

    async def prune_events(self, retention: timedelta, keep: int) -> int:
        """Removes events older than `retention` or beyond the newest `keep` of their stream; returns how many.

        The stream's first offset moves before the rows go, so that readers who ask for both in this order are never
        told of events that are not there. Looks at every stream once: about a second for 100,000 of them.
        """
        return await self._prune("channel", retention, keep) + await self._prune("user", retention, keep)

    async def _prune(self, kind: str, retention: timedelta, keep: int) -> int:
        last, removed, cutoff = "", 0, datetime.now(UTC) - retention
        while rows := await self._session.rows(_SQL[f"{kind}s_to_prune"], last, _STREAMS, cutoff, keep):
            for row in rows:
                if row["keep_from"] is not None:
                    await self._session.run(_SQL[f"move_{kind}_start"], row["sid"], row["keep_from"])
                    removed += await self._delete_events(kind, row["sid"], row["keep_from"])
            last = rows[-1]["sid"]
        return removed

    async def _delete_events(self, kind: str, sid: str, keep_from: int) -> int:
        removed = 0
        while True:
            count = await self._count(f"delete_{kind}_events", sid, keep_from, _ROWS)
            removed += count
            if count < _ROWS:
                return removed

    async def expire_jobs(self) -> Mapping[str, int]:
        """Deletes jobs past their expiry; returns how many of each kind."""
        kinds: Counter[str] = Counter()
        while rows := await self._session.rows(_SQL["expire_jobs"], _ROWS):
            kinds.update(row["kind"] for row in rows)
        return kinds

    async def forget_dead_jobs(self) -> None:
        await self._session.run(_SQL["forget_dead_jobs"], DEAD_JOBS_KEPT)

    async def waiting(self) -> Mapping[str, Waiting]:
        """By kind; kinds without jobs are left out."""
        rows = await self._session.rows(_SQL["outbox_state"])
        return {row["kind"]: Waiting(depth=row["depth"], oldest=row["oldest"]) for row in rows}

    async def purge(self) -> int:
        """Removes what is left of deleted services, channels and users that are due; returns how many of them."""
        done = 0
        while rows := await self._session.rows(_SQL["due_purges"], _PURGES):
            for row in rows:
                await self._purge_one(row["sid"])
                done += 1
        return done

    async def _purge_one(self, sid: str) -> None:
        match sid[:2]:
            case "IS":
                await self._purge_service(sid)
            case "CH":
                while await self._count("purge_messages", sid, _ROWS) == _ROWS:
                    pass
                await self._session.run(_SQL["purge_deleted_messages"], sid)
                await self._delete_events("channel", sid, _ALL_EVENTS)
            case "US":
                await self._delete_events("user", sid, _ALL_EVENTS)
            case prefix:
                raise AssertionError(f"nothing of kind {prefix} is ever purged")
        await self._session.run(_SQL["forget_purge"], sid)

    async def _purge_service(self, sid: str) -> None:
        while await self._session.rows(_SQL["purge_channels_of_service"], sid, _PURGES):
            pass
        while await self._session.rows(_SQL["purge_users_of_service"], sid, _PURGES):
            pass
        await self._session.run(_SQL["purge_jobs_of_service"], sid)
        await self._session.run(_SQL["purge_service"], sid)

    async def _count(self, statement: str, *args: object) -> int:
        row = await self._session.row(_SQL[statement], *args)
        assert row is not None, "count(*) always answers"
        count: int = row["count"]
        return count
