"""Applies the schema steps in migrations/, in the order of their names, each in a transaction of its own.

A step is `NNNN_what.expand.sql` or `NNNN_what.contract.sql`: code of the release before runs on an expanded schema;
a contracting step removes what only older code used.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from .errors import raise_translated
from .queries import load

_log = logging.getLogger(__name__)
_SQL = load("migrations")

FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x63686174  # "chat"; the session's lock under which steps are applied
_TIMEOUT = 10.0  # seconds to connect


def steps(folder: Path = FOLDER) -> dict[str, Path]:
    """Every step by name, in order."""
    return {path.name.split(".")[0]: path for path in sorted(folder.glob("*.sql"))}


async def migrate(dsn: str) -> list[str]:
    """Applies what is missing and returns its names. Safe to run concurrently: the others wait.

    Raises ChatError(UNAVAILABLE); an error in a step leaves all steps before it applied.
    """
    async with _connected(dsn) as connection:
        await connection.execute(_SQL["lock"], _LOCK)
        try:
            await connection.execute(_SQL["create_table"])
            missing = await _missing(connection)
            for name in missing:
                async with connection.transaction():
                    await connection.execute(steps()[name].read_text(encoding="utf-8"))
                    await connection.execute(_SQL["record"], name)
                _log.info("applied a schema step", extra={"action": "migrate", "step": name})
            return missing
        finally:
            await connection.execute(_SQL["unlock"], _LOCK)


async def pending(dsn: str) -> list[str]:
    """Names of the steps that are not applied, in order. Raises ChatError(UNAVAILABLE)."""
    async with _connected(dsn) as connection:
        if not await connection.fetchval(_SQL["table_exists"]):
            return list(steps())
        return await _missing(connection)


async def _missing(connection: asyncpg.Connection) -> list[str]:
    applied = {row["name"] for row in await connection.fetch(_SQL["applied"])}
    return [name for name in steps() if name not in applied]


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of its own, because a step may take longer than the pool's statements may."""
    try:
        connection = await asyncpg.connect(
            dsn, timeout=_TIMEOUT, server_settings={"application_name": "chatcore migrate"}
        )
    except Exception as error:
        raise_translated(error)
    try:
        yield connection
    finally:
        await connection.close()
