from __future__ import annotations

import asyncio
import contextlib
import functools

import pytest

from chatcore.domain.errors import ChatError, Code
from gateway.hub.ports import Eviction
from gateway.hub.relay import CHECK_AGES, CHUNK, EARLY_MAX, HOLE_PATIENCE, RETRY, TICK
from gateway.hub.room import RING
from tests.support.virtual_time import settled, until

from .fakes import AWAY, OTHER, PROFILE, ROOM, FakeListener, FakeReader, Node, event, has, signal

# Opening.


async def test_a_room_is_subscribed_before_its_position_is_read(node: Node) -> None:
    order: list[str] = []
    node.log.while_reading = lambda: order.append(f"subscribed {len(node.broker.topics)}")
    await node.relay.hold([ROOM])
    assert order == ["subscribed 1"]
    room = node.relay.room(ROOM)
    assert (room.offset, room.epoch, room.live, room.streamed) == (3, "e1", True, True)


async def test_what_arrives_while_a_room_opens_is_delivered_if_it_is_new(node: Node) -> None:
    listener = FakeListener()

    def early() -> None:
        node.hub.listen(ROOM, listener)
        node.hear(event(3), *node.log.append(), signal())

    node.log.while_reading = early
    await node.relay.hold([ROOM])
    assert [getattr(a, "offset", "signal") for a in listener.heard] == [4, "signal"]
    assert node.relay.room(ROOM).offset == 4


async def test_early_announcements_are_bounded_and_the_rest_is_repaired(node: Node) -> None:
    listener = FakeListener()

    def early() -> None:
        node.log.while_reading = lambda: None
        node.hub.listen(ROOM, listener)
        node.hear(*[signal() for _ in range(EARLY_MAX + 5)])
        node.hear(*node.log.append(count=2))

    node.log.while_reading = early
    await node.relay.hold([ROOM])
    assert len(listener.heard) == EARLY_MAX
    node.hear(*node.log.append())
    await until(lambda: node.relay.room(ROOM).offset == 6)
    assert len(listener.heard) == EARLY_MAX + 3


async def test_rooms_that_are_wanted_together_open_together(node: Node) -> None:
    node.log.make(OTHER)
    await asyncio.gather(*(node.relay.hold([ROOM, OTHER, PROFILE]) for _ in range(20)))
    assert [call[0] for call in node.broker.calls] == ["subscribe"]
    assert [call[0] for call in node.log.reads] == ["tops"]
    assert node.relay.room(ROOM).holders == 20


async def test_very_many_rooms_open_in_chunks(node: Node) -> None:
    topics = [type(ROOM)(f"chat:CH{number:05}") for number in range(CHUNK + 1)]
    for topic in topics:
        node.log.make(topic)
    await node.relay.hold(topics)
    assert [len(topics) for what, topics in node.log.reads if what == "tops"] == [CHUNK, 1]


async def test_a_room_without_a_log_carries_signals_only(node: Node) -> None:
    listener = FakeListener()
    await node.relay.hold([PROFILE])
    node.hub.listen(PROFILE, listener)
    node.hear(signal(topic=PROFILE), event(1, topic=PROFILE))
    assert len(listener.heard) == 1
    assert not node.relay.room(PROFILE).streamed


async def test_what_comes_for_an_unknown_room_is_dropped(node: Node) -> None:
    node.hear(event(1, topic=OTHER), signal(topic=OTHER))
    assert OTHER not in node.hub.rooms


@pytest.mark.parametrize("failure", [AWAY, ConnectionError("broker"), RuntimeError("unforeseen")])
async def test_when_a_room_cannot_be_opened_its_holders_are_told_and_nothing_is_left(
    node: Node, failure: Exception
) -> None:
    node.log.failure = failure
    for outcome in await asyncio.gather(*(node.relay.hold([ROOM, PROFILE]) for _ in range(2)), return_exceptions=True):
        assert isinstance(outcome, ChatError)
        assert outcome.code is Code.UNAVAILABLE
    assert node.hub.rooms == {}
    assert node.broker.topics == set(), "nobody reads them"


async def test_a_room_that_could_not_be_opened_opens_later(node: Node) -> None:
    node.log.failure = AWAY
    with pytest.raises(ChatError):
        await node.relay.hold([ROOM])
    node.log.failure = None
    await node.relay.hold([ROOM])
    assert node.relay.room(ROOM).holders == 1
    assert node.broker.topics == {ROOM}


async def test_on_failure_the_rooms_that_did_open_are_let_go(node: Node) -> None:
    await node.relay.hold([ROOM])
    node.log.failure = AWAY
    with pytest.raises(ChatError):
        await node.relay.hold([ROOM, PROFILE])
    assert node.relay.room(ROOM).holders == 1


async def test_a_holder_that_gives_up_waiting_holds_nothing(node: Node) -> None:
    node.log.failure = AWAY
    waiting = asyncio.create_task(node.relay.hold([ROOM]))
    other = asyncio.create_task(node.relay.hold([ROOM]))
    await asyncio.sleep(0)
    waiting.cancel()
    node.log.failure = None
    await other
    with contextlib.suppress(asyncio.CancelledError):
        await waiting
    assert node.relay.room(ROOM).holders == 1


# Order.


async def test_events_are_delivered_in_order_and_once(node: Node, reader: FakeReader) -> None:
    four, five = node.log.append(count=2)
    node.hear(four, four, five, four, five)
    assert reader.offsets == [4, 5]


async def test_what_came_too_early_waits_for_its_predecessor(node: Node, reader: FakeReader) -> None:
    four, five, six = node.log.append(count=3)
    node.hear(six, five)
    assert reader.offsets == []
    node.hear(four)
    assert reader.offsets == [4, 5, 6]
    await asyncio.sleep(2 * HOLE_PATIENCE)
    assert node.repairs == []
    assert [what for what, _ in node.log.reads] == ["tops"], "no look at the log was needed"


async def test_a_hole_is_waited_for_and_then_read_from_the_log(node: Node, reader: FakeReader) -> None:
    began = asyncio.get_running_loop().time()
    _, five = node.log.append(count=2)
    node.hear(five)
    await until(lambda: reader.offsets)
    assert reader.offsets == [4, 5]
    assert asyncio.get_running_loop().time() - began == pytest.approx(HOLE_PATIENCE, abs=0.01)
    assert node.repairs == ["hole"]


async def test_two_holes_are_repaired_with_one_look(node: Node, reader: FakeReader) -> None:
    _, five, _, seven, eight = node.log.append(count=5)
    node.hear(five, eight, seven)
    await until(lambda: len(reader.offsets) == 5)
    assert reader.offsets == [4, 5, 6, 7, 8]
    assert node.repairs == ["hole"]


async def test_the_second_hole_gets_its_own_patience(node: Node, reader: FakeReader) -> None:
    four, five, six, seven = node.log.append(count=4)
    node.hear(five)
    await asyncio.sleep(HOLE_PATIENCE * 0.9)
    node.hear(four, seven)
    await asyncio.sleep(HOLE_PATIENCE * 0.9)
    assert node.repairs == []
    node.hear(six)
    assert reader.offsets == [4, 5, 6, 7]


async def test_a_long_hole_is_read_to_its_end(node: Node, reader: FakeReader) -> None:
    events = node.log.append(count=3 * RING + 7)
    node.hear(events[-1])
    await until(lambda: len(reader.offsets) == len(events))
    assert reader.offsets == [e.offset for e in events]


async def test_events_that_arrive_during_a_repair_are_not_doubled(node: Node, reader: FakeReader) -> None:
    events = node.log.append(count=3)

    def meanwhile() -> None:
        if node.log.reads[-1][0] == "missed":
            node.hear(*events)

    node.log.while_reading = meanwhile
    node.hear(events[1])
    await until(lambda: reader.offsets)
    await settled()
    assert reader.offsets == [4, 5, 6]


async def test_signals_do_not_wait_for_holes(node: Node, reader: FakeReader) -> None:
    _, five = node.log.append(count=2)
    node.hear(five, signal(subject="USx"))
    assert reader.offsets == [0]


# Repair.


async def test_a_repair_that_fails_is_tried_again(node: Node, reader: FakeReader) -> None:
    node.log.failure = AWAY
    _, five = node.log.append(count=2)
    node.hear(five)
    await asyncio.sleep(RETRY * 3)
    assert reader.offsets == []
    node.log.failure = None
    await until(lambda: reader.offsets == [4, 5], 2 * RETRY)


@pytest.mark.parametrize("failure", [RuntimeError("unforeseen"), OSError("what?")])
async def test_an_unforeseen_failure_does_not_stop_the_relay(
    node: Node, reader: FakeReader, failure: Exception
) -> None:
    node.log.failure = failure
    _, five = node.log.append(count=2)
    node.hear(five)
    await asyncio.sleep(1)
    node.log.failure = None
    await until(lambda: reader.offsets == [4, 5], 2 * TICK)


async def test_the_loss_of_the_last_event_is_found_by_comparing(node: Node, reader: FakeReader) -> None:
    node.log.append()
    await asyncio.sleep(CHECK_AGES[0] - TICK)
    assert reader.offsets == []
    await until(lambda: reader.offsets == [4], CHECK_AGES[1] - CHECK_AGES[0] + 3 * TICK)
    assert node.repairs == ["tail"]


async def test_a_comparison_that_finds_nothing_counts_as_nothing(node: Node, reader: FakeReader) -> None:
    await asyncio.sleep(3 * CHECK_AGES[1])
    assert len([what for what, _ in node.log.reads if what == "tops"]) in range(3, 7)
    assert (node.repairs, reader.got) == ([], [])


async def test_when_the_broker_is_back_all_rooms_are_compared_at_once(node: Node, reader: FakeReader) -> None:
    node.log.append(count=2)
    node.broker.restored()
    await until(lambda: reader.offsets == [4, 5], 0.1)
    assert (node.repairs, node.restored) == (["restored"], 1)


async def test_while_the_broker_is_away_the_log_is_read_every_second(node: Node, reader: FakeReader) -> None:
    node.broker.connected = False
    for expected in range(4, 8):
        node.log.append()
        await until(functools.partial(has, reader, expected), TICK + 0.1)
    assert node.repairs == ["polling"] * 4


async def test_another_epoch_loses_the_position(node: Node, reader: FakeReader) -> None:
    listener = FakeListener()
    node.hub.listen(ROOM, listener)
    node.log.epochs[ROOM] = "e2"
    node.log.append(count=4)
    node.broker.restored()
    await until(lambda: reader.got)
    assert reader.got == [(ROOM, Eviction.POSITION_LOST)]
    assert listener.lost_topics == [ROOM]
    room = node.relay.room(ROOM)
    assert (room.offset, room.epoch) == (7, "e2")
    assert room.since(6) is None, "memory of the other epoch is gone"


async def test_a_hole_that_the_log_no_longer_holds_loses_the_position(node: Node, reader: FakeReader) -> None:
    events = node.log.append(count=10)
    node.log.firsts[ROOM] = 8
    node.hear(events[-1])
    await until(lambda: reader.got)
    assert reader.got == [(ROOM, Eviction.POSITION_LOST)]
    assert node.relay.room(ROOM).offset == 13
    late = FakeReader()
    await node.read(late)
    node.hear(*node.log.append())
    assert late.offsets == [14]


async def test_a_room_at_the_top_survives_the_clearing_of_its_log(node: Node, reader: FakeReader) -> None:
    node.log.firsts[ROOM] = 4
    node.broker.restored()
    await settled()
    node.hear(*node.log.append())
    assert reader.offsets == [4]


async def test_a_deleted_stream_is_left_alone(node: Node, reader: FakeReader) -> None:
    del node.log.streams[ROOM]
    node.broker.restored()
    await settled()
    assert (reader.got, node.repairs) == ([], [])


async def test_only_the_room_with_the_hole_is_read(node: Node, reader: FakeReader) -> None:
    node.log.make(OTHER)
    await node.relay.hold([OTHER])
    node.log.reads.clear()
    _, five = node.log.append(count=2)
    node.hear(five)
    await until(lambda: reader.offsets)
    assert node.log.reads == [("tops", (ROOM,)), ("missed", (ROOM,))]
