"""People whose connection looked alive when it was lost already."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chatcore.domain.devices import PushType
from chatcore.domain.model import Message

from .phones import ON, Phones


async def online_bob_misses_a_message(phones: Phones) -> Message:
    world = phones.world
    phones.rules = replace(phones.rules, recheck=45)
    alice, bob = await world.user("alice"), await world.user("bob")
    channel = await world.channel("alice", "bob")
    await phones.enable(new_message=ON)
    await phones.device(bob)
    phones.whereabouts.online.add("bob")
    message = await world.send(channel, by=alice)
    await phones.drain()
    assert phones.sender.tried == []
    (row,) = await phones.waiting("recheck")
    assert 40 < (row["due_at"] - datetime.now(UTC)).total_seconds() < 46
    return message


async def later(phones: Phones) -> int:
    await phones.hurry("recheck")
    await phones.drain()
    assert await phones.waiting("recheck") == []
    return len(phones.sender.sent)


async def test_who_was_lost_is_told_after_all(phones: Phones) -> None:
    message = await online_bob_misses_a_message(phones)
    phones.whereabouts.online.clear()
    assert await later(phones) == 1
    assert phones.sender.sent[0].payload["message_sid"] == message.sid


@pytest.mark.parametrize(("seconds", "told"), [(1, 0), (-3600, 1)])
async def test_who_said_goodbye_after_the_message_had_it(phones: Phones, seconds: int, told: int) -> None:
    await online_bob_misses_a_message(phones)
    phones.whereabouts.online.clear()
    phones.whereabouts.gone["bob"] = datetime.now(UTC) + timedelta(seconds=seconds)
    assert await later(phones) == told


async def test_who_is_still_online_is_not_told(phones: Phones) -> None:
    await online_bob_misses_a_message(phones)
    assert await later(phones) == 0


async def test_who_has_read_it_is_not_told(phones: Phones) -> None:
    message = await online_bob_misses_a_message(phones)
    phones.whereabouts.online.clear()
    await phones.world.chat.horizons.report(phones.world.as_("bob"), message.channel_sid, message.index)
    assert await later(phones) == 0


async def test_nobody_is_looked_at_again_without_a_device_or_with_the_rule_off(phones: Phones) -> None:
    world = phones.world
    phones.rules = replace(phones.rules, recheck=45)
    alice, bob = await world.user("alice"), await world.user("bob")
    channel = await world.channel("alice", "bob")
    await phones.enable(new_message=ON)
    phones.whereabouts.online.add("bob")
    await world.send(channel, by=alice)
    await phones.drain()
    assert await phones.waiting("recheck") == []
    await phones.device(bob, PushType.FCM)
    phones.rules = replace(phones.rules, skip_online=False)
    await world.send(channel, by=alice)
    await phones.drain()
    assert await phones.waiting("recheck") == []
    assert len(phones.sender.sent) == 1


async def test_the_setting_switches_it_off(phones: Phones) -> None:
    await online_bob_misses_a_message(phones)
    phones.rules = replace(phones.rules, recheck=0)
    (message,) = await phones.world.pool.fetch("SELECT channel_sid FROM messages")
    channel = await phones.world.now(message["channel_sid"])
    await phones.world.send(channel, by=phones.world.as_("alice"))
    await phones.drain()
    assert len(await phones.waiting("recheck")) == 1
