"""The event log."""

from __future__ import annotations

from chatcore.domain.events import Event, EventType, Topic, channel_topic, profile_topic, user_topic
from chatcore.domain.ids import ChannelSid, UserSid, new_sid
from chatcore.domain.model import Position, Service
from chatcore.ports.views import StreamTop
from chatcore.store.postgres import PostgresStore

from . import make


def _events(topic: Topic, count: int, kind: EventType) -> list[Event]:
    return [
        Event(topic=topic, offset=n, type=kind, payload=f'{{"n":{n},"t":"ü"}}'.encode(), subject=new_sid("US"))
        for n in range(1, count + 1)
    ]


async def test_events_of_both_kinds_come_back_as_they_were(store: PostgresStore) -> None:
    room, person = channel_topic(ChannelSid(new_sid("CH"))), user_topic(UserSid(new_sid("US")))
    logged = _events(room, 2, EventType.MEMBER_JOINED) + _events(person, 2, EventType.CHANNEL_JOINED)
    await store.read.events.append(logged, make.NOW)
    await store.read.events.append([], make.NOW)
    found = [*await store.read.events.since(room, 0, limit=9), *await store.read.events.since(person, 0, limit=9)]
    assert found == logged


async def test_events_are_read_in_both_directions(store: PostgresStore) -> None:
    for topic in (channel_topic(ChannelSid(new_sid("CH"))), user_topic(UserSid(new_sid("US")))):
        await store.read.events.append(_events(topic, 6, EventType.CHANNEL_UPDATED), make.NOW)
        forwards = await store.read.events.since(topic, 2, limit=3)
        backwards = await store.read.events.since(topic, 4, limit=2, reverse=True)
        assert [event.offset for event in forwards] == [3, 4, 5]
        assert [event.offset for event in backwards] == [3, 2]


async def test_tops_of_streams_that_exist(store: PostgresStore, service: Service) -> None:
    alice = await make.user(store, service, "alice")
    channel, _ = await make.messages(store, await make.channel(store, service), 3)
    gone = channel_topic(ChannelSid(new_sid("CH")))
    tops = await store.read.events.tops([channel_topic(channel.sid), user_topic(alice.sid), gone])
    assert tops == {
        channel_topic(channel.sid): StreamTop(position=channel.stream, first_offset=1),
        user_topic(alice.sid): StreamTop(position=Position(offset=0, epoch=alice.stream.epoch), first_offset=1),
    }


async def test_a_profile_has_no_stream_whoever_it_belongs_to(store: PostgresStore, service: Service) -> None:
    alice = await make.user(store, service, "alice")
    own, profile = user_topic(alice.sid), profile_topic(alice.sid)
    await store.read.events.append(_events(own, 2, EventType.CHANNEL_JOINED), make.NOW)
    assert set(await store.read.events.tops([profile])) == set()
    assert set(await store.read.events.tops([own, profile])) == {own}
    missed = await store.read.events.missed({own: 0, profile: 0}, per_topic=9)
    assert {topic: len(events) for topic, events in missed.items()} == {own: 2, profile: 0}


async def test_missed_events_are_cut_per_topic(store: PostgresStore) -> None:
    busy, quiet = channel_topic(ChannelSid(new_sid("CH"))), channel_topic(ChannelSid(new_sid("CH")))
    person, gone = user_topic(UserSid(new_sid("US"))), channel_topic(ChannelSid(new_sid("CH")))
    for topic, count in ((busy, 9), (quiet, 2), (person, 4)):
        await store.read.events.append(_events(topic, count, EventType.CHANNEL_UPDATED), make.NOW)
    missed = await store.read.events.missed({busy: 1, quiet: 2, person: 2, gone: 0}, per_topic=3)
    offsets = {topic: [event.offset for event in events] for topic, events in missed.items()}
    assert offsets == {busy: [2, 3, 4, 5], quiet: [], person: [3, 4], gone: []}
