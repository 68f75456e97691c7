from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatcore.resp.link import Link, RefusedError, pack, refusal


class Wire(asyncio.Transport):
    """Records what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def abort(self) -> None:
        self.aborted = True


def connected() -> tuple[Link, Wire, list[tuple[bytes, bytes]]]:
    heard: list[tuple[bytes, bytes]] = []
    link, wire = Link(lambda channel, data: heard.append((channel, data))), Wire()
    link.connection_made(wire)
    return link, wire, heard


def push(*words: bytes) -> bytes:
    return b">%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


async def test_replies_go_to_the_calls_in_their_order() -> None:
    link, _, _ = connected()
    one, two = link.call(("GET", "a"), ("INCR", "b")), link.call(("PING",))
    link.data_received(b"$1\r\nx\r\n:4\r\n+PONG\r\n")
    assert await one == [b"x", 4]
    assert await two == [b"PONG"]


async def test_one_iteration_writes_once() -> None:
    link, wire, _ = connected()
    link.call(("PING",))
    link.call(("GET", "a"))
    assert wire.written == []
    await asyncio.sleep(0)
    assert wire.written == [b"*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n"]


async def test_an_error_fails_its_call_only() -> None:
    link, _, _ = connected()
    bad, good = link.call(("GET", "a"), ("PING",)), link.call(("PING",))
    link.data_received(b"-WRONGTYPE no\r\n+PONG\r\n+PONG\r\n")
    with pytest.raises(RefusedError, match="WRONGTYPE no"):
        await bad
    assert await good == [b"PONG"]


async def test_messages_belong_to_no_call() -> None:
    link, _, heard = connected()
    call = link.call(("PING",))
    link.data_received(push(b"message", b"c", b"1") + b"+PONG\r\n" + push(b"message", b"c", b"2"))
    assert await call == [b"PONG"]
    assert heard == [(b"c", b"1"), (b"c", b"2")]


async def test_pushes_of_other_kinds_are_ignored() -> None:
    link, _, heard = connected()
    call = link.call(("PING",))
    link.data_received(push(b"invalidate", b"k") + b"+PONG\r\n")
    assert await call == [b"PONG"]
    assert heard == []


async def test_a_subscription_is_done_when_all_channels_are_confirmed() -> None:
    link, _, _ = connected()
    call = link.subscribe([b"a", b"b"])
    link.data_received(push(b"subscribe", b"a", b"1"))
    assert not call.done()
    link.data_received(push(b"subscribe", b"b", b"2"))
    assert call.done()


async def test_a_refused_subscription_is_answered_by_one_error() -> None:
    link, _, _ = connected()
    refused, later = link.subscribe([b"a", b"b"]), link.call(("PING",))
    link.data_received(b"-NOPERM no\r\n+PONG\r\n")
    with pytest.raises(RefusedError, match="NOPERM"):
        await refused
    assert await later == [b"PONG"]


# In a cluster.


async def test_messages_of_shards_are_heard() -> None:
    link, _, heard = connected()
    link.data_received(push(b"smessage", b"c", b"1"))
    assert heard == [(b"c", b"1")]


async def test_errors_may_be_replies_like_others() -> None:
    link, _, _ = connected()
    call = link.attempt(pack(("PING",)) * 3, 3)
    link.data_received(b"+PONG\r\n-MOVED 1 host:1\r\n+PONG\r\n")
    assert [refusal(reply) for reply in await call] == ["", "MOVED 1 host:1", ""]


async def test_a_subscription_to_shards_is_done_when_all_channels_are_confirmed() -> None:
    link, wire, _ = connected()
    call = link.ssubscribe([b"a", b"b"])
    await asyncio.sleep(0)
    assert wire.written == [pack(("SSUBSCRIBE", "a", "b"))]
    link.data_received(push(b"ssubscribe", b"a", b"1"))
    assert not call.done()
    link.data_received(push(b"ssubscribe", b"b", b"2"))
    assert call.done()


def dropping() -> tuple[Link, Wire, list[bytes]]:
    dropped: list[bytes] = []
    link, wire = Link(lambda _channel, _data: None, dropped.append), Wire()
    link.connection_made(wire)
    return link, wire, dropped


async def test_channels_that_a_server_drops_are_told_from_those_that_were_left() -> None:
    link, wire, dropped = dropping()
    before, left, after = link.call(("GET", "x")), link.sunsubscribe([b"a"]), link.call(("GET", "y"))
    await asyncio.sleep(0)
    assert b"SUNSUBSCRIBE" in wire.written[0]
    link.data_received(push(b"sunsubscribe", b"b", b"1") + b"$1\r\nx\r\n")
    link.data_received(push(b"sunsubscribe", b"c", b"1") + push(b"sunsubscribe", b"a", b"0") + b"+PONG\r\n$1\r\ny\r\n")
    link.data_received(push(b"sunsubscribe", b"a", b"0"))
    assert dropped == [b"b", b"c", b"a"]
    assert (await before, await left, await after) == ([b"x"], [b"PONG"], [b"y"])


async def test_leaving_what_was_dropped_before_is_refused_and_harms_nobody() -> None:
    link, _, dropped = dropping()
    left, after = link.sunsubscribe([b"a"]), link.call(("GET", "y"))
    link.data_received(push(b"sunsubscribe", b"a", b"0") + b"-MOVED 1 host:1\r\n+PONG\r\n$1\r\ny\r\n")
    with pytest.raises(RefusedError, match="MOVED"):
        await left
    assert await after == [b"y"]
    assert dropped == []


async def test_a_loss_fails_all_that_waits_and_all_that_follows() -> None:
    link, _, _ = connected()
    waiting = link.call(("PING",))
    link.connection_lost(None)
    assert link.lost.done()
    for call in (waiting, link.call(("PING",)), link.subscribe([b"a"])):
        with pytest.raises(ConnectionError):
            await call
    link.abort()


async def test_an_abandoned_call_keeps_its_place() -> None:
    link, _, _ = connected()
    abandoned, next_one = link.call(("GET", "a")), link.call(("GET", "b"))
    abandoned.cancel()
    link.data_received(b"$1\r\na\r\n$1\r\nb\r\n")
    assert await next_one == [b"b"]


@pytest.mark.parametrize("data", [b"HTTP/1.1 400 Bad Request\r\n", b"+unasked\r\n"])
async def test_a_server_that_speaks_something_else_is_cut_off(data: bytes) -> None:
    link, wire, _ = connected()
    link.data_received(data)
    assert wire.aborted


async def test_silence_is_noticed() -> None:
    link, _, _ = connected()
    assert not await link.answers(0.001)
    link.connection_lost(None)
    assert not await link.answers(0.001)


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=5), st.integers(1, 30))
def test_reads_may_be_cut_anywhere(payloads: list[bytes], size: int) -> None:
    async def receive() -> list[tuple[bytes, bytes]]:
        link, _, heard = connected()
        stream = b"".join(push(b"message", b"c", payload) for payload in payloads)
        for start in range(0, len(stream), size):
            link.data_received(stream[start : start + size])
        return heard

    assert [data for _, data in asyncio.run(receive())] == payloads


def test_commands_are_packed_with_lengths_in_bytes() -> None:
    assert pack(("SET", "ü", b"\r\n", 12)) == b"*4\r\n$3\r\nSET\r\n$2\r\n\xc3\xbc\r\n$2\r\n\r\n\r\n$2\r\n12\r\n"
