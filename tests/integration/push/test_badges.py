"""The number on the icon: with messages, and after it went down."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chatcore.commands.members import MemberPatch
from chatcore.domain.devices import Binding, PushType
from chatcore.domain.model import Actor, Channel, NotificationLevel
from chatcore.domain.webhooks import Vocabulary

from .phones import ON, Phones

NUMBERED = replace(ON, badge_count_enabled=True)


class Scene:
    def __init__(self, phones: Phones, alice: Actor, bob: Actor, channels: list[Channel], device: Binding) -> None:
        self.phones, self.alice, self.bob, self.channels, self.device = phones, alice, bob, channels, device

    async def numbers(self) -> list[int]:
        """Since the last call."""
        await self.phones.hurry("badge")
        await self.phones.drain()
        found = [d.payload["aps"]["badge"] for d in self.phones.sender.to(self.device)]
        self.phones.sender.sent.clear()
        return found


@pytest.fixture
async def scene(phones: Phones) -> Scene:
    world = phones.world
    alice, bob = await world.user("alice"), await world.user("bob")
    channels = [await world.channel("alice", "bob") for _ in range(10)]
    await phones.enable(new_message=NUMBERED)
    device = await phones.device(bob)
    await phones.device(bob, PushType.FCM, number=1)
    return Scene(phones, alice, bob, channels, device)


async def test_messages_carry_the_number_of_unread_channels(scene: Scene) -> None:
    world = scene.phones.world
    await world.send(scene.channels[0], by=scene.alice)
    assert await scene.numbers() == [1]
    await world.send(scene.channels[0], by=scene.alice)
    assert await scene.numbers() == [1]
    await world.chat.channels.notify(scene.bob, scene.channels[1].sid, NotificationLevel.MUTED)
    await world.send(scene.channels[1], by=scene.alice)
    await world.send(scene.channels[2], by=scene.alice)
    assert await scene.numbers() == [3]


async def test_reading_ten_channels_is_one_push(scene: Scene) -> None:
    world = scene.phones.world
    for channel in scene.channels:
        await world.send(channel, by=scene.alice)
    await scene.numbers()
    for channel in scene.channels[:9]:
        await world.chat.horizons.report_all(scene.bob, channel.sid)
    await scene.phones.hurry("badge")
    await scene.phones.drain()
    (delivery,) = scene.phones.sender.sent
    assert delivery.payload == {
        "aps": {"badge": 1},
        "twi_message_type": "twilio.channel.consumption_update",
        "twi_message_id": f"RU{delivery.push_id}",
    }
    assert (delivery.collapse_id, delivery.urgent) == ("badge", False)


async def test_the_number_goes_down_when_channels_go(scene: Scene) -> None:
    world = scene.phones.world
    for channel in scene.channels[:4]:
        await world.send(channel, by=scene.alice)
    await scene.numbers()
    await world.chat.channels.leave(scene.bob, scene.channels[0].sid)
    assert await scene.numbers() == [3]
    await world.chat.members.remove(world.rest, scene.channels[1].sid, "bob")
    assert await scene.numbers() == [2]
    await world.chat.channels.delete(world.rest, scene.channels[2].sid)
    assert await scene.numbers() == [1]
    patch = MemberPatch(last_consumed_message_index=0)
    await world.chat.members.update(world.rest, scene.channels[3].sid, "bob", patch)
    assert await scene.numbers() == [0]


async def test_a_number_that_moved_is_sent_as_it_is_then_to_those_online_too(scene: Scene) -> None:
    world = scene.phones.world
    scene.phones.whereabouts.online.add("bob")
    await world.send(scene.channels[0], by=scene.alice)
    await world.chat.horizons.report_all(scene.bob, scene.channels[0].sid)
    await world.send(scene.channels[1], by=scene.alice)
    assert await scene.numbers() == [1]


async def test_without_the_setting_there_are_no_numbers(scene: Scene) -> None:
    world = scene.phones.world
    await scene.phones.enable(new_message=ON)
    await world.send(scene.channels[0], by=scene.alice)
    await world.chat.horizons.report_all(scene.bob, scene.channels[0].sid)
    assert await scene.phones.waiting("badge") == []
    await scene.phones.drain()
    assert all("badge" not in d.payload.get("aps", {}) for d in scene.phones.sender.sent)
    await scene.phones.enable(new_message=NUMBERED)
    await world.send(scene.channels[1], by=scene.alice)
    await world.chat.horizons.report_all(scene.bob, scene.channels[1].sid)
    await scene.phones.enable(new_message=ON)
    scene.phones.sender.tried.clear()
    await scene.phones.hurry("badge")
    await scene.phones.drain()
    assert all(d.payload["twi_message_type"].endswith("new_message") for d in scene.phones.sender.tried)


async def test_each_vocabulary_has_its_own_setting_and_one_name_for_the_number(scene: Scene) -> None:
    """Clients of both APIs subscribe to the same type of badge pushes."""
    world, bob = scene.phones.world, scene.bob
    types = ("twilio.conversations.new_message", "twilio.channel.consumption_update")
    own = await scene.phones.device(bob, PushType.APN, *types, number=2)
    only = await scene.phones.device(bob, PushType.APN, "twilio.channel.consumption_update", number=3)
    deaf = await scene.phones.device(bob, PushType.APN, "twilio.channel.added_to_channel", number=4)
    assert (own.vocabulary, only.vocabulary) == (Vocabulary.CONVERSATIONS, Vocabulary.CHAT)

    async def read() -> dict[str, str]:
        """Types of badge pushes, by address."""
        await world.send(scene.channels[0], by=scene.alice)
        await world.chat.horizons.report_all(bob, scene.channels[0].sid)
        scene.phones.sender.sent.clear()
        await scene.phones.hurry("badge")
        await scene.phones.drain()
        numbered = [d for d in scene.phones.sender.sent if "alert" not in d.payload.get("aps", {"alert": ""})]
        return {d.address: d.payload["twi_message_type"] for d in numbered}

    badge = "twilio.channel.consumption_update"
    assert await read() == {scene.device.address: badge, only.address: badge}
    await scene.phones.enable_conversations(new_message=NUMBERED)
    assert await read() == {device.address: badge for device in (scene.device, only, own)}
    await scene.phones.enable(new_message=ON)
    assert await read() == {own.address: badge}
    assert scene.phones.sender.to(deaf) == []
