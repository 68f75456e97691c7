"""Schema steps."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from chatcore.domain.errors import ChatError, Code
from chatcore.store.migrate import migrate, pending, steps


async def test_steps_are_applied_once(empty_database: str) -> None:
    assert await pending(empty_database) == list(steps())
    assert await migrate(empty_database) == list(steps())
    assert await pending(empty_database) == []
    assert await migrate(empty_database) == []


async def test_concurrent_migrations_share_the_work(empty_database: str) -> None:
    done = await asyncio.gather(*(migrate(empty_database) for _ in range(4)))
    assert sorted(done, key=len) == [[], [], [], list(steps())]


async def test_asking_what_is_pending_changes_nothing(empty_database: str) -> None:
    await pending(empty_database)
    connection = await asyncpg.connect(empty_database)
    try:
        assert (
            await connection.fetchval("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == 0
        )
    finally:
        await connection.close()


def test_steps_say_what_they_are() -> None:
    for number, path in enumerate(steps().values(), start=1):
        assert path.name.startswith(f"{number:04}_")
        assert path.suffixes in ([".expand", ".sql"], [".contract", ".sql"])


async def test_no_database_is_a_temporary_error() -> None:
    with pytest.raises(ChatError) as refused:
        await migrate("postgresql://nobody@/none?host=/nonexistent")
    assert refused.value.code is Code.UNAVAILABLE
