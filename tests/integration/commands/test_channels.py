from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from chatcore.commands.channels import ChannelDraft
from chatcore.domain import serial
from chatcore.domain.errors import Code
from chatcore.domain.events import channel_topic, user_topic
from chatcore.domain.model import ChannelType, LastMessage, MembershipStatus, NotificationLevel, Position
from chatcore.domain.permissions import RoleType

from .world import ALL, World, decoded, refused, unknown

IMPORTED = datetime(2015, 12, 16, 22, 18, 37, tzinfo=UTC)


# Creating.


async def test_a_channel_without_fields_is_public_and_empty(world: World) -> None:
    channel, member = await world.chat.channels.create(world.rest, ChannelDraft())
    assert member is None
    assert (channel.type, channel.attributes, channel.created_by) == (ChannelType.PUBLIC, "{}", "system")
    assert (channel.unique_name, channel.friendly_name, channel.last_message) == (None, None, None)
    assert (channel.members_count, channel.messages_count, channel.next_index) == (0, 0, 0)
    assert channel.stream == Position(offset=0, epoch=channel.stream.epoch)
    assert len(channel.stream.epoch) >= 8
    assert await world.now(channel) == channel
    assert world.published.events(channel_topic(channel.sid)) == []


async def test_every_field_of_a_new_channel_is_kept(world: World) -> None:
    draft = ChannelDraft(
        friendly_name="Général 🎉",
        unique_name="general",
        type=ChannelType.PRIVATE,
        attributes='{"b" : 1,\n "a":[1.0e3, "\\u00e9"]}',
        created_by="importer",
        date_created=IMPORTED,
    )
    channel, _ = await world.chat.channels.create(world.rest, draft)
    found = await world.now(channel)
    assert found == channel
    assert (found.friendly_name, found.unique_name, found.type) == ("Général 🎉", "general", ChannelType.PRIVATE)
    assert found.attributes == draft.attributes
    assert (found.created_by, found.date_created, found.date_updated) == ("importer", IMPORTED, IMPORTED)


async def test_empty_names_are_none(world: World) -> None:
    channel, _ = await world.chat.channels.create(world.rest, ChannelDraft(friendly_name="", unique_name=""))
    assert (channel.friendly_name, channel.unique_name) == (None, None)


async def test_a_client_creates_and_joins_at_once_with_the_creators_role(world: World) -> None:
    alice = await world.user("alice")
    channel, member = await world.chat.channels.create(alice, ChannelDraft(unique_name="own"), join=True)
    assert member is not None
    assert (channel.created_by, channel.members_count) == ("alice", 1)
    assert member.role_sid == world.service.default_channel_creator_role_sid
    assert (await world.profile("alice")).joined_channels_count == 1
    assert [e["type"] for e in await world.channel_log(channel)] == ["member.joined"]
    assert [e["type"] for e in await world.user_log("alice")] == ["channel.joined"]


async def test_a_client_that_does_not_join_gets_the_creators_role_when_it_joins_later(world: World) -> None:
    alice = await world.user("alice")
    channel, member = await world.chat.channels.create(alice, ChannelDraft())
    assert member is None
    _, member = await world.chat.channels.join(alice, channel.sid)
    assert member.role_sid == world.service.default_channel_creator_role_sid


async def test_a_unique_name_is_taken_once_per_service(world: World) -> None:
    await world.channel(unique_name="one")
    with refused(Code.UNIQUE_NAME_TAKEN):
        await world.channel(unique_name="one")
    await world.channel(unique_name="One")
    await world.channel()
    await world.channel()


async def test_a_unique_name_is_free_again_after_its_channel_is_deleted(world: World) -> None:
    first = await world.channel(unique_name="one")
    await world.chat.channels.delete(world.rest, "one")
    assert (await world.channel(unique_name="one")).sid != first.sid


async def test_creating_in_a_service_that_is_gone(world: World) -> None:
    await world.chat.services.delete(world.rest.account_sid, world.service.sid)
    with refused(Code.SERVICE_NOT_FOUND):
        await world.channel()


# Reading.


async def test_a_channel_is_found_by_sid_and_unique_name(world: World) -> None:
    channel = await world.channel(unique_name="näme 1")
    for key in (channel.sid, "näme 1"):
        assert (await world.chat.channels.get(world.rest, key)).channel.sid == channel.sid
    for key in (unknown("CH"), "other", channel.sid.lower(), ""):
        with refused(Code.CHANNEL_NOT_FOUND):
            await world.chat.channels.get(world.rest, key)


async def test_a_channel_of_another_service_does_not_exist(world: World) -> None:
    other = await world.chat.services.create(world.rest.account_sid, "other")
    stranger = type(world.rest)(account_sid=world.rest.account_sid, service_sid=other.sid)
    channel = await world.channel(unique_name="one")
    for key in (channel.sid, "one"):
        with refused(Code.CHANNEL_NOT_FOUND):
            await world.chat.channels.get(stranger, key)


async def test_a_private_channel_exists_for_members_and_invitees_only(world: World) -> None:
    alice, bob, carol = [await world.user(name) for name in ("alice", "bob", "carol")]
    channel = await world.channel("alice", private=True, unique_name="secret")
    await world.chat.invites.create(world.rest, channel.sid, "bob")
    for key in (channel.sid, "secret"):
        assert (await world.chat.channels.get(alice, key)).member is not None
        access = await world.chat.channels.get(bob, key)
        assert access.member is None
        assert access.invite is not None
        with refused(Code.CHANNEL_NOT_FOUND):
            await world.chat.channels.get(carol, key)


async def test_clients_list_public_channels_and_rest_lists_all(world: World) -> None:
    alice = await world.user("alice")
    public = await world.channel()
    private = await world.channel("alice", private=True)
    listed = await world.chat.channels.list(alice, ALL)
    assert [c.sid for c in listed.items] == [public.sid]
    assert {c.sid for c in (await world.chat.channels.list(world.rest, ALL)).items} == {public.sid, private.sid}
    only = await world.chat.channels.list(world.rest, ALL, types=[ChannelType.PRIVATE])
    assert [c.sid for c in only.items] == [private.sid]


# Updating.


async def test_an_update_changes_what_is_given_and_is_logged_whole(world: World) -> None:
    channel = await world.channel(unique_name="old")
    draft = ChannelDraft(friendly_name="Name", attributes='{"a": 1}')
    updated = await world.chat.channels.update(world.rest, channel.sid, draft)
    assert (updated.friendly_name, updated.unique_name, updated.attributes) == ("Name", "old", '{"a": 1}')
    assert updated.rev == updated.stream.offset == 1
    assert updated.date_updated > channel.date_updated
    assert updated.date_created == channel.date_created
    assert await world.now(channel) == updated
    (event,) = world.published.events(channel_topic(channel.sid))
    payload = decoded(event)
    assert payload["channel"] == json.loads(serial.channel(updated))
    assert (payload["by"], payload["channel_sid"]) == (None, channel.sid)
    assert [event] == await world.log(channel_topic(channel.sid))


@pytest.mark.parametrize("cleared", [None, ""])
async def test_names_can_be_cleared(world: World, cleared: str | None) -> None:
    channel = await world.channel(unique_name="old")
    draft = ChannelDraft(friendly_name=cleared, unique_name=cleared)
    updated = await world.chat.channels.update(world.rest, channel.sid, draft)
    assert (updated.unique_name, updated.friendly_name) == (None, None)
    with refused(Code.CHANNEL_NOT_FOUND):
        await world.chat.channels.get(world.rest, "old")
    await world.channel(unique_name="old")


async def test_an_update_of_nothing_leaves_no_event(world: World) -> None:
    channel = await world.channel()
    assert await world.chat.channels.update(world.rest, channel.sid, ChannelDraft()) == channel
    assert await world.channel_log(channel) == []


async def test_a_migrated_channel_says_so(world: World) -> None:
    channel = await world.channel()
    private = await world.chat.channels.update(world.rest, channel.sid, ChannelDraft(type=ChannelType.PRIVATE))
    assert private.type is ChannelType.PRIVATE
    assert [event["migrated"] for event in await world.channel_log(channel)] == [True]


async def test_a_given_value_is_an_update_even_where_it_is_the_same(world: World) -> None:
    channel = await world.channel(unique_name="same")
    updated = await world.chat.channels.update(world.rest, channel.sid, ChannelDraft(unique_name="same"))
    assert updated.rev == 1


async def test_dates_and_creator_can_be_set_by_imports(world: World) -> None:
    channel = await world.channel()
    draft = ChannelDraft(date_created=IMPORTED, date_updated=IMPORTED, created_by="importer")
    updated = await world.chat.channels.update(world.rest, channel.sid, draft)
    assert (updated.date_created, updated.date_updated, updated.created_by) == (IMPORTED, IMPORTED, "importer")
    assert await world.now(channel) == updated


async def test_an_update_to_a_taken_name_changes_nothing(world: World) -> None:
    await world.channel(unique_name="taken")
    channel = await world.channel(unique_name="mine")
    with refused(Code.UNIQUE_NAME_TAKEN):
        await world.chat.channels.update(world.rest, channel.sid, ChannelDraft(unique_name="taken"))
    assert await world.now(channel) == channel
    assert await world.channel_log(channel) == []


async def test_an_update_can_require_a_revision(world: World) -> None:
    channel = await world.channel()
    draft = ChannelDraft(friendly_name="a")
    with refused(Code.REVISION_MISMATCH):
        await world.chat.channels.update(world.rest, channel.sid, draft, if_rev=1)
    await world.chat.channels.update(world.rest, channel.sid, draft, if_rev=0)
    with refused(Code.REVISION_MISMATCH):
        await world.chat.channels.update(world.rest, channel.sid, draft, if_rev=0)
    await world.send(channel)
    await world.chat.channels.update(world.rest, channel.sid, draft, if_rev=1)


# Deleting.


async def test_a_deleted_channel_is_gone_for_everybody_and_says_so(world: World) -> None:
    alice, _, _ = [await world.user(name) for name in ("alice", "bob", "carol")]
    channel = await world.channel("alice", "bob")
    message = await world.send(channel, by=alice)
    invite = await world.chat.invites.create(world.rest, channel.sid, "carol")
    world.published.calls.clear()
    await world.chat.channels.delete(world.rest, channel.sid)
    with refused(Code.CHANNEL_NOT_FOUND):
        await world.chat.channels.get(world.rest, channel.sid)
    with refused(Code.CHANNEL_NOT_FOUND):
        await world.chat.messages.get(world.rest, channel.sid, message.sid)
    for identity in ("alice", "bob"):
        user = await world.profile(identity)
        assert user.joined_channels_count == 0
        last = (await world.user_log(identity))[-1]
        assert (last["type"], last["reason"], last["channel_sid"], last["rev"]) == (
            "channel.left",
            "deleted",
            channel.sid,
            4,
        )
        assert world.published.events(user_topic(user.sid))[-1].subject == channel.sid
        memberships = await world.chat.channels.memberships(user.sid, ALL)
        assert memberships.items == []
    uninvited = (await world.user_log("carol"))[-1]
    assert (uninvited["type"], uninvited["invite"]["sid"]) == ("channel.uninvited", invite.sid)
    (call,) = world.published.calls
    assert call[0].type == "channel.deleted"
    assert len(call) == 4
    log = await world.channel_log(channel)
    assert log[-1] == {
        "type": "channel.deleted",
        "at": log[-1]["at"],
        "by": None,
        "channel_sid": channel.sid,
        "offset": 4,
    }


async def test_deleting_twice_is_not_found(world: World) -> None:
    channel = await world.channel()
    await world.chat.channels.delete(world.rest, channel.sid)
    with refused(Code.CHANNEL_NOT_FOUND):
        await world.chat.channels.delete(world.rest, channel.sid)


# The caller's own view.


async def test_own_channels_are_listed_with_status_and_unread_counts(world: World) -> None:
    alice = await world.user("alice")
    joined, invited = await world.channel("alice"), await world.channel()
    await world.channel()
    invite = await world.chat.invites.create(world.rest, invited.sid, "alice")
    await world.send(joined)
    await world.send(joined)
    await world.chat.horizons.report(alice, joined.sid, 0)
    assert alice.user_sid is not None
    first, second = (await world.chat.channels.memberships(alice.user_sid, ALL)).items
    assert (first.channel, first.status, first.unread_messages_count) == (await world.now(joined), "joined", 1)
    assert (second.channel.sid, second.status, second.invite) == (invited.sid, "invited", invite)
    assert second.unread_messages_count is None
    for status, expected in ((MembershipStatus.JOINED, joined), (MembershipStatus.INVITED, invited)):
        page = await world.chat.channels.memberships(alice.user_sid, ALL, status=status)
        assert [m.channel.sid for m in page.items] == [expected.sid]


async def test_the_notification_level_is_kept_and_told_to_own_devices_only(world: World) -> None:
    alice = await world.user("alice")
    channel = await world.channel("alice", "bob")
    world.published.calls.clear()
    membership = await world.chat.channels.notify(alice, channel.sid, NotificationLevel.MUTED)
    assert membership.member is not None
    assert membership.member.notification_level is NotificationLevel.MUTED
    ((event,),) = world.published.calls
    payload = decoded(event)
    assert (payload["type"], payload["notification_level"]) == ("channel.settings", "muted")
    assert (payload["by"], payload["channel_sid"]) == ("alice", channel.sid)
    assert membership.member.own_position == payload["offset"]


async def test_last_message_and_counts_follow_the_messages(world: World) -> None:
    channel = await world.channel()
    for number in range(3):
        await world.send(channel, str(number))
    found = await world.now(channel)
    assert (found.messages_count, found.next_index) == (3, 3)
    assert found.last_message == LastMessage(index=2, date_created=found.last_message.date_created)  # type: ignore[union-attr]  # it is there
    for index, expected in ((1, 2), (2, 0), (0, None)):
        await world.chat.messages.delete(world.rest, channel.sid, index)
        found = await world.now(channel)
        assert (found.last_message.index if found.last_message else None) == expected
    assert (found.messages_count, found.next_index, found.last_message_sid) == (0, 3, None)


async def test_a_role_in_use_decides_at_once(world: World) -> None:
    alice = await world.user("alice")
    mute = await world.role(RoleType.CHANNEL, "leaveChannel")
    channel = await world.channel()
    await world.add(channel, "alice", mute)
    with refused(Code.NOT_AUTHORIZED):
        await world.send(channel, by=alice)
    await world.chat.roles.update(world.rest, mute, ["sendMessage"])
    await world.send(channel, by=alice)
