"""Whoever changes memberships waits for a read horizon that is being written without holding what that needs next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from chatcore.commands.channels import ChannelDraft
from chatcore.commands.members import MemberPatch
from chatcore.commands.messages import MessagePatch
from chatcore.domain.model import Actor, Channel, NotificationLevel
from tests.support.patience import PATIENCE

from .world import World, waits_for_a_lock

Act = Callable[[World, Actor, Channel], Awaitable[object]]

COMMANDS: dict[str, Act] = {
    "leave": lambda w, alice, c: w.chat.channels.leave(alice, c.sid),
    "remove": lambda w, _, c: w.chat.members.remove(w.rest, c.sid, "alice"),
    "notify": lambda w, alice, c: w.chat.channels.notify(alice, c.sid, NotificationLevel.MUTED),
    "move a horizon": lambda w, _, c: w.chat.members.update(
        w.rest, c.sid, "alice", MemberPatch(last_consumed_message_index=0)
    ),
    "change a member": lambda w, _, c: w.chat.members.update(w.rest, c.sid, "alice", MemberPatch(attributes="1")),
    "delete the channel": lambda w, _, c: w.chat.channels.delete(w.rest, c.sid),
    "delete the user": lambda w, _, c: w.chat.users.delete(w.rest, "alice"),
    "report": lambda w, alice, c: w.chat.horizons.report(alice, c.sid, 0),
}


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_command_that_waits_for_a_horizon_does_not_hold_the_users_stream(world: World, command: str) -> None:
    alice = await world.user("alice")
    first, last = sorted([await world.channel("alice", "bob") for _ in range(2)], key=lambda c: c.sid)
    for channel in (first, last):
        await world.send(channel)
    async with world.pool.acquire() as horizon:
        transaction = horizon.transaction()
        await transaction.start()
        await horizon.execute("UPDATE roster_positions SET position = position + 1 WHERE channel_sid = $1", last.sid)
        await horizon.execute(
            "SELECT FROM members WHERE channel_sid = $1 AND user_sid = $2 FOR NO KEY UPDATE", last.sid, alice.user_sid
        )
        running = asyncio.ensure_future(COMMANDS[command](world, alice, last))
        await waits_for_a_lock(world, running)
        await horizon.execute("SET LOCAL lock_timeout = '200ms'")
        await horizon.execute("SELECT FROM user_streams WHERE user_sid = $1 FOR NO KEY UPDATE", alice.user_sid)
        await transaction.commit()
    await running


CHANGES: dict[str, Act] = {
    "update": lambda w, _, c: w.chat.channels.update(w.rest, c.sid, ChannelDraft(friendly_name="x")),
    "edit": lambda w, _, c: w.chat.messages.update(w.rest, c.sid, 0, MessagePatch(body="x")),
    "send": lambda w, alice, c: w.send(c, by=alice),
}


@pytest.mark.parametrize("command", CHANGES)
async def test_messages_and_channels_change_while_a_horizon_is_written(world: World, command: str) -> None:
    """They share no lock: reading a message must not hold up the next one."""
    alice = await world.user("alice")
    channel = await world.channel("alice")
    await world.send(channel)
    async with world.pool.acquire() as horizon, horizon.transaction():
        await horizon.execute("UPDATE roster_positions SET position = position + 1 WHERE channel_sid = $1", channel.sid)
        await horizon.execute("SELECT FROM members WHERE channel_sid = $1 FOR NO KEY UPDATE", channel.sid)
        await horizon.execute("SELECT FROM user_streams WHERE user_sid = $1 FOR NO KEY UPDATE", alice.user_sid)
        async with asyncio.timeout(PATIENCE):
            await CHANGES[command](world, alice, channel)
