"""Which devices are told of an event, and which never are."""

from __future__ import annotations

import pytest

from chatcore.commands.channels import ChannelDraft
from chatcore.domain.devices import PushType
from chatcore.domain.model import ChannelType, ConversationNotifications, NotificationLevel
from chatcore.domain.webhooks import Vocabulary

from .phones import ON, Phones


async def test_each_device_of_each_absent_member_is_told_once(phones: Phones) -> None:
    world = phones.world
    alice, bob, carol, dan = [await world.user(name) for name in ("alice", "bob", "carol", "dan")]
    channel = await world.channel("alice", "bob", "carol", "dan")
    await phones.enable(new_message=ON)
    devices = [await phones.device(bob), await phones.device(bob, PushType.FCM, number=1)]
    for actor in (alice, carol, dan):
        await phones.device(actor)
    await world.chat.channels.notify(carol, channel.sid, NotificationLevel.MUTED)
    phones.whereabouts.online.add("dan")
    message = await world.send(channel, "hello", by=alice)
    await phones.drain()
    assert {d.address for d in phones.sender.sent} == {device.address for device in devices}
    assert len(phones.sender.tried) == 2
    apn, fcm = (phones.sender.to(device)[0] for device in devices)
    keys = {
        "channel_sid": channel.sid,
        "channel_id": channel.sid,
        "channel_title": "",
        "message_sid": message.sid,
        "message_id": message.sid,
        "message_index": 0,
        "author": "alice",
    }
    assert apn.payload == {
        "aps": {"alert": {"body": f"{channel.sid}|alice|hello"}, "thread-id": channel.sid},
        "twi_message_type": "twilio.channel.new_message",
        "twi_message_id": f"RU{apn.push_id}",
        **keys,
    }
    assert fcm.payload == {
        "twi_message_type": "twilio.channel.new_message",
        "twi_message_id": f"RU{fcm.push_id}",
        "twi_body": f"{channel.sid}|alice|hello",
        **keys,
        "message_index": "0",
    }
    assert (apn.collapse_id, apn.urgent) == (message.sid, True)
    assert phones.outcomes == {"sent": 2, "online": 1}
    assert await phones.waiting("push") == []


async def test_membership_is_told_to_the_one_it_concerns(phones: Phones) -> None:
    world = phones.world
    alice, bob = await world.user("alice"), await world.user("bob")
    await phones.enable(added_to_channel=ON, invited_to_channel=ON, removed_from_channel=ON)
    await phones.device(alice)
    device = await phones.device(bob)
    channel = await world.channel("alice", private=True)
    await world.chat.invites.create(world.rest, channel.sid, "bob")
    await world.chat.channels.join(bob, channel.sid)
    await world.chat.channels.leave(bob, channel.sid)
    await world.add(channel, "bob")
    await world.chat.members.remove(world.rest, channel.sid, "bob")
    await phones.drain()
    told = [
        delivery.payload["twi_message_type"].removeprefix("twilio.channel.") for delivery in phones.sender.to(device)
    ]
    assert sorted(told) == ["added_to_channel", "invited_to_channel", "removed_from_channel"]
    assert len({delivery.push_id for delivery in phones.sender.to(device)}) == 3
    assert all(delivery.payload["author"] == "system" for delivery in phones.sender.to(device))
    assert {d.collapse_id for d in phones.sender.to(device)} == {d.push_id for d in phones.sender.to(device)}


async def test_nobody_is_told_of_a_channel_that_was_deleted(phones: Phones) -> None:
    world = phones.world
    bob = await world.user("bob")
    channel = await world.channel("bob")
    await phones.device(bob)
    await phones.enable(removed_from_channel=ON)
    await world.chat.channels.delete(world.rest, channel.sid)
    await phones.drain()
    assert phones.sender.tried == []


async def test_devices_hear_only_what_they_asked_for(phones: Phones) -> None:
    world = phones.world
    alice, bob = await world.user("alice"), await world.user("bob")
    channel = await world.channel("alice", "bob")
    await phones.enable(new_message=ON)
    await phones.device(bob, PushType.FCM, "twilio.channel.added_to_channel")
    await world.send(channel, by=alice)
    await phones.drain()
    assert phones.sender.tried == []
    assert phones.outcomes == {"no_binding": 1}


async def test_each_vocabulary_has_its_own_settings_and_words(phones: Phones) -> None:
    world = phones.world
    alice, bob = await world.user("alice"), await world.user("bob")
    channel = await world.channel("alice", "bob", unique_name="general")
    chat = await phones.device(bob, PushType.FCM, "twilio.channel.new_message")
    own = await phones.device(bob, PushType.FCM, "twilio.conversations.new_message", number=1)
    await phones.enable_conversations(new_message=ON)
    await world.send(channel, "one", by=alice)
    await phones.drain()
    assert phones.sender.to(chat) == []
    (delivery,) = phones.sender.to(own)
    assert delivery.payload["twi_message_type"] == "twilio.conversations.new_message"
    assert delivery.payload["conversation_sid"] == channel.sid
    assert "channel_sid" not in delivery.payload
    assert delivery.payload["twi_body"] == "general|alice|one"
    assert own.vocabulary is Vocabulary.CONVERSATIONS
    await phones.enable(new_message=ON)
    await world.configure(conversation_notifications=ConversationNotifications())
    await world.send(channel, "two", by=alice)
    await phones.drain()
    assert len(phones.sender.to(chat)) == len(phones.sender.to(own)) == 1


async def test_disabled_meanwhile_drops_the_job(phones: Phones) -> None:
    world = phones.world
    alice, bob = await world.user("alice"), await world.user("bob")
    channel = await world.channel("alice", "bob")
    await phones.device(bob)
    await world.send(channel, "off", by=alice)
    await phones.enable(new_message=ON)
    await world.send(channel, "on", by=alice)
    await phones.enable(new_message=type(ON)())
    await phones.drain()
    assert phones.sender.tried == []
    assert phones.outcomes == {"obsolete": 1}


async def test_the_message_is_told_as_it_is_now(phones: Phones) -> None:
    world = phones.world
    alice, bob = await world.user("alice"), await world.user("bob")
    channel = await world.channel("alice", "bob")
    await phones.enable(new_message=ON)
    device = await phones.device(bob, PushType.FCM)
    edited, deleted = await world.send(channel, "typo", by=alice), await world.send(channel, "oops", by=alice)
    await world.chat.messages.delete(alice, channel.sid, deleted.sid)
    await world.pool.execute("UPDATE messages SET body = 'right' WHERE sid = $1", edited.sid)
    await phones.drain()
    assert [d.payload["twi_body"] for d in phones.sender.to(device)] == [f"{channel.sid}|alice|right"]
    assert phones.outcomes == {"sent": 1, "obsolete": 1}


async def test_a_channel_larger_than_a_chunk(phones: Phones, monkeypatch: pytest.MonkeyPatch) -> None:
    world = phones.world
    monkeypatch.setattr("push.fanout.CHUNK", 3)
    alice = await world.user("alice")
    names = [f"user{number}" for number in range(8)]
    people = [await world.user(name) for name in names]
    channel, _ = await world.chat.channels.create(world.rest, ChannelDraft(type=ChannelType.PUBLIC))
    for name in ["alice", *names]:
        await world.add(channel, name)
    await phones.enable(new_message=ON)
    devices = [await phones.device(actor) for actor in people]
    await world.send(channel, by=alice)
    await phones.drain()
    assert sorted(d.address for d in phones.sender.sent) == sorted(device.address for device in devices)


async def test_nobody_passes_for_online_while_presence_is_away(phones: Phones) -> None:
    world = phones.world
    alice, bob = await world.user("alice"), await world.user("bob")
    channel = await world.channel("alice", "bob")
    await phones.enable(new_message=ON)
    await phones.device(bob)
    phones.whereabouts.online.add("bob")
    phones.whereabouts.away = True
    await world.send(channel, by=alice)
    await phones.drain()
    assert len(phones.sender.sent) == 1


async def test_a_presence_that_began_empty_is_waited_for(phones: Phones) -> None:
    world = phones.world
    alice, bob = await world.user("alice"), await world.user("bob")
    channel = await world.channel("alice", "bob")
    await phones.enable(new_message=ON)
    await phones.device(bob)
    phones.whereabouts.settles_in = 20.0
    await world.send(channel, by=alice)
    await phones.drain()
    (job,) = await phones.waiting("push")
    assert (phones.sender.tried, job["attempts"], job["last_error"]) == ([], 0, "presence is settling")
    phones.whereabouts.settles_in = 0.0
    await phones.hurry("push")
    await phones.drain()
    assert len(phones.sender.sent) == 1
