from __future__ import annotations

import asyncio

from chatcore.broker.shard import Shard, ShardQueue, Spoken
from chatcore.resp.address import Address
from chatcore.resp.link import Link


class Wire(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def abort(self) -> None:
        pass


def connected(shard: Shard) -> tuple[Link, Wire]:
    link, wire = Link(lambda _channel, _data: None), Wire()
    link.connection_made(wire)
    shard.link = link
    return link, wire


def make() -> tuple[Shard, list[tuple[Spoken, str]]]:
    refused: list[tuple[Spoken, str]] = []
    return Shard(Address(), 100, lambda _, spoken, why: refused.append((spoken, why))), refused


async def turn() -> None:
    """What is due in the loop happens."""
    for _ in range(3):
        await asyncio.sleep(0)


def test_over_the_limit_the_oldest_are_dropped_and_counted() -> None:
    queue = ShardQueue(10)
    for number in range(4):
        queue.add((number, b"four"))
    assert (queue.dropped, queue.take()) == (2, [(2, b"four"), (3, b"four")])
    assert not queue
    queue.add((4, b"four"))
    queue.put_back([(1, b"four"), (2, b"four")])
    assert (queue.dropped, queue.take()) == (3, [(2, b"four"), (4, b"four")])


async def test_while_one_pipeline_is_under_way_the_next_one_fills() -> None:
    shard, _ = make()
    shard.add((1, b"a"))
    shard.flush()
    link, wire = connected(shard)
    shard.flush()
    await turn()
    shard.add((2, b"b"))
    shard.add((1, b"c"))
    shard.flush()
    await turn()
    assert wire.written == [b"a"]
    link.data_received(b":1\r\n")
    await turn()
    assert wire.written == [b"a", b"bc"]
    assert shard.busy
    link.data_received(b":1\r\n:0\r\n")
    await turn()
    assert not shard.busy


async def test_what_is_refused_is_told_and_the_rest_has_left() -> None:
    shard, refused = make()
    link, _ = connected(shard)
    shard.add((1, b"a"))
    shard.add((2, b"b"))
    shard.flush()
    link.data_received(b"-MOVED 1 x:1\r\n:1\r\n")
    await turn()
    assert refused == [((1, b"a"), "MOVED 1 x:1")]
    assert not shard.busy


async def test_what_may_have_been_lost_leaves_again_before_the_rest() -> None:
    shard, _ = make()
    link, _ = connected(shard)
    shard.add((1, b"a"))
    shard.flush()
    shard.add((2, b"b"))
    link.connection_lost(None)
    await turn()
    _, wire = connected(shard)
    shard.flush()
    await turn()
    assert wire.written == [b"ab"]


async def test_what_a_server_that_is_given_up_has_not_confirmed_is_handed_back() -> None:
    shard, refused = make()
    link, _ = connected(shard)
    shard.add((1, b"a"))
    shard.flush()
    shard.add((2, b"b"))
    assert shard.abandon() == [(1, b"a"), (2, b"b")]
    assert shard.link is None
    link.data_received(b"-MOVED 1 x:1\r\n")
    await turn()
    assert refused == []
    assert not shard.busy


def test_dropped_commands_are_counted_once() -> None:
    shard, _ = make()
    for _ in range(30):
        shard.add((1, b"four"))
    assert (shard.take_dropped(), shard.take_dropped()) == (5, 0)
