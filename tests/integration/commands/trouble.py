"""A store whose transactions wait and fail as the test says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from chatcore.ports.store import Repositories, TransactionConflict
from chatcore.store.postgres import PostgresStore

from .world import World, new_world


class Trouble:
    """A store whose transactions fail as the test says, after they did their work."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        self.read = store.read
        self.conflicts = 0
        self.failure: Exception | None = None
        self.poison: str | None = None
        self.transactions = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.before_commit = asyncio.Event()
        self.before_commit.set()
        self.held = 0  # transactions that did their work and wait to commit

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Repositories]:
        self.transactions += 1
        await self.gate.wait()
        async with self._store.transaction() as tx:
            yield tx
            self.held += 1
            await self.before_commit.wait()
            self.held -= 1
            if self.conflicts:
                self.conflicts -= 1
                raise TransactionConflict("as the test says")
            if self.failure is not None:
                raise self.failure
            if self.poison is not None:
                rows = await tx.messages._session.rows("SELECT 1 FROM messages WHERE body = $1", self.poison)
                if rows:
                    raise RuntimeError("the database does not like it")


@contextlib.asynccontextmanager
async def troubled(store: PostgresStore) -> AsyncIterator[tuple[World, Trouble]]:
    trouble = Trouble(store)
    async with new_world(trouble, pool=store.pool) as world:
        yield world, trouble
