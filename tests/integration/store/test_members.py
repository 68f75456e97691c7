"""Members and read horizons."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import ChannelSid, Identity, new_sid
from chatcore.domain.model import Channel, Member, Service, Unread, User
from chatcore.domain.paging import Window
from chatcore.ports.views import Horizon, Moved
from chatcore.store.postgres import PostgresStore

from . import make

_ALICE = Identity("alice")


async def _room(store: PostgresStore, service: Service, messages: int) -> tuple[Channel, User, Member]:
    channel, alice = await make.channel(store, service), await make.user(store, service, "alice")
    member = await make.member(store, service, channel, alice)
    channel, _ = await make.messages(store, channel, messages)
    return channel, alice, member


async def _report(
    store: PostgresStore, channel: Channel, index: int | None, *, force: bool = False, identity: str = "alice"
) -> Sequence[Moved]:
    horizon = Horizon(channel_sid=channel.sid, identity=Identity(identity), index=index, at=make.later(1), force=force)
    async with store.transaction() as tx:
        return await tx.members.report([horizon], make.later(1))


async def test_a_member_is_found_by_sid_and_identity(store: PostgresStore, service: Service) -> None:
    channel, alice, member = await _room(store, service, 1)
    assert await store.read.members.get(channel.sid, member.sid) == member
    assert await store.read.members.get(channel.sid, "alice") == member
    assert await store.read.members.get(ChannelSid(new_sid("CH")), member.sid) is None
    assert await store.read.members.all_of(channel.sid) == await store.read.members.of_user(alice.sid) == [member]


async def test_an_identity_may_look_like_a_member(store: PostgresStore, service: Service) -> None:
    channel, odd = await make.channel(store, service), await make.user(store, service, new_sid("MB"))
    member = await make.member(store, service, channel, odd)
    assert await store.read.members.get(channel.sid, odd.identity) == member


async def test_nobody_is_a_member_twice(store: PostgresStore, service: Service) -> None:
    channel, alice, _ = await _room(store, service, 1)
    with pytest.raises(ChatError) as refused:
        await make.member(store, service, channel, alice)
    assert refused.value.code is Code.MEMBER_EXISTS


async def test_a_member_of_a_channel_that_is_gone_is_refused(store: PostgresStore, service: Service) -> None:
    alice = await make.user(store, service, "alice")
    with pytest.raises(ChatError) as refused:
        await make.member(store, service, make.a_channel(service), alice)
    assert refused.value.code is Code.CHANNEL_NOT_FOUND


async def test_members_are_listed_by_identity(store: PostgresStore, service: Service) -> None:
    channel = await make.channel(store, service)
    for name in ("alice", "bob", "carol"):
        await make.member(store, service, channel, await make.user(store, service, name))
    page = await store.read.members.list(channel.sid, Window(limit=5), identities=[Identity("carol"), _ALICE])
    assert [member.identity for member in page.items] == ["alice", "carol"]


async def test_roster_positions_grow(store: PostgresStore, service: Service) -> None:
    channel = await make.channel(store, service)
    assert [await store.read.members.next_roster_position(channel.sid) for _ in range(3)] == [2, 3, 4]
    with pytest.raises(ChatError) as refused:
        await store.read.members.next_roster_position(ChannelSid(new_sid("CH")))
    assert refused.value.code is Code.CHANNEL_NOT_FOUND


async def test_a_report_moves_the_horizon_and_the_roster(store: PostgresStore, service: Service) -> None:
    channel, _, member = await _room(store, service, 5)
    (moved,) = await _report(store, channel, 2)
    assert moved.unread_messages_count == 2
    assert moved.member == replace(
        member,
        last_consumed_message_index=2,
        last_consumption_timestamp=make.later(1),
        date_updated=make.later(1),
        roster_position=2,
    )
    assert await store.read.members.get(channel.sid, member.sid) == moved.member


@pytest.mark.parametrize(
    ("held", "index", "force", "expected"),
    [
        (None, 0, False, 0),
        (3, 4, False, 4),
        (3, 3, False, None),
        (3, 1, False, None),
        (3, 1, True, 1),
        (3, 99, False, 4),
        (4, 99, False, None),
        (3, 99, True, 4),
    ],
)
async def test_reports_move_forwards_unless_forced(
    store: PostgresStore, service: Service, held: int | None, index: int, force: bool, expected: int | None
) -> None:
    channel, _, _ = await _room(store, service, 5)
    if held is not None:
        await _report(store, channel, held)
    moved = await _report(store, channel, index, force=force)
    assert [m.member.last_consumed_message_index for m in moved] == ([] if expected is None else [expected])


async def test_a_horizon_can_be_cleared(store: PostgresStore, service: Service) -> None:
    channel, _, _ = await _room(store, service, 5)
    assert list(await _report(store, channel, None, force=True)) == []
    await _report(store, channel, 3)
    (moved,) = await _report(store, channel, None, force=True)
    assert moved.unread_messages_count is None
    assert moved.member.last_consumed_message_index is None
    assert moved.member.last_consumption_timestamp is None


async def test_there_is_nothing_to_read_in_an_empty_channel(store: PostgresStore, service: Service) -> None:
    channel, _, _ = await _room(store, service, 0)
    assert list(await _report(store, channel, 0, force=True)) == []


async def test_strangers_move_nothing(store: PostgresStore, service: Service) -> None:
    channel, _, _ = await _room(store, service, 5)
    assert list(await _report(store, channel, 3, identity="nobody")) == []
    assert await store.read.members.next_roster_position(channel.sid) == 2


async def test_a_batch_gives_each_channel_one_position(store: PostgresStore, service: Service) -> None:
    channels = [await make.channel(store, service) for _ in range(2)]
    users = [await make.user(store, service, name) for name in ("alice", "bob", "carol")]
    for channel in channels:
        await make.messages(store, channel, 3)
        for user in users:
            await make.member(store, service, channel, user)
    horizons = [
        Horizon(channel_sid=channel.sid, identity=user.identity, index=1, at=None, force=False)
        for channel in channels
        for user in users
    ]
    async with store.transaction() as tx:
        moved = await tx.members.report(horizons, make.NOW)
    assert len(moved) == 6
    assert {m.member.roster_position for m in moved} == {2}
    assert {m.member.last_consumption_timestamp for m in moved} == {make.NOW}


async def test_concurrent_reports_of_many_channels_all_arrive(store: PostgresStore, service: Service) -> None:
    alice, bob = await make.user(store, service, "alice"), await make.user(store, service, "bob")
    channels = [await make.channel(store, service) for _ in range(4)]
    for channel in channels:
        await make.messages(store, channel, 20)
        for user in (alice, bob):
            await make.member(store, service, channel, user)

    async def report(identity: Identity, index: int) -> None:
        horizons = [
            Horizon(channel_sid=channel.sid, identity=identity, index=index, at=None, force=False)
            for channel in (channels if index % 2 else reversed(channels))
        ]
        async with store.transaction() as tx:
            await tx.members.report(horizons, make.NOW)

    await asyncio.gather(*(report(user.identity, index) for index in range(20) for user in (alice, bob)))
    members = [member for channel in channels for member in await store.read.members.all_of(channel.sid)]
    assert {member.last_consumed_message_index for member in members} == {19}


async def test_an_update_does_not_undo_a_report_that_came_between(store: PostgresStore, service: Service) -> None:
    channel, _, read_before = await _room(store, service, 5)
    (moved,) = await _report(store, channel, 4)
    await store.read.members.update(replace(read_before, attributes='{"x":1}', own_position=8))
    found = await store.read.members.get(channel.sid, "alice")
    assert found == replace(moved.member, attributes='{"x":1}', own_position=8, date_updated=read_before.date_updated)


async def test_an_update_with_the_newest_position_sets_the_horizon(store: PostgresStore, service: Service) -> None:
    channel, _, member = await _room(store, service, 5)
    await _report(store, channel, 4)
    async with store.transaction() as tx:
        position = await tx.members.next_roster_position(channel.sid)
        changed = replace(member, last_consumed_message_index=1, roster_position=position)
        await tx.members.update(changed)
    assert await store.read.members.get(channel.sid, "alice") == changed


async def test_own_positions_are_set_in_bulk(store: PostgresStore, service: Service) -> None:
    channel, _, member = await _room(store, service, 1)
    await store.read.members.set_own_positions({member.sid: 7})
    await store.read.members.set_own_positions({})
    found = await store.read.members.get(channel.sid, "alice")
    assert found == replace(member, own_position=7)


async def test_deleted_messages_are_not_unread(store: PostgresStore, service: Service) -> None:
    channel, alice = await make.channel(store, service), await make.user(store, service, "alice")
    channel, sent = await make.messages(store, channel, 6)
    await make.member(store, service, channel, alice, horizon=2)
    for message in (sent[0], sent[4]):
        channel = await make.delete_message(store, channel, message)
    assert await store.read.members.unread(channel.sid, _ALICE) == Unread(
        messages_count=4,
        unread_messages_count=2,
        last_consumed_message_index=2,
        last_consumption_timestamp=make.NOW,
    )
    assert await store.read.members.unread(channel.sid, Identity("nobody")) is None


async def test_without_a_horizon_there_is_no_unread_count(store: PostgresStore, service: Service) -> None:
    channel, _, _ = await _room(store, service, 3)
    unread = await store.read.members.unread(channel.sid, _ALICE)
    assert unread is not None
    assert unread.unread_messages_count is None
    assert unread.messages_count == 3


async def test_a_deleted_member_is_gone(store: PostgresStore, service: Service) -> None:
    channel, _, member = await _room(store, service, 0)
    await store.read.members.delete(member.sid)
    assert await store.read.members.get(channel.sid, "alice") is None
