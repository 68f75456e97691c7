"""The trash of files as rows. Every statement commits by itself: work may stop between any two."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from chatcore.domain.ids import MediaSid, ServiceSid
from chatcore.ports.media import Discarded

from .queries import load
from .session import PoolSession

_SQL = load("media_trash")
_OWNERS = 500  # deleted channels and services looked at together


class MediaTrash:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._session = PoolSession(pool)

    async def add(self, service_sid: ServiceSid, sid: MediaSid) -> None:
        await self._session.run(_SQL["add"], service_sid, sid)

    async def discard_unattached(self, before: datetime, limit: int) -> int:
        return await self._count("discard_unattached", before, limit)

    async def discard_deleted(self, limit: int) -> int:
        """An owner is forgotten once a look finds fewer files than it may take."""
        left = limit
        while rows := await self._session.rows(_SQL["deleted_owners"], _OWNERS):
            done: list[str] = []
            for row in rows:
                if row["has_files"]:
                    kind = "channel" if row["sid"].startswith("CH") else "service"
                    found = await self._count(f"discard_of_{kind}", row["sid"], left)
                    if found == left:
                        await self._session.run(_SQL["forget"], done)
                        return limit
                    left -= found
                done.append(row["sid"])
            await self._session.run(_SQL["forget"], done)
        return limit - left

    async def take(self, limit: int, lease: timedelta) -> Sequence[Discarded]:
        rows = await self._session.rows(_SQL["take"], limit, lease.total_seconds())
        return [Discarded(row["service_sid"], row["sid"]) for row in rows]

    async def forget(self, sids: Sequence[MediaSid]) -> None:
        await self._session.run(_SQL["forget"], sids)

    async def _count(self, statement: str, *args: object) -> int:
        row = await self._session.row(_SQL[statement], *args)
        assert row is not None, "count(*) always answers"
        count: int = row["count"]
        return count
