from __future__ import annotations

import asyncio

import pytest

from chatcore.commands.horizons import MERGE_SECONDS
from chatcore.commands.members import MemberPatch
from chatcore.domain.errors import Code
from chatcore.domain.events import channel_topic, user_topic
from chatcore.domain.model import Actor, Channel, NotificationLevel
from tests.support.patience import until

from .world import World, decoded, node, refused


async def room(world: World, *members: str, messages: int = 5) -> tuple[Channel, list[Actor]]:
    actors = [await world.user(name) for name in members]
    channel = await world.channel(*members)
    for number in range(messages):
        await world.send(channel, str(number))
    world.published.calls.clear()
    return await world.now(channel), actors


async def test_a_report_is_answered_after_its_commit(world: World) -> None:
    channel, (alice,) = await room(world, "alice")
    unread = await world.chat.horizons.report(alice, channel.sid, 2)
    assert (unread.last_consumed_message_index, unread.unread_messages_count, unread.messages_count) == (2, 2, 5)
    member = await world.chat.members.get(world.rest, channel.sid, "alice")
    assert member.last_consumed_message_index == 2
    assert member.last_consumption_timestamp == unread.last_consumption_timestamp is not None


async def test_before_the_first_report_nothing_is_known(world: World) -> None:
    channel, (alice,) = await room(world, "alice")
    unread = await world.chat.horizons.unread(alice, channel.sid)
    assert (unread.last_consumed_message_index, unread.unread_messages_count, unread.messages_count) == (None, None, 5)


async def test_the_users_other_devices_get_an_event(world: World) -> None:
    channel, (alice, _) = await room(world, "alice", "bob")
    await world.chat.horizons.report(alice, channel.sid, 2)
    assert alice.user_sid is not None
    (event,) = world.published.events(user_topic(alice.user_sid))
    payload = decoded(event)
    del payload["at"]
    assert payload == {
        "type": "read.updated",
        "by": "alice",
        "channel_sid": channel.sid,
        "last_consumed_message_index": 2,
        "unread_messages_count": 2,
        "offset": 2,
    }
    assert (await world.log(user_topic(alice.user_sid)))[-1] == event
    assert (await world.chat.members.get(world.rest, channel.sid, "alice")).own_position == 2
    assert await world.now(channel) == channel, "no event of the channel"


async def test_the_others_get_one_merged_signal(world: World) -> None:
    channel, (alice, bob) = await room(world, "alice", "bob")
    for index in range(4):
        await world.chat.horizons.report(alice, channel.sid, index)
    await world.chat.horizons.report(bob, channel.sid, 0)
    assert world.published.signals == []
    await until(lambda: world.published.signals, MERGE_SECONDS + 5)
    told = {s.subject: decoded(s) for s in world.published.signals}
    assert len(world.published.signals) == 2
    assert alice.user_sid is not None
    payload = told[alice.user_sid]
    assert (payload["type"], payload["identity"], payload["last_consumed_message_index"]) == (
        "read.updated",
        "alice",
        3,
    )
    assert payload["member_sid"] == (await world.chat.members.get(world.rest, channel.sid, "alice")).sid
    assert {s.topic for s in world.published.signals} == {channel_topic(channel.sid)}


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        ([(3, False), (1, False)], 3),
        ([(3, False), (1, True)], 1),
        ([(3, False), (3, False)], 3),
        ([(99, False)], 4),
        ([(99, True)], 4),
        ([(1, True), (2, False)], 2),
        ([(4, False), (1, True), (0, False)], 1),
        ([(3, False), (None, True)], None),
        ([(3, False), (None, True), (0, False)], 0),
        ([(None, True)], None),
    ],
)
async def test_reports_move_forwards_unless_forced(
    world: World, reports: list[tuple[int | None, bool]], expected: int | None
) -> None:
    channel, (alice,) = await room(world, "alice")
    for index, force in reports:
        await world.chat.horizons.report(alice, channel.sid, index, force=force)
    unread = await world.chat.horizons.unread(alice, channel.sid)
    assert unread.last_consumed_message_index == expected
    assert unread.unread_messages_count == (None if expected is None else 4 - expected)
    assert (unread.last_consumption_timestamp is None) == (expected is None)


async def test_a_report_that_moves_nothing_is_no_event(world: World) -> None:
    channel, (alice,) = await room(world, "alice")
    await world.chat.horizons.report(alice, channel.sid, 3)
    member = await world.chat.members.get(world.rest, channel.sid, "alice")
    world.published.calls.clear()
    await world.chat.horizons.report(alice, channel.sid, 2)
    await world.chat.horizons.report(alice, channel.sid, 3)
    assert world.published.calls == []
    assert await world.chat.members.get(world.rest, channel.sid, "alice") == member


async def test_in_an_empty_channel_there_is_nothing_to_read(world: World) -> None:
    channel, (alice,) = await room(world, "alice", messages=0)
    assert (await world.chat.horizons.report(alice, channel.sid, 0)).last_consumed_message_index is None
    assert (await world.chat.horizons.report_all(alice, channel.sid)).unread_messages_count is None


async def test_all_and_none(world: World) -> None:
    channel, (alice,) = await room(world, "alice")
    unread = await world.chat.horizons.report_all(alice, channel.sid)
    assert (unread.last_consumed_message_index, unread.unread_messages_count) == (4, 0)
    unread = await world.chat.horizons.report_none(alice, channel.sid)
    assert (unread.last_consumed_message_index, unread.unread_messages_count) == (None, None)


async def test_deleted_messages_are_not_unread(world: World) -> None:
    channel, (alice,) = await room(world, "alice", messages=6)
    await world.chat.horizons.report(alice, channel.sid, 2)
    for index in (0, 4, 5):
        await world.chat.messages.delete(world.rest, channel.sid, index)
    unread = await world.chat.horizons.unread(alice, channel.sid)
    assert (unread.messages_count, unread.unread_messages_count) == (3, 1)
    assert (await world.chat.horizons.report_all(alice, channel.sid)).last_consumed_message_index == 5


async def test_an_own_message_does_not_move_the_horizon(world: World) -> None:
    channel, (alice,) = await room(world, "alice")
    await world.chat.horizons.report(alice, channel.sid, 4)
    await world.send(channel, by=alice)
    assert (await world.chat.horizons.unread(alice, channel.sid)).unread_messages_count == 1


async def test_totals_leave_out_what_is_muted_read_or_unknown(world: World) -> None:
    alice = await world.user("alice")
    channels = [await world.channel("alice", "bob") for _ in range(5)]
    busy, some, muted, read, unknown = channels
    for channel, count in zip(channels, (4, 2, 3, 2, 2), strict=True):
        for _ in range(count):
            await world.send(channel)
    for channel in (busy, some, muted):
        await world.chat.horizons.report(alice, channel.sid, 0)
    await world.chat.horizons.report_all(alice, read.sid)
    await world.chat.channels.notify(alice, muted.sid, NotificationLevel.MUTED)
    assert alice.user_sid is not None
    assert await world.chat.horizons.totals(alice, alice.user_sid, 10) == [(busy.sid, 3), (some.sid, 1)]
    assert await world.chat.horizons.totals(alice, alice.user_sid, 1) == [(busy.sid, 3)]
    await world.configure(read_status_enabled=False)
    assert list(await world.chat.horizons.totals(alice, alice.user_sid, 10)) == []
    assert unknown.sid


async def test_where_read_status_is_off_reports_are_ignored_and_counts_hidden(world: World) -> None:
    channel, (alice,) = await room(world, "alice")
    await world.chat.horizons.report(alice, channel.sid, 1)
    await world.configure(read_status_enabled=False)
    world.published.calls.clear()
    unread = await world.chat.horizons.report(alice, channel.sid, 3)
    assert (unread.messages_count, unread.last_consumed_message_index, unread.unread_messages_count) == (5, None, None)
    assert unread.last_consumption_timestamp is None
    assert world.published.calls == []
    patch = MemberPatch(last_consumed_message_index=2)
    moved = await world.chat.members.update(world.rest, channel.sid, "alice", patch)
    assert moved.last_consumed_message_index == 2, "REST keeps working"
    await world.configure(read_status_enabled=True)
    assert (await world.chat.horizons.unread(alice, channel.sid)).last_consumed_message_index == 2


async def test_reports_of_many_members_and_channels_go_together(world: World) -> None:
    names = [f"user{number}" for number in range(12)]
    first, actors = await room(world, *names)
    second = await world.channel(*names)
    await world.send(second)
    world.published.calls.clear()
    await asyncio.gather(
        *(world.chat.horizons.report(a, c.sid, n % 5) for n, a in enumerate(actors) for c in (first, second))
    )
    assert len(world.published.calls) <= 6
    for number, actor in enumerate(actors):
        assert (await world.chat.horizons.unread(actor, first.sid)).last_consumed_message_index == number % 5
        assert (await world.chat.horizons.unread(actor, second.sid)).last_consumed_message_index == 0
        log = await world.user_log(names[number])
        assert [e["offset"] for e in log] == [1, 2, 3, 4]
    positions = {(await world.chat.members.get(world.rest, first.sid, name)).roster_position for name in names}
    assert min(positions) > 12


async def test_two_nodes_report_and_change_members_of_the_same_channels_at_once(world: World) -> None:
    """No deadlock, no lost change, positions only grow."""
    first, everybody = await room(world, "a", "b", "c")
    channels = [first, *[await world.channel("a", "b", "c") for _ in range(2)]]
    for channel in channels[1:]:
        for _ in range(5):
            await world.send(channel)
    async with node(world.store) as (other, _, _):

        async def reads(chat: object, actor: Actor) -> None:
            for index in range(5):
                for channel in channels:
                    await (other if chat else world.chat).horizons.report(actor, channel.sid, index)

        async def changes(identity: str) -> None:
            for turn in range(5):
                for channel in reversed(channels):
                    patch = MemberPatch(attributes=str(turn))
                    await world.chat.members.update(world.rest, channel.sid, identity, patch)

        async def mutes(actor: Actor) -> None:
            for turn in range(5):
                for channel in channels:
                    level = NotificationLevel.MUTED if turn % 2 else NotificationLevel.DEFAULT
                    await other.channels.notify(actor, channel.sid, level)

        await asyncio.gather(
            *(reads(chat, actor) for actor in everybody for chat in (None, "other")),
            *(changes(name) for name in ("a", "b", "c")),
            *(mutes(actor) for actor in everybody),
        )
    for channel in channels:
        for name in ("a", "b", "c"):
            member = await world.chat.members.get(world.rest, channel.sid, name)
            assert (member.last_consumed_message_index, member.attributes) == (4, "4")
            assert member.notification_level is NotificationLevel.DEFAULT
    for name in ("a", "b", "c"):
        log = await world.user_log(name)
        assert [e["offset"] for e in log] == list(range(1, len(log) + 1))


async def test_who_is_not_a_member_has_no_horizon(world: World) -> None:
    channel, _ = await room(world, "alice")
    bob = await world.user("bob")
    for call in (
        world.chat.horizons.report(bob, channel.sid, 0),
        world.chat.horizons.report_all(bob, channel.sid),
        world.chat.horizons.report_none(bob, channel.sid),
        world.chat.horizons.unread(bob, channel.sid),
    ):
        with refused(Code.NOT_A_MEMBER):
            await call


async def test_a_report_of_somebody_who_left_meanwhile_changes_nothing(world: World) -> None:
    channel, (alice, bob) = await room(world, "alice", "bob")
    outcomes = await asyncio.gather(
        world.chat.members.remove(world.rest, channel.sid, "alice"),
        world.chat.horizons.report(alice, channel.sid, 3),
        world.chat.horizons.report(bob, channel.sid, 3),
        return_exceptions=True,
    )
    assert not isinstance(outcomes[2], BaseException)
    assert (await world.chat.horizons.unread(bob, channel.sid)).last_consumed_message_index == 3
