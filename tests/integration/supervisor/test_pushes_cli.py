"""`chatcore pushes log` and `chatcore recount` against a database."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chatcore.store.postgres import PostgresStore
from tests.integration.commands.world import World, new_world
from tests.integration.push.phones import ON, Phones

COMMAND = str(Path(sys.executable).with_name("chatcore"))


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    store = await PostgresStore.open(database, min_size=1, max_size=4)
    try:
        async with new_world(store) as made:
            yield made
    finally:
        await store.close()


async def run(database: str, *argv: str) -> tuple[int | None, str, str]:
    """Exit code, standard output and error."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CHAT_")}
    process = await asyncio.create_subprocess_exec(
        *(COMMAND, *argv),
        env=environ | {"CHAT_POSTGRES_DSN": database, "CHAT_SECRET_KEY": "a-key-of-the-operator"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()


async def test_what_became_of_pushes(database: str, world: World) -> None:
    phones = Phones(world)
    alice, bob, carol = [await world.user(name) for name in ("alice", "bob", "carol")]
    channel = await world.channel("alice", "bob", "carol")
    await phones.enable(new_message=ON, log_enabled=True)
    device = await phones.device(bob)
    await phones.device(carol)
    messages = [await world.send(channel, by=alice) for _ in range(2)]
    await phones.drain()
    service = ("--service", world.service.sid)
    code, output, _ = await run(database, "pushes", "log", *service)
    assert (code, len(output.splitlines())) == (0, 4)
    argv = (*service, "--user", "bob", "--message", messages[1].sid)
    line, standing = (await run(database, "pushes", "log", *argv))[1].splitlines()
    found = json.loads(line)
    assert list(json.loads(standing)) == ["now"]
    assert (found["binding_sid"], found["outcome"], found["message_sid"]) == (device.sid, "sent", messages[1].sid)
    assert found["address"] == f"…{device.address[-6:]}"
    code, output, errors = await run(database, "pushes", "log", *service, "--user", "nobody")
    assert (code, output) == (1, "")
    assert "there is no user nobody" in errors


async def test_wrong_numbers_are_counted_anew(database: str, world: World) -> None:
    alice = await world.user("alice")
    channel, other = await world.channel("alice", "bob"), await world.channel("alice")
    for _ in range(3):
        await world.send(channel, by=alice)
    await world.chat.messages.delete(world.rest, channel.sid, 2)
    right = await world.now(channel), await world.now(other)
    assert (await run(database, "recount"))[:2] == (0, "0 channels and 0 users were wrong\n")
    await world.pool.execute(
        "UPDATE channels SET members_count = 7, deleted_count = 9, last_message_index = NULL, last_message_sid = NULL"
        " WHERE sid = $1",
        channel.sid,
    )
    await world.pool.execute("UPDATE user_streams SET joined_count = 0 WHERE user_sid = $1", alice.user_sid)
    assert (await run(database, "recount"))[:2] == (0, "1 channels and 1 users were wrong\n")
    assert (await world.now(channel), await world.now(other)) == right
    assert (await world.profile("alice")).joined_channels_count == 2
