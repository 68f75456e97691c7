from __future__ import annotations

import json

import pytest

from chatcore.domain.events import EventType, SignalType
from chatcore.domain.ids import UserSid
from gateway.hub.hub import Hub
from gateway.hub.ports import Eviction
from gateway.hub.room import Room

from .fakes import OTHER, ROOM, FakeListener, FakeReader, Node, OffsetEncoder, event, fan_out, signal

ALICE, BOB = UserSid("USa"), UserSid("USb")


@pytest.fixture
def hub() -> Hub:
    return Hub(fan_out)


def open_room(hub: Hub) -> Room:
    room = hub.rooms[ROOM] = Room(ROOM)
    return room


def left(subject: str, reason: str, offset: int = 1) -> bytes:
    return json.dumps({"type": "member.left", "member": {}, "reason": reason}).encode()


async def test_a_frame_is_built_once_per_encoder_whatever_the_number_of_readers(hub: Hub) -> None:
    room = open_room(hub)
    json_encoder, protobuf_encoder = OffsetEncoder("centrifuge.json"), OffsetEncoder("twilsock.json")
    readers = [FakeReader() for _ in range(5)]
    for reader in readers[:3]:
        hub.attach(ROOM, reader, json_encoder)
    for reader in readers[3:]:
        hub.attach(ROOM, reader, protobuf_encoder)
    hub.deliver(room, event(1))
    assert (json_encoder.asked, protobuf_encoder.asked) == (1, 1)
    assert [reader.offsets for reader in readers] == [[1]] * 5
    assert hub.delivered == {"centrifuge": 3, "twilsock": 2}


async def test_an_encoder_may_leave_its_readers_untold(hub: Hub) -> None:
    room = open_room(hub)
    reader = FakeReader()
    hub.attach(ROOM, reader, OffsetEncoder(silent=[EventType.MEMBER_UPDATED]))
    hub.deliver(room, event(1, kind=EventType.MEMBER_UPDATED))
    hub.deliver(room, event(2))
    assert reader.offsets == [2]


@pytest.mark.parametrize("kind", [SignalType.TYPING, SignalType.READ_UPDATED])
async def test_typing_and_reads_do_not_reach_any_connection_of_their_subject(hub: Hub, kind: SignalType) -> None:
    room = open_room(hub)
    own, own_too, other = FakeReader(ALICE), FakeReader(ALICE), FakeReader(BOB)
    encoder = OffsetEncoder()
    for reader in (own, own_too, other):
        hub.attach(ROOM, reader, encoder)
    hub.deliver(room, signal(kind, subject=ALICE))
    assert (own.got, own_too.got, len(other.got)) == ([], [], 1)


async def test_other_signals_reach_their_subject_too(hub: Hub) -> None:
    room = open_room(hub)
    reader = FakeReader(ALICE)
    hub.attach(ROOM, reader, OffsetEncoder())
    hub.deliver(room, signal(SignalType.USER_REACHABILITY, subject=ALICE))
    assert len(reader.got) == 1


async def test_a_durable_event_of_the_same_name_as_a_signal_reaches_everybody(hub: Hub) -> None:
    room = open_room(hub)
    reader = FakeReader(ALICE)
    hub.attach(ROOM, reader, OffsetEncoder())
    hub.deliver(room, event(1, kind=EventType.READ_UPDATED, subject=ALICE))
    assert reader.offsets == [1]


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("left", Eviction.LEFT),
        ("removed", Eviction.REMOVED),
        ("user_deleted", Eviction.ACCESS_LOST),
        ("something new", Eviction.ACCESS_LOST),
    ],
)
async def test_who_loses_a_membership_is_out_before_the_others_hear_of_it(
    hub: Hub, reason: str, cause: Eviction
) -> None:
    room = open_room(hub)
    encoder, order = OffsetEncoder(), list[object]()
    gone, gone_too, stays = FakeReader(ALICE, order), FakeReader(ALICE, order), FakeReader(BOB, order)  # type: ignore[arg-type]  # one list for all three
    for reader in (stays, gone, gone_too):
        hub.attach(ROOM, reader, encoder)
    hub.deliver(room, event(1, kind=EventType.MEMBER_LEFT, subject=ALICE, payload=left(ALICE, reason)))
    assert order == [(ROOM, cause), (ROOM, cause), b"chat:CH1 member.left 1"]
    hub.deliver(room, event(2))
    assert order[3:] == [b"chat:CH1 message.added 2"]


async def test_losing_a_membership_ends_every_kind_of_reading(hub: Hub) -> None:
    room = open_room(hub)
    reader, activity = FakeReader(ALICE), OffsetEncoder("test.activity")
    hub.attach(ROOM, reader, OffsetEncoder())
    hub.attach(ROOM, reader, activity)
    hub.deliver(room, event(1, kind=EventType.MEMBER_LEFT, subject=ALICE, payload=left(ALICE, "left")))
    assert reader.got == [(ROOM, Eviction.LEFT), (ROOM, Eviction.LEFT)]
    assert list(hub.readers(ROOM)) == []


async def test_everybody_hears_of_the_end_of_a_channel_and_leaves(hub: Hub) -> None:
    room = open_room(hub)
    readers = [FakeReader(ALICE), FakeReader(BOB)]
    encoder = OffsetEncoder()
    for reader in readers:
        hub.attach(ROOM, reader, encoder)
    hub.deliver(room, event(7, kind=EventType.CHANNEL_DELETED))
    for reader in readers:
        assert reader.got == [b"chat:CH1 channel.deleted 7", (ROOM, Eviction.DELETED)]
    assert list(hub.readers(ROOM)) == []


async def test_listeners_hear_before_frames_are_queued(hub: Hub) -> None:
    room = open_room(hub)
    order: list[object] = []

    class Noting(FakeListener):
        def hear(self, announcement: object) -> None:
            order.append(announcement)

    hub.listen(ROOM, Noting())
    hub.attach(ROOM, FakeReader(ALICE, order), OffsetEncoder())  # type: ignore[arg-type]  # one list for both
    first = event(1)
    hub.deliver(room, first)
    assert order == [first, b"chat:CH1 message.added 1"]


async def test_a_listener_may_leave_while_it_hears(hub: Hub) -> None:
    room = open_room(hub)

    class Shy(FakeListener):
        def hear(self, announcement: object) -> None:
            hub.unlisten(ROOM, self)

    rest = FakeListener()
    for listener in (Shy(), rest):
        hub.listen(ROOM, listener)
    hub.deliver(room, event(1))
    hub.deliver(room, event(2))
    assert len(rest.heard) == 2
    assert len(room.listeners) == 1


async def test_only_a_lost_position_is_told_to_listeners(hub: Hub) -> None:
    room = open_room(hub)
    listener = FakeListener()
    hub.listen(ROOM, listener)
    hub.evict_all(room, Eviction.DELETED)
    assert listener.lost_topics == []
    hub.evict_all(room, Eviction.POSITION_LOST)
    assert listener.lost_topics == [ROOM]


async def test_a_detached_reader_gets_nothing_more(hub: Hub) -> None:
    room = open_room(hub)
    reader, encoder = FakeReader(), OffsetEncoder()
    hub.attach(ROOM, reader, encoder)
    hub.detach(ROOM, reader, encoder)
    hub.deliver(room, event(1))
    assert reader.got == []
    assert encoder.asked == 0, "an encoder without readers is not asked"


async def test_detaching_who_is_not_there_changes_nothing(hub: Hub) -> None:
    room = open_room(hub)
    present, absent, encoder = FakeReader(), FakeReader(), OffsetEncoder()
    hub.attach(ROOM, present, encoder)
    hub.detach(ROOM, absent, encoder)
    hub.detach(ROOM, absent, OffsetEncoder())
    hub.detach(OTHER, present, encoder)
    hub.unlisten(OTHER, FakeListener())
    hub.deliver(room, event(1))
    assert present.offsets == [1]


async def test_one_kind_of_reader_can_be_told_apart(hub: Hub) -> None:
    open_room(hub)
    told, untold, encoder = FakeReader(), FakeReader(), OffsetEncoder("test.activity")
    hub.attach(ROOM, told, encoder)
    hub.attach(ROOM, untold, OffsetEncoder())
    hub.tell(ROOM, encoder, b"x")
    hub.tell(OTHER, encoder, b"x")
    assert (told.got, untold.got) == ([b"x"], [])


async def test_readers_are_listed_over_all_encoders(hub: Hub) -> None:
    open_room(hub)
    readers = {FakeReader(), FakeReader()}
    for number, reader in enumerate(readers):
        hub.attach(ROOM, reader, OffsetEncoder(f"test.{number}"))
    assert set(hub.readers(ROOM)) == readers
    assert list(hub.readers(OTHER)) == []


async def test_a_node_counts_what_it_delivered() -> None:
    node = Node()
    assert node.hub.delivered == {}
