"""Joining, leaving, inviting, being added and removed."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from chatcore.commands.members import MemberPatch
from chatcore.commands.membership import MemberDraft
from chatcore.commands.users import UserDraft
from chatcore.domain import serial
from chatcore.domain.errors import Code
from chatcore.domain.events import channel_topic, user_topic
from chatcore.domain.model import Channel
from chatcore.domain.permissions import RoleType

from .world import ALL, World, decoded, refused, unknown

IMPORTED = datetime(2015, 12, 16, 22, 18, 37, tzinfo=UTC)


async def members(world: World, channel: Channel) -> list[str]:
    return [m.identity for m in (await world.chat.members.list(world.rest, channel.sid, ALL)).items]


# Joining and leaving.


async def test_joining_counts_and_tells_the_channel_and_the_user(world: World) -> None:
    alice = await world.user("alice")
    channel = await world.channel()
    joined, member = await world.chat.channels.join(alice, channel.sid)
    assert (joined.members_count, member.identity, member.user_sid) == (1, "alice", alice.user_sid)
    assert member.role_sid == world.service.default_channel_role_sid
    assert member.rev == joined.stream.offset == 1
    assert await world.now(channel) == joined
    assert await world.chat.members.get(world.rest, channel.sid, "alice") == member
    (call,) = world.published.calls
    in_channel, in_user = (decoded(event) for event in call)
    assert [event.topic for event in call] == [channel_topic(channel.sid), user_topic(member.user_sid)]
    assert [event.subject for event in call] == [member.user_sid, channel.sid]
    assert in_channel["type"] == "member.joined"
    assert in_channel["member"] == json.loads(serial.member(member))
    assert in_user["type"] == "channel.joined"
    assert in_user["member"] == in_channel["member"]
    assert in_user["channel"] == json.loads(serial.channel(joined))
    assert in_user["by"] == in_channel["by"] == "alice"
    assert member.own_created == member.own_position == in_user["offset"] == 1


async def test_joining_twice(world: World) -> None:
    alice = await world.user("alice")
    channel = await world.channel("alice")
    with refused(Code.MEMBER_EXISTS):
        await world.chat.channels.join(alice, channel.sid)
    assert (await world.now(channel)).members_count == 1


async def test_leaving_counts_and_tells_the_channel_and_the_user(world: World) -> None:
    alice = await world.user("alice")
    channel = await world.channel("alice", "bob")
    world.published.calls.clear()
    await world.chat.channels.leave(alice, channel.sid)
    found = await world.now(channel)
    assert (found.members_count, found.stream.offset) == (1, 3)
    assert (await world.profile("alice")).joined_channels_count == 0
    (call,) = world.published.calls
    in_channel, in_user = (decoded(event) for event in call)
    assert (in_channel["type"], in_channel["reason"], in_channel["member"]["identity"]) == (
        "member.left",
        "left",
        "alice",
    )
    assert in_channel["member"]["rev"] == in_channel["offset"] == in_user["rev"] == 3
    assert (in_user["type"], in_user["reason"], in_user["channel_sid"]) == ("channel.left", "left", channel.sid)
    assert [event.subject for event in call] == [alice.user_sid, channel.sid]
    with refused(Code.NOT_A_MEMBER):
        await world.chat.channels.leave(alice, channel.sid)


async def test_the_last_member_may_leave(world: World) -> None:
    alice = await world.user("alice")
    channel = await world.channel("alice")
    await world.chat.channels.leave(alice, channel.sid)
    assert (await world.now(channel)).members_count == 0


async def test_who_left_may_come_back_as_a_new_member(world: World) -> None:
    alice = await world.user("alice")
    channel = await world.channel()
    _, first = await world.chat.channels.join(alice, channel.sid)
    await world.chat.channels.leave(alice, channel.sid)
    _, second = await world.chat.channels.join(alice, channel.sid)
    assert first.sid != second.sid
    assert second.roster_created > first.roster_position
    assert second.own_created > first.own_position


# Invitations.


async def test_an_invitation_is_told_to_the_invitee(world: World) -> None:
    alice, bob = await world.user("alice"), await world.user("bob")
    channel = await world.channel(private=True, created_by="alice")
    await world.add(channel, "alice")
    world.published.calls.clear()
    invite = await world.chat.invites.create(alice, channel.sid, "bob")
    assert (invite.identity, invite.created_by) == ("bob", "alice")
    assert invite.role_sid == world.service.default_channel_role_sid
    ((event,),) = world.published.calls
    payload = decoded(event)
    assert (event.topic, payload["type"], payload["by"]) == (user_topic(bob.user_sid), "channel.invited", "alice")  # type: ignore[arg-type]  # a connected user has one
    assert payload["invite"] == json.loads(serial.invite(invite))
    assert payload["channel"]["sid"] == channel.sid
    assert [i.sid for i in (await world.chat.invites.list(alice, channel.sid, ALL)).items] == [invite.sid]


async def test_accepting_gives_the_invites_role_and_ends_it(world: World) -> None:
    bob = await world.user("bob")
    role = await world.role(RoleType.CHANNEL, "sendMessage")
    channel = await world.channel(private=True)
    await world.chat.invites.create(world.rest, channel.sid, "bob", role)
    _, member = await world.chat.channels.join(bob, channel.sid)
    assert member.role_sid == role
    assert (await world.chat.invites.list(world.rest, channel.sid, ALL)).items == []


async def test_an_invitee_needs_no_permission_to_join(world: World) -> None:
    bob = await world.user("bob")
    nothing = await world.role(RoleType.DEPLOYMENT)
    await world.chat.users.update(world.rest, "bob", UserDraft(role_sid=nothing))
    channel = await world.channel()
    with refused(Code.NOT_AUTHORIZED):
        await world.chat.channels.join(bob, channel.sid)
    await world.chat.invites.create(world.rest, channel.sid, "bob")
    await world.chat.channels.join(bob, channel.sid)


async def test_adding_consumes_a_pending_invitation_and_its_role(world: World) -> None:
    await world.user("bob")
    role = await world.role(RoleType.CHANNEL, "sendMessage")
    channel = await world.channel()
    await world.chat.invites.create(world.rest, channel.sid, "bob", role)
    member = await world.add(channel, "bob")
    assert member.role_sid == role
    assert (await world.chat.invites.list(world.rest, channel.sid, ALL)).items == []


async def test_who_may_not_be_invited(world: World) -> None:
    await world.user("alice")
    await world.user("bob")
    channel = await world.channel("alice")
    with refused(Code.MEMBER_EXISTS):
        await world.chat.invites.create(world.rest, channel.sid, "alice")
    with refused(Code.USER_NOT_FOUND):
        await world.chat.invites.create(world.rest, channel.sid, "nobody")
    await world.chat.invites.create(world.rest, channel.sid, "bob")
    with refused(Code.ALREADY_INVITED):
        await world.chat.invites.create(world.rest, channel.sid, "bob")
    log = await world.user_log("bob")
    assert [e["type"] for e in log] == ["channel.invited"]


@pytest.mark.parametrize("by_sid", [True, False])
async def test_an_invitation_is_withdrawn_by_sid_or_identity(world: World, by_sid: bool) -> None:
    bob = await world.user("bob")
    channel = await world.channel(private=True)
    invite = await world.chat.invites.create(world.rest, channel.sid, "bob")
    await world.chat.invites.delete(world.rest, channel.sid, invite.sid if by_sid else "bob")
    with refused(Code.CHANNEL_NOT_FOUND):
        await world.chat.channels.join(bob, channel.sid)
    with refused(Code.INVITE_NOT_FOUND):
        await world.chat.invites.delete(world.rest, channel.sid, invite.sid)
    invited, uninvited = await world.user_log("bob")
    assert (uninvited["type"], uninvited["invite"]) == ("channel.uninvited", invited["invite"])
    assert await world.channel_log(channel) == []


async def test_an_invitation_is_declined_by_the_invitee(world: World) -> None:
    alice, bob = await world.user("alice"), await world.user("bob")
    channel = await world.channel("alice", private=True)
    await world.chat.invites.create(world.rest, channel.sid, "bob")
    await world.chat.invites.decline(bob, channel.sid)
    with refused(Code.CHANNEL_NOT_FOUND):
        await world.chat.invites.decline(bob, channel.sid)
    with refused(Code.INVITE_NOT_FOUND):
        await world.chat.invites.decline(alice, channel.sid)
    assert [(e["type"], e["by"]) for e in await world.user_log("bob")] == [
        ("channel.invited", None),
        ("channel.uninvited", "bob"),
    ]


async def test_a_role_of_the_wrong_kind_cannot_be_offered(world: World) -> None:
    await world.user("bob")
    channel = await world.channel()
    with refused(Code.CHANNEL_ROLE_NOT_FOUND):
        await world.chat.invites.create(world.rest, channel.sid, "bob", world.service.default_service_role_sid)
    with refused(Code.ROLE_NOT_FOUND):
        await world.chat.invites.create(world.rest, channel.sid, "bob", unknown("RL"))
    with refused(Code.CHANNEL_ROLE_NOT_FOUND):
        await world.add(channel, "bob", world.service.default_service_role_sid)


# Adding, changing, removing.


async def test_adding_an_unknown_identity_makes_the_user(world: World) -> None:
    channel = await world.channel()
    member = await world.add(channel, "newcomer")
    user = await world.profile("newcomer")
    assert (member.user_sid, user.joined_channels_count) == (user.sid, 1)
    assert user.role_sid == world.service.default_service_role_sid


async def test_every_field_of_a_new_member_is_kept(world: World) -> None:
    channel = await world.channel()
    for _ in range(3):
        await world.send(channel)
    draft = MemberDraft(
        attributes='{"x" : 1}',
        last_consumed_message_index=2,
        last_consumption_timestamp=IMPORTED,
        date_created=IMPORTED,
        date_updated=IMPORTED,
    )
    member = await world.chat.members.add(world.rest, channel.sid, "alice", draft)
    assert await world.chat.members.get(world.rest, channel.sid, member.sid) == member
    assert (member.attributes, member.last_consumed_message_index) == ('{"x" : 1}', 2)
    assert member.last_consumption_timestamp == member.date_created == member.date_updated == IMPORTED


async def test_a_member_without_a_horizon_of_its_own_has_none(world: World) -> None:
    channel = await world.channel()
    await world.send(channel)
    member = await world.add(channel, "alice")
    assert (member.last_consumed_message_index, member.last_consumption_timestamp) == (None, None)


@pytest.mark.parametrize("index", [-1, 1, 2**40])
async def test_a_horizon_beyond_the_messages_is_refused(world: World, index: int) -> None:
    channel = await world.channel("bob")
    await world.send(channel)
    with refused(Code.CONSUMED_INDEX_INVALID):
        await world.chat.members.add(world.rest, channel.sid, "alice", MemberDraft(last_consumed_message_index=index))
    with refused(Code.CONSUMED_INDEX_INVALID):
        await world.chat.members.update(world.rest, channel.sid, "bob", MemberPatch(last_consumed_message_index=index))
    assert await members(world, channel) == ["bob"]


async def test_a_horizon_of_an_empty_channel_is_refused(world: World) -> None:
    channel = await world.channel("bob")
    with refused(Code.CONSUMED_INDEX_INVALID):
        await world.chat.members.update(world.rest, channel.sid, "bob", MemberPatch(last_consumed_message_index=0))
