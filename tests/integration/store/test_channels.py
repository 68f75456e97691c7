"""Channels, alone and as their users have them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import ChannelSid, Identity, MessageSid, ServiceSid, new_sid
from chatcore.domain.model import (
    ChannelType,
    LastMessage,
    MembershipStatus,
    NotificationLevel,
    Position,
    Service,
)
from chatcore.domain.paging import Window
from chatcore.domain.permissions import Permission
from chatcore.ports.views import Access
from chatcore.store.postgres import PostgresStore
from tests.support.patience import PATIENCE

from . import make

_ALICE = Identity("alice")


async def test_a_rest_caller_meets_the_channel_alone(store: PostgresStore, service: Service) -> None:
    channel = await make.channel(store, service, "general")
    for key in (channel.sid, "general"):
        assert await store.read.channels.access(service.sid, key, None) == Access(channel=channel)
    assert await store.read.channels.access(service.sid, "other", None) is None
    assert await store.read.channels.access(ServiceSid(new_sid("IS")), channel.sid, None) is None


@pytest.mark.parametrize("lock", [False, True])
async def test_a_member_meets_the_channel_with_its_membership(
    store: PostgresStore, service: Service, lock: bool
) -> None:
    channel, alice = await make.channel(store, service, "general"), await make.user(store, service, "alice")
    member = await make.member(store, service, channel, alice)
    for key in (channel.sid, "general"):
        async with store.transaction() as tx:
            access = await tx.channels.access(service.sid, key, _ALICE, lock=lock)
        assert access is not None
        assert (access.channel, access.member, access.invite) == (channel, member, None)
        assert {Permission.CREATE_CHANNEL, Permission.SEND_MESSAGE} <= access.permissions  # of both roles


async def test_an_invitee_meets_the_channel_with_its_invite(store: PostgresStore, service: Service) -> None:
    channel, alice = await make.channel(store, service), await make.user(store, service, "alice")
    invite = await make.invite(store, service, channel, alice)
    access = await store.read.channels.access(service.sid, channel.sid, _ALICE)
    assert access is not None
    assert (access.member, access.invite) == (None, invite)
    assert Permission.SEND_MESSAGE not in access.permissions


async def test_a_stranger_has_no_permissions(store: PostgresStore, service: Service) -> None:
    channel = await make.channel(store, service)
    access = await store.read.channels.access(service.sid, channel.sid, Identity("nobody"))
    assert access == Access(channel=channel)


async def test_a_locked_access_sees_what_it_waited_for(store: PostgresStore, service: Service) -> None:
    channel, alice = await make.channel(store, service, "general"), await make.user(store, service, "alice")

    async def enter() -> Access | None:
        async with store.transaction() as tx:
            return await tx.channels.access(service.sid, "general", _ALICE, lock=True)

    async with store.transaction() as tx:
        await tx.channels.lock([channel.sid])
        waiting = asyncio.create_task(enter())
        await _until_waiting(store)
        await tx.channels.save(replace(channel, members_count=1))
        member = await make.member(store, service, channel, alice)
    access = await waiting
    assert access is not None
    assert access.channel.members_count == 1
    assert access.member == member


async def _until_waiting(store: PostgresStore) -> None:
    """Until some session waits for a lock of another."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if await store.pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                return


async def test_a_channel_comes_back_as_it_was_saved(store: PostgresStore, service: Service) -> None:
    channel = await make.channel(store, service, "general")
    changed = replace(
        channel,
        friendly_name="Général",
        unique_name=None,
        attributes='{"b":1,"a":2}',
        created_by="alice",
        members_count=3,
        messages_count=5,
        next_index=9,
        last_message=LastMessage(index=8, date_created=make.later(3)),
        last_message_sid=MessageSid(new_sid("IM")),
        date_created=make.later(-5),
        date_updated=make.later(4),
        rev=12,
        stream=Position(offset=14, epoch=channel.stream.epoch),
    )
    await store.read.channels.save(changed)
    assert await store.read.channels.access(service.sid, channel.sid, None) == Access(channel=changed)


async def test_unique_names_are_taken_once(store: PostgresStore, service: Service) -> None:
    await make.channel(store, service, "general")
    other = await make.channel(store, service)
    for attempt in (
        make.channel(store, service, "general"),
        store.read.channels.save(replace(other, unique_name="general")),
    ):
        with pytest.raises(ChatError) as refused:
            await attempt
        assert refused.value.code is Code.UNIQUE_NAME_TAKEN


async def test_a_deleted_channel_frees_its_name_and_keeps_its_log(store: PostgresStore, service: Service) -> None:
    channel, alice = await make.channel(store, service, "general"), await make.user(store, service, "alice")
    await make.member(store, service, channel, alice)
    _, (message,) = await make.messages(store, channel, 1)
    await store.read.channels.delete(channel.sid, make.later(60))
    assert await store.read.channels.access(service.sid, channel.sid, None) is None
    assert await store.read.members.of_user(alice.sid) == []
    topic = make.an_event(message).topic
    assert len(await store.read.events.since(topic, 0, limit=5)) == 1
    await make.channel(store, service, "general")


async def test_locks_come_in_order_and_leave_out_what_is_gone(store: PostgresStore, service: Service) -> None:
    channels = [await make.channel(store, service) for _ in range(3)]
    async with store.transaction() as tx:
        locked = await tx.channels.lock([*(c.sid for c in reversed(channels)), ChannelSid(new_sid("CH"))])
    assert list(locked) == sorted(c.sid for c in channels)


async def test_channels_are_listed_by_type(store: PostgresStore, service: Service) -> None:
    public = await make.channel(store, service)
    private = await make.channel(store, service, kind=ChannelType.PRIVATE)

    async def listed(*types: ChannelType) -> set[ChannelSid]:
        page = await store.read.channels.list(service.sid, Window(limit=10), types=types)
        return {channel.sid for channel in page.items}

    assert await listed() == await listed(ChannelType.PUBLIC, ChannelType.PRIVATE) == {public.sid, private.sid}
    assert await listed(ChannelType.PUBLIC) == {public.sid}
    assert await listed(ChannelType.PRIVATE, ChannelType.PRIVATE) == {private.sid}


async def test_a_users_channels_come_by_date_with_unread_counts(store: PostgresStore, service: Service) -> None:
    alice = await make.user(store, service, "alice")
    read, fresh, invited = [await make.channel(store, service) for _ in range(3)]
    read, sent = await make.messages(store, read, 6)
    await make.delete_message(store, read, sent[5])
    await make.messages(store, fresh, 2)
    await make.member(store, service, read, alice, horizon=2, date_created=make.later(3))
    await make.invite(store, service, invited, alice, date_created=make.later(1))
    await make.member(store, service, fresh, alice, date_created=make.later(2))

    page = await store.read.channels.of_user(alice.sid, Window(limit=10))
    assert [m.channel.sid for m in page.items] == [invited.sid, fresh.sid, read.sid]
    assert [m.unread_messages_count for m in page.items] == [None, None, 2]
    assert [m.status for m in page.items] == [MembershipStatus.INVITED, *[MembershipStatus.JOINED] * 2]
    for status, count in ((MembershipStatus.JOINED, 2), (MembershipStatus.INVITED, 1)):
        chosen = await store.read.channels.of_user(alice.sid, Window(limit=10), status=status)
        assert len(chosen.items) == count
    assert await store.read.channels.membership(alice.sid, read.sid) == page.items[2]
    assert await store.read.channels.membership(alice.sid, invited.sid) == page.items[0]
    assert await store.read.channels.membership(alice.sid, ChannelSid(new_sid("CH"))) is None


async def test_joined_channels_come_most_recently_active_first(store: PostgresStore, service: Service) -> None:
    alice = await make.user(store, service, "alice")
    quiet = await make.channel(store, service, date_created=make.later(-20))
    busy = await make.channel(store, service, date_created=make.later(-30))
    for channel in (quiet, busy):
        await make.member(store, service, channel, alice)
    busy, _ = await make.messages(store, busy, 2)
    joined = (await store.read.channels.joined([alice.sid]))[alice.sid]
    assert [sid for sid, _ in joined] == [busy.sid, quiet.sid]
    assert joined[0][1].position == busy.stream
    assert joined[1][1].first_offset == 1


async def test_unread_totals_leave_out_muted_unset_and_read_channels(store: PostgresStore, service: Service) -> None:
    alice = await make.user(store, service, "alice")
    some, more, muted, unset, done = [await make.channel(store, service) for _ in range(5)]
    for channel, horizon in ((some, 0), (more, 0), (muted, 0), (unset, None), (done, 2)):
        await make.messages(store, channel, 5 if channel is more else 3)
        member = await make.member(store, service, channel, alice, horizon=horizon)
        if channel is muted:
            await store.read.members.update(replace(member, notification_level=NotificationLevel.MUTED))
    assert list(await store.read.channels.unread_totals(alice.sid, 10)) == [(more.sid, 4), (some.sid, 2)]
    assert list(await store.read.channels.unread_totals(alice.sid, 1)) == [(more.sid, 4)]
