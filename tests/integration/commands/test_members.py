"""Joining, leaving, inviting, being added and removed."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from chatcore.commands.members import MemberPatch
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


async def test_changed_attributes_and_roles_are_told_whole(world: World) -> None:
    role = await world.role(RoleType.CHANNEL, "sendMessage")
    channel = await world.channel("alice")
    patch = MemberPatch(attributes='{"a":1}', role_sid=role)
    changed = await world.chat.members.update(world.rest, channel.sid, "alice", patch)
    assert (changed.attributes, changed.role_sid, changed.rev) == ('{"a":1}', role, 2)
    event = (await world.channel_log(channel))[-1]
    assert (event["type"], event["offset"]) == ("member.updated", 2)
    assert event["member"] == json.loads(serial.member(changed))
    assert world.published.events(channel_topic(channel.sid))[-1].subject == changed.user_sid
    assert await world.chat.members.get(world.rest, channel.sid, "alice") == changed


async def test_a_member_update_of_nothing_leaves_no_event(world: World) -> None:
    channel = await world.channel("alice")
    member = await world.chat.members.get(world.rest, channel.sid, "alice")
    assert await world.chat.members.update(world.rest, channel.sid, "alice", MemberPatch()) == member
    assert len(await world.channel_log(channel)) == 1


async def test_a_member_update_can_require_a_revision(world: World) -> None:
    channel = await world.channel("alice")
    with refused(Code.REVISION_MISMATCH):
        await world.chat.members.update(world.rest, channel.sid, "alice", MemberPatch(attributes="{}"), if_rev=0)
    await world.chat.members.update(world.rest, channel.sid, "alice", MemberPatch(attributes="{}"), if_rev=1)


async def test_a_moved_horizon_is_no_event_of_the_channel(world: World) -> None:
    channel = await world.channel("alice")
    for _ in range(3):
        await world.send(channel)
    before = await world.now(channel)
    member = await world.chat.members.get(world.rest, channel.sid, "alice")
    world.published.calls.clear()
    moved = await world.chat.members.update(
        world.rest, channel.sid, "alice", MemberPatch(last_consumed_message_index=1)
    )
    assert moved.last_consumed_message_index == 1
    assert moved.last_consumption_timestamp is not None
    assert moved.rev == member.rev
    assert moved.roster_position > member.roster_position
    assert await world.now(channel) == before
    ((event, signal),) = world.published.calls
    own, others = decoded(event), decoded(signal)
    assert (own["type"], own["last_consumed_message_index"], own["unread_messages_count"]) == ("read.updated", 1, 1)
    assert event.topic == user_topic(member.user_sid)
    assert moved.own_position == own["offset"]
    assert (others["identity"], others["member_sid"], others["last_consumed_message_index"]) == (
        "alice",
        member.sid,
        1,
    )
    assert (signal.topic, signal.subject) == (channel_topic(channel.sid), member.user_sid)


async def test_rest_moves_horizons_both_ways_and_clears_them(world: World) -> None:
    channel = await world.channel("alice")
    for _ in range(3):
        await world.send(channel)

    async def move(**fields: object) -> tuple[int | None, bool]:
        patch = MemberPatch(**fields)  # type: ignore[arg-type]  # as the test says
        member = await world.chat.members.update(world.rest, channel.sid, "alice", patch)
        assert member == await world.chat.members.get(world.rest, channel.sid, "alice")
        return member.last_consumed_message_index, member.last_consumption_timestamp is not None

    assert await move(last_consumed_message_index=2) == (2, True)
    assert await move(last_consumed_message_index=0) == (0, True)
    assert await move(last_consumption_timestamp=IMPORTED) == (0, True)
    member = await world.chat.members.get(world.rest, channel.sid, "alice")
    assert member.last_consumption_timestamp == IMPORTED
    assert await move(last_consumed_message_index=None) == (None, False)
    assert await move(last_consumption_timestamp=IMPORTED) == (None, True)


async def test_removing_says_so(world: World) -> None:
    alice = await world.user("alice")
    channel = await world.channel("alice")
    await world.chat.members.remove(world.rest, channel.sid, "alice")
    assert await members(world, channel) == []
    assert (await world.channel_log(channel))[-1]["reason"] == "removed"
    assert (await world.user_log("alice"))[-1]["reason"] == "removed"
    with refused(Code.MEMBER_NOT_FOUND):
        await world.chat.members.remove(world.rest, channel.sid, "alice")
    with refused(Code.NOT_A_MEMBER):
        await world.chat.members.list(alice, channel.sid, ALL)


async def test_members_are_addressed_by_sid_or_identity(world: World) -> None:
    channel = await world.channel("alice")
    by_identity = await world.chat.members.get(world.rest, channel.sid, "alice")
    assert await world.chat.members.get(world.rest, channel.sid, by_identity.sid) == by_identity
    other = await world.channel()
    for key in ("bob", unknown("MB")):
        with refused(Code.MEMBER_NOT_FOUND):
            await world.chat.members.get(world.rest, channel.sid, key)
    with refused(Code.MEMBER_NOT_FOUND):
        await world.chat.members.get(world.rest, other.sid, by_identity.sid)


async def test_limits_of_members_and_channels(world: World) -> None:
    await world.configure(limit_channel_members=2, limit_user_channels=2)
    first, second, third = await world.channel("a", "b"), await world.channel("a"), await world.channel()
    with refused(Code.CHANNEL_FULL):
        await world.add(first, "c")
    with refused(Code.USER_CHANNELS_EXCEEDED):
        await world.add(third, "a")
    assert (await world.now(first)).members_count == 2
    assert (await world.now(third)).members_count == 0
    await world.chat.members.remove(world.rest, second.sid, "a")
    await world.add(third, "a")
    await world.chat.members.remove(world.rest, first.sid, "b")
    await world.add(first, "c")


async def test_a_refused_member_leaves_nothing_behind(world: World) -> None:
    await world.configure(limit_channel_members=1)
    channel = await world.channel("a")
    await world.user("b")
    await world.chat.invites.create(world.rest, channel.sid, "b")
    with refused(Code.CHANNEL_FULL):
        await world.add(channel, "b")
    assert len((await world.chat.invites.list(world.rest, channel.sid, ALL)).items) == 1
    with refused(Code.CHANNEL_FULL):
        await world.add(channel, "unknown so far")
    with refused(Code.USER_NOT_FOUND):
        await world.profile("unknown so far")


async def test_push_jobs_follow_the_services_settings(world: World) -> None:
    on = world.service.notifications.new_message.__class__(enabled=True)
    notifications = world.service.notifications.__class__(
        new_message=on, added_to_channel=on, removed_from_channel=on, invited_to_channel=on
    )
    alice = await world.user("alice")
    await world.user("bob")
    channel = await world.channel()
    await world.chat.channels.join(alice, channel.sid)
    assert await world.jobs() == []
    await world.configure(notifications=notifications)
    await world.chat.channels.leave(alice, channel.sid)
    await world.chat.channels.join(alice, channel.sid)
    assert await world.jobs() == [], "who acts itself is told nothing"
    await world.chat.invites.create(world.rest, channel.sid, "bob")
    await world.add(channel, "bob")
    await world.chat.members.remove(world.rest, channel.sid, "bob")
    message = await world.send(channel, by=alice)
    jobs = await world.jobs()
    assert [job["event"] for job in jobs] == [
        "invited_to_channel",
        "added_to_channel",
        "removed_from_channel",
        "new_message",
    ]
    assert all(job["channel_sid"] == channel.sid for job in jobs)
    assert [job.get("identities") for job in jobs] == [["bob"], ["bob"], ["bob"], None]
    assert (jobs[3]["by"], jobs[3]["message_sid"], jobs[3]["message_index"]) == ("alice", message.sid, 0)


async def test_a_server_may_say_that_a_user_left_by_itself(world: World) -> None:
    channel = await world.channel("alice", "bob")
    await world.chat.members.remove(world.rest, channel.sid, "alice", leaving=True)
    await world.chat.members.remove(world.rest, channel.sid, "bob")
    log = await world.channel_log(channel)
    assert [event["reason"] for event in log if event["type"] == "member.left"] == ["left", "removed"]
