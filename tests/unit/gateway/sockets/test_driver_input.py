from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from .stage import FakeTransport, Stage, masked, tick


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    stage.server.stop()


# What arrives.


async def test_messages_arrive_whole_and_in_order_whatever_the_opcode(stage: Stage) -> None:
    _, driver, peer = stage.connect()
    driver.data_received(masked(b"one") + masked(b"\x00two", Opcode.BINARY) + masked(b""))
    assert peer.messages == [b"one", b"\x00two", b""]
    assert all(type(message) is bytes for message in peer.messages)


async def test_bytes_may_be_cut_anywhere(stage: Stage) -> None:
    _, driver, peer = stage.connect()
    for byte in masked(b"hello") + masked(b"x" * 300):
        driver.data_received(bytes((byte,)))
    assert peer.messages == [b"hello", b"x" * 300]


async def test_fragments_are_joined_and_pings_may_come_between(stage: Stage) -> None:
    transport, driver, peer = stage.connect()
    driver.data_received(masked(b"one ", fin=False) + masked(b"?", Opcode.PING))
    driver.data_received(masked(b"two ", Opcode.CONT, fin=False) + masked(b"", Opcode.CONT, fin=False))
    assert not peer.messages
    driver.data_received(masked(b"three", Opcode.CONT) + masked(b"next"))
    assert peer.messages == [b"one two three", b"next"]
    await tick()
    assert transport.sent == Frame(Opcode.PONG, b"?").serialize(mask=False)


@pytest.mark.parametrize("pieces", [1, 2])
async def test_a_message_over_the_limit_closes_with_1009(stage: Stage, pieces: int) -> None:
    transport, driver, peer = stage.connect()
    driver.data_received(masked(b"good"))
    if pieces == 1:
        driver.data_received(masked(b"x" * 1001))
    else:
        driver.data_received(masked(b"x" * 600, fin=False) + masked(b"x" * 600, Opcode.CONT))
    await tick()
    assert peer.messages == [b"good"]
    assert transport.sent[2:4] == (1009).to_bytes(2)
    assert transport.eof, "half closed: the client may still be sending"
    assert not transport.closed
    assert [code for code, _ in peer.closings] == [1009]
    driver.data_received(masked(b"more") * 100)
    assert peer.messages == [b"good"]
    stage.pass_time(6)
    assert transport.aborted


async def test_a_message_at_the_limit_is_fine(stage: Stage) -> None:
    _, driver, peer = stage.connect()
    driver.data_received(masked(b"x" * 600, fin=False) + masked(b"x" * 400, Opcode.CONT))
    driver.data_received(masked(b"x" * 1000))
    assert [len(message) for message in peer.messages] == [1000, 1000]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (Frame(Opcode.TEXT, b"not masked").serialize(mask=False), 1002),
        (b"\x83\x80\x00\x00\x00\x00", 1002),  # unknown opcode
        (b"\xc1\x80\x00\x00\x00\x00", 1002),  # reserved bit without an extension
        (masked(b"x", Opcode.CONT), 1002),
        (masked(b"x", fin=False) + masked(b"y"), 1002),
        (masked(b"", Opcode.CLOSE)[:1] + b"\x81" + b"\x00\x00\x00\x00" + b"\x03", 1002),  # half a code
        (masked((1000).to_bytes(2) + b"\xff", Opcode.CLOSE), 1007),
    ],
    ids=["unmasked", "opcode", "reserved", "continuation", "interleaved", "half-code", "reason"],
)
async def test_violations_of_rfc_6455_close(stage: Stage, wrong: bytes, code: int) -> None:
    transport, driver, peer = stage.connect()
    driver.data_received(masked(b"good") + wrong + masked(b"never"))
    await tick()
    assert peer.messages == [b"good"]
    assert transport.sent[2:4] == code.to_bytes(2)
    assert [code for code, _ in peer.closings] == [code]


async def test_over_tls_a_violation_closes_the_whole_socket(stage: Stage) -> None:
    transport, driver, _ = stage.connect(FakeTransport(tls=True))
    driver.data_received(b"\x83\x80\x00\x00\x00\x00")
    assert transport.closed


async def test_pongs_for_someone_who_does_not_read_count_as_backlog(stage: Stage) -> None:
    _, driver, peer = stage.connect(FakeTransport(room=0))
    ping = masked(b"x" * 125, Opcode.PING) * 100
    for _ in range(200):
        driver.data_received(ping)
        await tick()
    assert peer.closings == [(3008, "slow")]


@hypothesis_settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=60), max_size=8))
def test_no_bytes_break_the_driver(chunks: list[bytes]) -> None:
    async def feed() -> None:
        stage = Stage()
        _, driver, peer = stage.connect()
        for chunk in chunks:
            driver.data_received(chunk)
        driver.connection_lost(None)
        assert len(peer.closings) == 1
        stage.server.stop()

    asyncio.run(feed())
