"""Every statement against the migrated schema."""

from __future__ import annotations

import re
from pathlib import Path

import asyncpg
import pytest

from chatcore.store import queries
from chatcore.store.errors import CONSTRAINTS

_SOURCES = Path(queries.__file__).parent
_INTERNAL = {"user_streams_user_sid_fkey", "roster_positions_channel_sid_fkey"}  # written with what they refer to
_KEYS = re.compile(r"_pkey$|^messages_sid$")  # a SID or position given out twice is a mistake of ours


@pytest.mark.parametrize("aggregate", queries.aggregates())
async def test_every_statement_can_be_prepared(shared_database: str, aggregate: str) -> None:
    connection = await asyncpg.connect(shared_database)
    try:
        for statement in queries.load(aggregate).values():
            await connection.prepare(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("aggregate", queries.aggregates())
async def test_statements_with_parameters_list_them(shared_database: str, aggregate: str) -> None:
    connection = await asyncpg.connect(shared_database)
    try:
        for name, statement in queries.load(aggregate).items():
            parameters = (await connection.prepare(statement)).get_parameters()
            assert statement.startswith("-- ") or not parameters, f"{aggregate}.{name}"
    finally:
        await connection.close()


@pytest.mark.parametrize("aggregate", queries.aggregates())
def test_no_statement_is_left_unused(aggregate: str) -> None:
    sources = [path.read_text(encoding="utf-8") for path in _SOURCES.glob("*.py")]
    code = "\n".join(source for source in sources if f'load("{aggregate}")' in source)
    built = [re.sub(r"\{[^}]*\}", r"\\w+", name) for name in re.findall(r'f"([^"]+)"', code)]
    for name in queries.load(aggregate):
        assert f'"{name}"' in code or any(re.fullmatch(pattern, name) for pattern in built if "\\w" in pattern), name


async def test_every_constraint_that_a_caller_can_violate_has_its_error(shared_database: str) -> None:
    connection = await asyncpg.connect(shared_database)
    try:
        constraints = await connection.fetch(
            "SELECT conname FROM pg_constraint WHERE contype IN ('u', 'f') AND connamespace = 'public'::regnamespace"
        )
        uniques = await connection.fetch(
            "SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
            " JOIN pg_namespace n ON n.oid = i.relnamespace WHERE x.indisunique AND n.nspname = 'public'"
        )
    finally:
        await connection.close()
    names = {row[0] for row in (*constraints, *uniques)}
    assert CONSTRAINTS.keys() <= names
    unmapped = {name for name in names - CONSTRAINTS.keys() - _INTERNAL if not _KEYS.search(name)}
    assert unmapped == {"outbox_dedupe", "delivery_receipts_participant"}  # written with ON CONFLICT
