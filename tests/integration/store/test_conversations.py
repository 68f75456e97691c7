"""Private channels and everybody in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.guests import Guest, MessagingBinding
from chatcore.domain.ids import ChannelSid, MemberSid, new_sid
from chatcore.domain.model import Channel, ChannelState, ChannelType, Service
from chatcore.domain.paging import Cursor, Window
from chatcore.domain.participants import Participant
from chatcore.store.postgres import PostgresStore

from . import make
from .make import NOW, later

ALL = Window(limit=100)


async def private(store: PostgresStore, service: Service, date_created: datetime = NOW) -> Channel:
    return await make.channel(store, service, kind=ChannelType.PRIVATE, date_created=date_created)


async def guest(
    store: PostgresStore,
    channel: Channel,
    address: str = "+15558675310",
    proxy: str | None = None,
    date_created: datetime = NOW,
) -> Guest:
    made = Guest(
        sid=MemberSid(new_sid("MB")),
        channel_sid=channel.sid,
        service_sid=channel.service_sid,
        binding=MessagingBinding(type="sms", address=address, proxy_address=proxy, name="Ann", level="to"),
        role_sid=None,
        attributes="{}",
        last_read_message_index=1,
        last_read_timestamp=NOW,
        date_created=date_created,
        date_updated=date_created,
        rev=1,
        roster_created=2,
        roster_position=3,
    )
    await store.read.guests.insert(made)
    return made


def place(participant: Participant) -> Cursor:
    return participant.date_created, participant.sid


async def test_a_guest_is_as_it_was_written(store: PostgresStore, service: Service) -> None:
    channel = await private(store, service)
    made = await guest(store, channel, proxy="+15550009999")
    assert await store.read.guests.get(channel.sid, made.sid) == made
    assert await store.read.guests.get(ChannelSid(new_sid("CH")), made.sid) is None
    changed = replace(
        made,
        binding=replace(made.binding, proxy_address=None, projected_address="+15550001111"),
        role_sid=service.default_channel_role_sid,
        attributes="[]",
        last_read_message_index=None,
        last_read_timestamp=None,
        date_created=later(1),
        date_updated=later(2),
        rev=5,
        roster_position=6,
    )
    await store.read.guests.update(changed)
    assert await store.read.guests.get(channel.sid, made.sid) == changed
    await store.read.guests.delete(made.sid)
    assert await store.read.guests.get(channel.sid, made.sid) is None


async def test_guests_of_many_channels_at_once(store: PostgresStore, service: Service) -> None:
    rooms = [await private(store, service) for _ in range(3)]
    late = await guest(store, rooms[0], "+15551", date_created=later(1))
    early, other = await guest(store, rooms[0], "+15552"), await guest(store, rooms[1])
    found = await store.read.guests.of_channels([room.sid for room in rooms])
    assert found == {rooms[0].sid: [early, late], rooms[1].sid: [other]}


async def test_a_pair_is_free_again_once_it_is_released(store: PostgresStore, service: Service) -> None:
    room, other = await private(store, service), await private(store, service)
    await guest(store, room, proxy="+15550009999")
    with pytest.raises(ChatError) as refused:
        await guest(store, other, proxy="+15550009999")
    assert refused.value.code is Code.GUEST_PAIR_TAKEN
    await guest(store, other)  # without an address of the service's side there is no pair
    await store.read.guests.release(room.sid)
    await guest(store, other, proxy="+15550009999")


async def test_members_and_guests_share_one_order(store: PostgresStore, service: Service) -> None:
    channel, made = await private(store, service), list[Participant]()
    for number in range(6):
        moment = later(number // 4)  # some of the same moment
        if number % 2:
            made.append(await guest(store, channel, f"+1555{number}", date_created=moment))
        else:
            user = await make.user(store, service, f"user {number}")
            made.append(await make.member(store, service, channel, user, date_created=moment))
    made.sort(key=place)
    read = store.read.conversations.participants
    whole = await read(channel.sid, ALL)
    assert (list(whole.items), whole.has_before, whole.has_after) == (made, False, False)
    for size in (1, 2, 4):
        for start in range(6):
            after = await read(channel.sid, Window(limit=size, after=place(made[start])))
            assert list(after.items) == made[start + 1 : start + 1 + size]
            assert (after.has_before, after.has_after) == (True, start + 1 + size < 6)
            before = await read(channel.sid, Window(limit=size, before=place(made[start])))
            assert list(before.items) == made[max(0, start - size) : start]
            assert (before.has_before, before.has_after) == (start > size, True)
            assert list((await read(channel.sid, Window(limit=size, offset=start))).items) == made[start : start + size]


async def test_conversations_are_private_channels(store: PostgresStore, service: Service) -> None:
    await make.channel(store, service)
    made = [await private(store, service, later(n)) for n in range(4)]
    listed = store.read.conversations.list
    assert (await listed(service.sid, ALL)).items == made
    assert (await listed(service.sid, ALL, since=later(1), until=later(3))).items == made[1:3]
    assert (await listed(service.sid, Window(limit=2, before=(later(3), made[3].sid)), since=later(1))).items == made[
        1:3
    ]
    assert (await listed(service.sid, ALL, state=ChannelState.ACTIVE)).items == made
    assert (await listed(service.sid, ALL, state=ChannelState.CLOSED)).items == []


async def test_participations_are_those_in_private_channels(store: PostgresStore, service: Service) -> None:
    user = await make.user(store, service, "alice")
    await make.member(store, service, await make.channel(store, service), user)
    rooms = [await private(store, service) for _ in range(3)]
    members = [await make.member(store, service, room, user, date_created=later(-n)) for n, room in enumerate(rooms)]
    guests = [await guest(store, room, date_created=later(-n)) for n, room in enumerate(rooms)]
    await guest(store, rooms[0], "+15551")
    page = await store.read.conversations.of_user(user.sid, ALL)
    assert [(one.channel, one.participant) for one in page.items] == list(zip(rooms, members, strict=True))[::-1]
    page = await store.read.conversations.of_user(user.sid, Window(limit=1, before=place(members[0])))
    assert [one.participant for one in page.items] == [members[1]]
    page = await store.read.conversations.of_address(service.sid, "+15558675310", ALL)
    assert [(one.channel, one.participant) for one in page.items] == list(zip(rooms, guests, strict=True))[::-1]
    page = await store.read.conversations.of_address(
        service.sid, "+15558675310", Window(limit=1, before=place(guests[0]))
    )
    assert [one.participant for one in page.items] == [guests[1]]
