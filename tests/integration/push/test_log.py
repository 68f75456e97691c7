"""`chatcore pushes log`: why a user did, or did not, get a push."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from chatcore.domain.devices import PushType
from chatcore.domain.model import Channel, Message, NotificationLevel
from chatcore.push_reasons import against
from chatcore.store.maintenance import Maintenance
from chatcore.store.push_standing import PushStanding
from chatcore.store.pushes import PushLog
from push.providers.outcomes import CredentialBad, Outcome, Rejected, Sent, TokenGone, TryLater
from push.providers.port import Delivery

from .phones import ON, Phones

COMMAND = str(Path(sys.executable).with_name("chatcore"))


async def log(phones: Phones, database: str, *argv: str) -> tuple[list[dict[str, Any]], str]:  # Any: JSON
    """Lines and standard error of `chatcore pushes log`."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CHAT_")}
    environ["CHAT_POSTGRES_DSN"] = database
    process = await asyncio.create_subprocess_exec(
        *(COMMAND, "pushes", "log", "--service", phones.world.service.sid, *argv),
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors
    return [json.loads(line) for line in output.decode().splitlines()], errors.decode()


class Asked:
    """What the command finds of one user and one message."""

    def __init__(self, phones: Phones, message: Message) -> None:
        self._phones, self._message = phones, message

    async def logged(self, identity: str) -> list[tuple[str, str | None]]:
        user = await self._phones.world.profile(identity)
        lines = await PushLog(self._phones.world.pool).read(
            self._phones.world.service.sid, user_sid=user.sid, message_sid=self._message.sid, limit=50
        )
        return [(line.attempt.outcome, line.attempt.reason) for line in lines]

    async def now(self, identity: str) -> set[str]:
        user, service = await self._phones.world.profile(identity), self._phones.world.service
        standing = await PushStanding(self._phones.world.pool).of(service.sid, user.sid, self._message.sid)
        assert standing is not None
        return set(against(service, standing))


async def room(phones: Phones, *members: str) -> Channel:
    channel: Channel = await phones.world.channel("alice", *members)
    await phones.enable(new_message=ON, log_enabled=True)
    return channel


async def test_each_reason_has_its_answer(phones: Phones) -> None:
    world = phones.world
    names = ("alice", "muted", "online", "stranger", "without", "told", "other", "dead")
    people = {name: await world.user(name) for name in names}
    channel = await room(phones, *(name for name in names if name not in ("alice", "stranger")))
    for name in ("alice", "muted", "online", "stranger", "told", "dead"):
        await phones.device(people[name])
    await phones.device(people["other"], PushType.FCM, "twilio.conversations.new_message")
    await world.chat.channels.notify(people["muted"], channel.sid, NotificationLevel.MUTED)
    phones.whereabouts.online.add("online")
    dead = await phones.device(people["dead"])

    def react(delivery: Delivery) -> Outcome:
        return TokenGone(reason="Unregistered", status=410) if delivery.address == dead.address else Sent(status=200)

    phones.sender.react = react
    asked = Asked(phones, await world.send(channel, by=people["alice"]))
    assert await asked.now("told") == {"not_begun"}
    await phones.drain()
    found = {name: (await asked.logged(name), await asked.now(name)) for name in names}
    assert found == {
        "alice": ([], {"author"}),
        "muted": ([], {"muted"}),
        "online": ([("online", None)], set()),
        "stranger": ([], {"not_a_member"}),
        "without": ([], {"no_binding"}),
        "told": ([("sent", None)], set()),
        "other": ([], {"disabled"}),
        "dead": ([("token_gone", "Unregistered")], {"no_binding"}),
    }


async def test_what_has_happened_to_the_event_is_everybodys_answer(phones: Phones) -> None:
    world = phones.world
    alice, bob = await world.user("alice"), await world.user("bob")
    channel = await room(phones, "bob")
    await phones.device(bob)
    off, deleted = await world.send(channel, by=alice), await world.send(channel, by=alice)
    await world.chat.messages.delete(alice, channel.sid, deleted.sid)
    await phones.enable(new_message=type(ON)())
    await phones.drain()
    assert await Asked(phones, off).logged("bob") == [("obsolete", "event disabled")]
    assert await Asked(phones, off).now("bob") == {"disabled"}
    assert await Asked(phones, deleted).logged("bob") == [("obsolete", "message deleted")]
    assert "message_gone" in await Asked(phones, deleted).now("bob")
    await phones.enable(new_message=ON)
    late = await world.send(channel, by=alice)
    await world.pool.execute("UPDATE outbox SET created_at = now() - interval '2 days'")
    await phones.drain()
    assert await Asked(phones, late).logged("bob") == [("expired", None)]
    await phones.enable(log_enabled=False)
    silent = await world.send(channel, by=alice)
    await phones.drain()
    assert await Asked(phones, silent).logged("bob") == []
    assert await Asked(phones, silent).now("bob") == {"no_log"}


async def test_what_came_too_late_is_logged_where_it_is_cleared_away(phones: Phones) -> None:
    world = phones.world
    alice, bob = await world.user("alice"), await world.user("bob")
    channel = await room(phones, "bob")
    await phones.device(bob)
    phones.sender.react = lambda _: TryLater(reason="503", status=503)
    waited = await world.send(channel, by=alice)
    await phones.drain()
    assert await Asked(phones, waited).now("bob") == {"waits"}
    unheard = await world.send(channel, by=alice)
    poison = {"event": None, "logged": "true", "user_sid": bob.user_sid}
    await world.pool.execute(
        "INSERT INTO outbox (kind, service_sid, job, expires_at) SELECT kind, $1, job, now()"
        " FROM unnest('{push, push_retry}'::text[]) kind, jsonb_array_elements($2::jsonb) job",
        world.service.sid,
        [poison, 5, "x", [], None],
    )
    await world.pool.execute("UPDATE outbox SET expires_at = now() - interval '1 second'")
    await Maintenance(world.pool).expire_jobs()
    assert await Asked(phones, waited).logged("bob") == [("expired", None), ("try_later", "503")]
    assert await Asked(phones, unheard).logged("bob") == [("expired", None)]
    assert await world.pool.fetchval("SELECT count(*) FROM push_log") == 3


@pytest.mark.parametrize(
    ("obstacle", "line"),
    [
        ("online", ("obsolete", "online")),
        ("muted", ("obsolete", None)),
        ("late", ("expired", None)),
        ("given up", ("gave_up", "503")),
        ("hopeless", ("gave_up", "legacy_key")),
        ("rejected", ("rejected", "400 BadPriority")),
    ],
)
async def test_how_a_push_that_waited_came_to_its_end(
    phones: Phones, obstacle: str, line: tuple[str, str | None]
) -> None:
    world = phones.world
    alice, bob = await world.user("alice"), await world.user("bob")
    channel = await room(phones, "bob")
    await phones.device(bob)
    phones.sender.react = lambda _: TryLater(reason="503", status=503)
    asked = Asked(phones, await world.send(channel, by=alice))
    await phones.drain()
    match obstacle:
        case "online":
            phones.whereabouts.online.add("bob")
        case "muted":
            await world.chat.channels.notify(bob, channel.sid, NotificationLevel.MUTED)
        case "late":
            change = """UPDATE outbox SET job = job || '{"expires_at": "2020-01-01T00:00:00+00:00"}'"""
            await world.pool.execute(change)
        case "given up":
            await world.pool.execute("""UPDATE outbox SET job = job || '{"attempts": 11}'""")
        case "hopeless":
            phones.sender.react = lambda _: CredentialBad("legacy_key")
        case "rejected":
            phones.sender.react = lambda _: Rejected("400 BadPriority", status=400)
    await phones.hurry("push_retry")
    await phones.drain()
    assert await phones.waiting("push_retry") == []
    assert (await asked.logged("bob"))[0] == line


async def test_the_command_prints_what_is_known(phones: Phones, database: str) -> None:
    world = phones.world
    alice, bob = await world.user("alice"), await world.user("bob")
    channel = await room(phones, "bob")
    device = await phones.device(bob)
    lines, errors = await log(phones, database)
    assert (lines, errors) == ([], "nothing was logged\n")
    phones.sender.react = lambda _: Rejected("413 PayloadTooLarge", status=413)
    message = await world.send(channel, "secret", by=alice)
    await phones.drain()
    (line, now), errors = await log(phones, database, "--user", "bob", "--message", message.sid)
    assert errors == ""
    assert now == {"now": {}}
    push_id = phones.sender.tried[0].push_id
    assert line.pop("at")
    assert line.pop("milliseconds") >= 0
    assert line == {
        "push_id": push_id,
        "user_sid": bob.user_sid,
        "binding_sid": device.sid,
        "provider": "apn",
        "address": f"…{device.address[-6:]}",
        "event": "new_message",
        "message_sid": message.sid,
        "outcome": "rejected",
        "reason": "413 PayloadTooLarge",
        "status": 413,
        "attempt": 1,
    }
    lines, errors = await log(phones, database, "--user", "alice", "--message", message.sid)
    assert errors == "nothing was logged\n"
    assert lines == [
        {"now": {"author": "the user wrote the message", "no_binding": "the user has registered no device"}}
    ]


async def test_the_log_goes_with_the_user(phones: Phones) -> None:
    world = phones.world
    alice, bob = await world.user("alice"), await world.user("bob")
    channel = await room(phones, "bob")
    await phones.device(bob)
    await world.send(channel, by=alice)
    await phones.drain()
    assert await world.pool.fetchval("SELECT count(*) FROM push_log") == 1
    await world.chat.users.delete(world.rest, "bob")
    assert await world.pool.fetchval("SELECT count(*) FROM push_log") == 0
