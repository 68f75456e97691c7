"""Real servers for tests: one PostgreSQL and one Valkey per test process, a database of its own per test."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from chatcore.embedded.folders import DataDir
from chatcore.embedded.postgres import EmbeddedPostgres
from chatcore.embedded.valkey import EmbeddedValkey
from chatcore.store.migrate import migrate

_TEMPLATE = "migrated"


def temporary_data_dir() -> Path:
    """A path for a data folder, below no private folder: servers run as another user when tests run as root."""
    return Path("/tmp") / f"chat-test-{secrets.token_hex(6)}"


@dataclass(slots=True)
class Servers:
    """`dsn` is the empty database `chat`; tests work in clones of the migrated template."""

    dsn: str
    redis_url: str
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _template_ready: bool = False

    async def clone_database(self) -> str:
        """The DSN of a fresh, migrated database; about 50 ms."""
        if not self._template_ready:
            await self._make_template()
        name = f"test_{next(self._numbers)}"
        await self._execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return self._named(name)

    async def empty_database(self) -> str:
        """The DSN of a fresh database without any table."""
        name = f"empty_{next(self._numbers)}"
        await self._execute(f"CREATE DATABASE {name}")
        return self._named(name)

    async def drop_database(self, dsn: str) -> None:
        """Cuts whoever is still connected."""
        await self._execute(f"DROP DATABASE {urlsplit(dsn).path[1:]} WITH (FORCE)")

    async def _make_template(self) -> None:
        await self._execute(f"CREATE DATABASE {_TEMPLATE}")
        await migrate(self._named(_TEMPLATE))
        self._template_ready = True

    def _named(self, database: str) -> str:
        return urlunsplit(urlsplit(self.dsn)._replace(path=f"/{database}"))

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@contextlib.contextmanager
def running_servers() -> Iterator[Servers]:
    """Both servers for as long as the block lasts; about two seconds to start. Needs no running event loop."""
    path = temporary_data_dir()
    data = DataDir(path)
    try:
        with asyncio.Runner() as runner:
            servers, stop = runner.run(_start(data))
            try:
                yield servers
            finally:
                runner.run(stop.aclose())
    finally:
        data.unlock()
        shutil.rmtree(path)


async def _start(data: DataDir) -> tuple[Servers, contextlib.AsyncExitStack]:
    async with contextlib.AsyncExitStack() as stack:
        postgres, valkey = EmbeddedPostgres(data, durable=False), EmbeddedValkey(data)
        stack.push_async_callback(postgres.stop)
        stack.push_async_callback(valkey.stop)
        dsn, redis_url = await asyncio.gather(postgres.start(), valkey.start())
        return Servers(dsn, redis_url), stack.pop_all()


@contextlib.asynccontextmanager
async def cloned_database(servers: Servers) -> AsyncIterator[str]:
    dsn = await servers.clone_database()
    try:
        yield dsn
    finally:
        await servers.drop_database(dsn)
