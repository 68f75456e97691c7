"""`chatcore user erase` against a database, without a broker that knows of it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chatcore.store.postgres import PostgresStore
from tests.integration.commands.world import World, new_world

COMMAND = str(Path(sys.executable).with_name("chatcore"))


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    store = await PostgresStore.open(database, min_size=1, max_size=2)
    try:
        async with new_world(store) as made:
            alice = await made.user("alice")
            channel = await made.channel("alice", created_by="alice")
            await made.send(channel, "hers", by=alice)
            yield made
    finally:
        await store.close()


async def erase(database: str, service: str, identity: str, *argv: str, **settings: str) -> tuple[int | None, str, str]:
    """Exit code, standard output and error."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CHAT_")}
    environ |= {"CHAT_POSTGRES_DSN": database, "CHAT_SECRET_KEY": "a-key-of-the-operator"} | settings
    process = await asyncio.create_subprocess_exec(
        *(COMMAND, "user", "erase", "--service", service, "--identity", identity, *argv),
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()


async def test_it_says_what_it_would_do_and_then_what_it_did(database: str, world: World) -> None:
    user = (await world.profile("alice")).sid
    code, looked, _ = await erase(database, world.service.sid, "alice", "--messages", "delete")
    assert (code, looked.splitlines()[-1]) == (0, "Nothing was changed. Add --yes to do it.")
    assert f"user: {user}, to be deleted" in looked
    assert (await world.profile("alice")).sid == user
    code, done, _ = await erase(database, world.service.sid, "alice", "--messages", "delete", "--yes")
    assert code == 0
    pseudonym = looked.partition("pseudonym: ")[2].splitlines()[0]
    assert done.splitlines() == [
        f"user: {user}, deleted",
        "  memberships: 1",
        "  invitations: 0",
        "  devices: 0",
        "  lines of the push log: 0",
        "messages: 1, deleted",
        "messages of others, edited last: 0, anonymised",
        "channels that name the creator: 1, anonymised",
        "invitations that name the inviter: 0, anonymised",
        "files that name the uploader: 0, anonymised",
        "jobs that were given up: 0, deleted",
        "event logs: 1 emptied, 4 events",
        f"pseudonym: {pseudonym}",
    ]
    code, _, errors = await erase(database, world.service.sid, "alice", "--yes")
    assert (code, errors) == (1, f"Error: nothing in {world.service.sid} names alice\n")


async def test_a_broker_that_is_away_stops_nothing(database: str, world: World) -> None:
    code, done, errors = await erase(
        database, world.service.sid, "alice", "--yes", CHAT_REDIS_URL="redis://127.0.0.1:1", CHAT_LOG_FORMAT="console"
    )
    assert (code, "messages: 1, anonymised" in done) == (0, True)
    assert "Broker 127.0.0.1:1" in errors


async def test_mistakes_are_told_and_change_nothing(database: str, world: World, tmp_path: Path) -> None:
    code, _, errors = await erase(database, "IS" + "0" * 32, "alice", "--yes")
    assert (code, errors) == (1, f"Error: there is no service IS{'0' * 32}\n")
    code, _, errors = await erase(database, world.service.sid, "Alice")
    assert (code, errors) == (1, f"Error: nothing in {world.service.sid} names Alice\n")
    code, _, errors = await erase(database, world.service.sid, "alice", "--messages", "keep")
    assert (code, "Invalid value for '--messages'" in errors) == (2, True)
    without_key = {"CHAT_SECRET_KEY": "", "CHAT_DATA_DIR": str(tmp_path)}
    code, _, errors = await erase(database, world.service.sid, "alice", **without_key)
    assert (code, "CHAT_SECRET_KEY" in errors) == (78, True)
    assert await world.profile("alice")
