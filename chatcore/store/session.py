"""Where repositories send their statements: to any connection of the pool, or to the one of a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import asyncpg

from .errors import raise_translated

ACQUIRE_TIMEOUT = 10.0  # seconds until a free connection is given up on


class Row(Protocol):
    """asyncpg.Record, by column name."""

    def __getitem__(self, column: str) -> Any: ...  # Any: the driver decodes by the column's type


class Session(Protocol):
    """Runs one statement each. Raises what `errors` translates to."""

    async def rows(self, statement: str, *args: object) -> Sequence[Row]: ...

    async def row(self, statement: str, *args: object) -> Row | None: ...

    async def run(self, statement: str, *args: object) -> None: ...


class ConnectionSession:
    """All statements on one connection, one after the other."""

    __slots__ = ("_connection",)

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def rows(self, statement: str, *args: object) -> Sequence[Row]:
        try:
            rows: Sequence[Row] = await self._connection.fetch(statement, *args)
        except Exception as error:
            raise_translated(error)
        return rows

    async def row(self, statement: str, *args: object) -> Row | None:
        try:
            row: Row | None = await self._connection.fetchrow(statement, *args)
        except Exception as error:
            raise_translated(error)
        return row

    async def run(self, statement: str, *args: object) -> None:
        try:
            await self._connection.execute(statement, *args)
        except Exception as error:
            raise_translated(error)


class PoolSession:
    """Each statement on whatever connection is free, and on a snapshot of its own."""

    __slots__ = ("_pool",)

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def rows(self, statement: str, *args: object) -> Sequence[Row]:
        try:
            async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT) as connection:
                rows: Sequence[Row] = await connection.fetch(statement, *args)
        except Exception as error:
            raise_translated(error)
        return rows

    async def row(self, statement: str, *args: object) -> Row | None:
        try:
            async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT) as connection:
                row: Row | None = await connection.fetchrow(statement, *args)
        except Exception as error:
            raise_translated(error)
        return row

    async def run(self, statement: str, *args: object) -> None:
        try:
            async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT) as connection:
                await connection.execute(statement, *args)
        except Exception as error:
            raise_translated(error)
