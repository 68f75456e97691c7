"""A user's channels as a REST caller reads and sets them."""

from __future__ import annotations

from chatcore.commands.members import MemberPatch
from chatcore.domain.errors import Code
from chatcore.domain.model import ChannelType, MembershipStatus, NotificationLevel

from .world import ALL, World, refused, unknown

MUTED = MemberPatch(notification_level=NotificationLevel.MUTED)


async def test_a_level_set_for_a_user_is_told_to_its_devices_alone(world: World) -> None:
    channel = await world.channel("ann", "bob")
    logged = len(await world.channel_log(channel))
    member = await world.chat.members.update(world.rest, channel.sid, "ann", MUTED)
    assert member.notification_level is NotificationLevel.MUTED
    event = (await world.user_log("ann"))[-1]
    assert (event["type"], event["notification_level"]) == ("channel.settings", "muted")
    found = await world.chat.channels.membership(member.user_sid, channel.sid)
    assert found.member is not None
    assert (found.member.notification_level, found.member.own_position) == (NotificationLevel.MUTED, event["offset"])
    assert len(await world.channel_log(channel)) == logged
    logged = len(await world.user_log("ann"))
    await world.chat.members.update(world.rest, channel.sid, "ann", MUTED)
    assert len(await world.user_log("ann")) == logged


async def test_level_and_horizon_are_set_together_or_not_at_all(world: World) -> None:
    channel = await world.channel("ann")
    await world.send(channel)
    both = MemberPatch(notification_level=NotificationLevel.MUTED, last_consumed_message_index=0)
    member = await world.chat.members.update(world.rest, channel.sid, "ann", both)
    assert (member.notification_level, member.last_consumed_message_index) == (NotificationLevel.MUTED, 0)
    assert [event["type"] for event in (await world.user_log("ann"))[-2:]] == ["read.updated", "channel.settings"]
    far = MemberPatch(notification_level=NotificationLevel.DEFAULT, last_consumed_message_index=1)
    with refused(Code.CONSUMED_INDEX_INVALID):
        await world.chat.members.update(world.rest, channel.sid, "ann", far)
    member = await world.chat.members.get(world.rest, channel.sid, "ann")
    assert (member.notification_level, member.last_consumed_message_index) == (NotificationLevel.MUTED, 0)


async def test_memberships_may_be_of_one_type(world: World) -> None:
    public, private = await world.channel("ann"), await world.channel("ann", private=True)
    user = await world.profile("ann")
    for kind, expected in ((None, [public, private]), (ChannelType.PUBLIC, [public]), (ChannelType.PRIVATE, [private])):
        page = await world.chat.channels.memberships(user.sid, ALL, status=MembershipStatus.JOINED, kind=kind)
        assert [membership.channel.sid for membership in page.items] == [channel.sid for channel in expected]


async def test_who_has_no_part_in_a_channel_has_no_membership(world: World) -> None:
    channel, ann = await world.channel(), await world.user("ann")
    assert ann.user_sid is not None
    with refused(Code.CHANNEL_NOT_FOUND):
        await world.chat.channels.membership(ann.user_sid, channel.sid)
    with refused(Code.MEMBER_NOT_FOUND):
        await world.chat.members.update(world.rest, channel.sid, unknown("MB"), MUTED)
