from __future__ import annotations

import asyncio

import pytest

from gateway.hub.relay import LINGER, TICK
from tests.support.virtual_time import until

from .fakes import AWAY, OTHER, ROOM, FakeLog, FakeReader, Node, running

# Closing.


async def test_a_room_outlives_its_last_holder_by_a_moment(node: Node) -> None:
    await node.relay.hold([ROOM])
    node.relay.release([ROOM])
    await asyncio.sleep(LINGER / 2)
    await node.relay.hold([ROOM])
    await asyncio.sleep(3 * LINGER + TICK)
    assert ROOM in node.hub.rooms
    node.relay.release([ROOM])
    await until(lambda: ROOM not in node.hub.rooms, LINGER + 2 * TICK)
    assert node.broker.topics == set()


async def test_a_room_that_closed_opens_again_at_the_new_position(node: Node) -> None:
    await node.relay.hold([ROOM])
    node.relay.release([ROOM])
    await until(lambda: not node.hub.rooms)
    node.log.append(count=2)
    await node.relay.hold([ROOM])
    assert node.relay.room(ROOM).offset == 5


async def test_a_room_closes_with_a_hole_open(node: Node, reader: FakeReader) -> None:
    node.log.failure = AWAY
    _, five = node.log.append(count=2)
    node.hear(five)
    node.leave(reader)
    await until(lambda: not node.hub.rooms)
    node.log.failure = None
    await asyncio.sleep(5)
    assert reader.got == []


async def test_releasing_what_is_not_held_changes_nothing(node: Node) -> None:
    node.relay.release([OTHER])
    assert node.hub.rooms == {}


@pytest.mark.parametrize("failure", [ConnectionError("broker"), TimeoutError(), RuntimeError("unforeseen")])
async def test_a_broker_that_cannot_unsubscribe_stops_nothing(node: Node, failure: Exception) -> None:
    await node.relay.hold([ROOM])
    node.relay.release([ROOM])
    node.broker.failure = failure
    await until(lambda: not node.hub.rooms)
    node.broker.failure = None
    await node.relay.hold([ROOM])
    assert node.relay.room(ROOM).live


async def test_two_nodes_over_one_log_need_not_agree_to_be_right() -> None:
    log = FakeLog()
    log.make(ROOM)
    first, second = Node(log), Node(log)
    async with running(first), running(second):
        readers = FakeReader(), FakeReader()
        await first.read(readers[0])
        await second.read(readers[1])
        one, two, three = log.append(count=3)
        first.hear(one, three)
        second.hear(three, two)
        await until(lambda: all(reader.offsets == [1, 2, 3] for reader in readers))
