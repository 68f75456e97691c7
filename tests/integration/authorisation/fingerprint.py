"""Everything a database holds, in one number for each table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chatcore.store.postgres import PostgresStore

Fingerprint = Mapping[str, tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Reader:
    """A few milliseconds while there are hundreds of rows."""

    store: PostgresStore
    statement: str

    @classmethod
    async def of(cls, store: PostgresStore) -> Reader:
        tables = await store.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        parts = [
            f"SELECT '{row[0]}', count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)::text FROM {row[0]} t"
            for row in tables
        ]
        return cls(store, " UNION ALL ".join(parts))

    async def read(self) -> Fingerprint:
        return {row[0]: (row[1], row[2]) for row in await self.store.pool.fetch(self.statement)}


def differences(before: Fingerprint, after: Fingerprint) -> list[str]:
    """Tables that are not as they were."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
