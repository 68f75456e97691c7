"""Where repositories send their statements: to any connection of the pool, or to the one of a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Protocol

import asyncpg
from asyncpg.pool import PoolConnectionProxy

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
    """Each statement on whatever connection is free, and on a snapshot of its own.

    Up to `keep` connections are not given back to the pool after a statement that went well: lending one and taking it
    back costs the pool more than most statements cost the driver. At least one of the pool's should be left to others.
    """

    __slots__ = ("_keep", "_kept", "_pool")

    def __init__(self, pool: asyncpg.Pool, *, keep: int = 0) -> None:
        self._pool = pool
        self._keep = keep
        self._kept: list[PoolConnectionProxy] = []  # idle; the one used last is taken first

    async def rows(self, statement: str, *args: object) -> Sequence[Row]:
        try:
            async with self.borrowed() as connection:
                rows: Sequence[Row] = await connection.fetch(statement, *args)
        except Exception as error:
            raise_translated(error)
        return rows

    async def row(self, statement: str, *args: object) -> Row | None:
        try:
            async with self.borrowed() as connection:
                row: Row | None = await connection.fetchrow(statement, *args)
        except Exception as error:
            raise_translated(error)
        return row

    async def run(self, statement: str, *args: object) -> None:
        try:
            async with self.borrowed() as connection:
                await connection.execute(statement, *args)
        except Exception as error:
            raise_translated(error)

    def borrowed(self) -> Loan:
        """A connection for the time of the block. Raises what the driver raises."""
        return Loan(self)

    async def close(self) -> None:
        """Gives the kept ones back."""
        self._keep = 0
        while self._kept:
            await self._pool.release(self._kept.pop())

    async def borrow(self) -> PoolConnectionProxy:
        while self._kept:
            connection = self._kept.pop()
            if not connection.is_closed():
                return connection
            await self._pool.release(connection)
        return await self._pool.acquire(timeout=ACQUIRE_TIMEOUT)

    async def give_back(self, connection: PoolConnectionProxy, *, sound: bool) -> None:
        """`sound`: what was done with it went well, so nothing is left to be cancelled or undone."""
        if sound and len(self._kept) < self._keep:
            self._kept.append(connection)
        else:
            await self._pool.release(connection)


class Loan:
    """The block in which a connection is borrowed."""

    __slots__ = ("_connection", "_session")

    def __init__(self, session: PoolSession) -> None:
        self._session = session

    async def __aenter__(self) -> PoolConnectionProxy:
        self._connection = await self._session.borrow()
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.give_back(self._connection, sound=kind is None)
