"""`chatcore webhooks` against a database with dead letters."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from chatcore.store.postgres import PostgresStore

COMMAND = str(Path(sys.executable).with_name("chatcore"))


@pytest.fixture
async def letters(lone_store: PostgresStore) -> None:
    """1 and 3 of one service, 2 of another, and one of another kind."""
    for number, kind, service in (
        (1, "webhook", "ISa"),
        (2, "webhook", "ISb"),
        (3, "webhook", "ISa"),
        (4, "push", "ISa"),
    ):
        await lone_store.pool.execute(
            "INSERT INTO outbox_dead (id, kind, service_sid, job, progress, created_at, due_at, expires_at, attempts,"
            " died_at, reason) VALUES ($1::bigint, $2, $3, $4, '{}', now(), now(), now(), 1,"
            " now() + make_interval(secs => $1::bigint), '50057 the target answered 500')",
            number,
            kind,
            service,
            {"event": "onMessageSent", "target": "service", "target_sid": service, "facts": {"body": "secret"}},
        )


async def chatcore(database: str, *argv: str, code: int = 0) -> tuple[str, str]:
    """Standard output and error of `chatcore webhooks …`."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CHAT_")}
    environ["CHAT_POSTGRES_DSN"] = database
    process = await asyncio.create_subprocess_exec(
        COMMAND, "webhooks", *argv, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await process.communicate()
    assert process.returncode == code, errors
    return output.decode(), errors.decode()


async def test_an_empty_list_says_so(database: str, lone_store: PostgresStore) -> None:
    assert await chatcore(database, "list") == ("", "no delivery was given up\n")


async def waiting(store: PostgresStore) -> list[int]:
    return [row["id"] for row in await store.pool.fetch("SELECT id FROM outbox ORDER BY id")]


@pytest.mark.usefixtures("letters")
async def test_what_was_given_up_is_listed(database: str) -> None:
    output, _ = await chatcore(database, "list")
    lines = [json.loads(line) for line in output.splitlines()]
    assert [line["id"] for line in lines] == [3, 2, 1]
    first = lines[0]
    assert first.pop("created_at")
    assert first.pop("died_at")
    assert first == {
        "id": 3, "service_sid": "ISa", "event": "onMessageSent", "target": "service", "target_sid": "ISa",
        "attempts": 1, "reason": "50057 the target answered 500",
    }  # fmt: skip
    assert "secret" not in output
    output, _ = await chatcore(database, "list", "--service", "ISa", "--limit", "1")
    assert [json.loads(line)["id"] for line in output.splitlines()] == [3]


@pytest.mark.usefixtures("letters")
async def test_it_is_replayed_by_number_by_service_or_as_a_whole(database: str, lone_store: PostgresStore) -> None:
    output, errors = await chatcore(database, "replay", "3", "4", "99")
    assert (output, errors) == ("1 deliveries will be tried again\n", "not found: 4, 99\n")
    assert await waiting(lone_store) == [3]
    await chatcore(database, "replay", "--service", "ISa")
    assert await waiting(lone_store) == [1, 3]
    output, _ = await chatcore(database, "replay", "--all")
    assert output == "1 deliveries will be tried again\n"
    assert await waiting(lone_store) == [1, 2, 3]
    left = await lone_store.pool.fetchval("SELECT id FROM outbox_dead")
    assert left == 4, "of another kind"


@pytest.mark.parametrize("argv", [[], ["1", "--all"], ["--service", "ISa", "--all"], ["x"]])
async def test_it_has_to_be_said_what_to_replay(argv: list[str]) -> None:
    await chatcore("postgresql://nowhere/x", "replay", *argv, code=2)


async def test_a_database_that_is_away_is_reported() -> None:
    _, errors = await chatcore("postgresql://127.0.0.1:1/x", "list", code=1)
    assert "The database is not available" in errors
