"""The smallest frames by the thousand, and what everybody else gets meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from websockets.frames import Opcode

from gateway.sockets.close import Close
from gateway.sockets.inbound import FLURRIES, FLURRY, PORTION, REST
from tests.support.patience import until

from .stage import FakeTransport, Stage, masked, tick

TINY = masked(b"")


def is_read(transport: FakeTransport) -> bool:
    return not transport.paused


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage(max_connections=10)
    yield stage
    stage.server.stop()


async def test_a_flurry_is_read_up_to_a_portion_then_the_connection_rests(stage: Stage) -> None:
    transport, driver, peer = stage.connect()
    driver.data_received(TINY * 10_000)
    assert len(peer.messages) == PORTION // len(TINY)
    assert not is_read(transport)
    await tick()
    assert len(peer.messages) == PORTION // len(TINY), "not yet"
    loop = asyncio.get_running_loop()
    started = loop.time()
    await until(lambda: len(peer.messages) > PORTION // len(TINY) + 1)
    assert loop.time() - started > REST / 2


async def test_frames_of_ordinary_size_are_read_in_turns_without_a_rest(stage: Stage) -> None:
    transport, driver, peer = stage.connect()
    _, other, heard = stage.connect()
    driver.data_received(masked(b"x" * 100) * 1000)
    assert FLURRY < len(peer.messages) < 1000
    assert not is_read(transport)
    other.data_received(masked(b"hello"))
    assert heard.messages == [b"hello"], "the others do not wait"
    await until(lambda: len(peer.messages) == 1000)
    assert is_read(transport)
    assert peer.messages == [b"x" * 100] * 1000


async def test_a_large_message_passes_in_one_turn(stage: Stage) -> None:
    stage.endpoint.answer = type(stage.endpoint)(max_message=1 << 20).answer
    transport, driver, peer = stage.connect()
    driver.data_received(masked(b"x" * 1_000_000))
    assert [len(message) for message in peer.messages] == [1_000_000]
    assert is_read(transport)


async def test_nothing_but_flurries_ends_the_connection(stage: Stage) -> None:
    transport, driver, peer = stage.connect()
    driver.data_received(masked(b"", Opcode.TEXT, fin=False) + masked(b"", Opcode.CONT, fin=False) * 50_000)
    await until(lambda: bool(peer.closings))
    assert peer.closings == [Close.TOO_MANY_REQUESTS.value]
    assert transport.sent[2:4] == Close.TOO_MANY_REQUESTS.code.to_bytes(2)


async def test_a_flurry_now_and_then_does_not(stage: Stage) -> None:
    _, driver, peer = stage.connect()
    for _ in range(FLURRIES + 5):
        driver.data_received(TINY * (FLURRY + 1))
        driver._go_on()  # as after the rest
        driver.data_received(masked(b"something to say"))
    assert not peer.closings
    assert peer.messages.count(b"something to say") == FLURRIES + 5


async def test_a_peer_that_reads_no_more_is_obeyed_after_the_rest(stage: Stage) -> None:
    transport, driver, _ = stage.connect()
    driver.data_received(TINY * (FLURRY + 1))
    driver.pause_reading()
    driver._go_on()
    assert not is_read(transport)
    driver.resume_reading()
    assert is_read(transport)


async def test_a_rest_is_not_cut_short_by_a_peer_that_reads_on(stage: Stage) -> None:
    transport, driver, _ = stage.connect()
    driver.data_received(TINY * (FLURRY + 1))
    driver.pause_reading()
    driver.resume_reading()
    assert not is_read(transport)
    driver._go_on()
    assert is_read(transport)


async def test_what_tls_hands_over_during_a_rest_is_not_lost(stage: Stage) -> None:
    _, driver, peer = stage.connect(FakeTransport(tls=True))
    driver.data_received(TINY * (FLURRY + 1))
    driver.data_received(masked(b"one"))
    driver.data_received(masked(b"two"))
    assert len(peer.messages) == FLURRY + 1
    driver._go_on()
    assert peer.messages[-2:] == [b"one", b"two"]


async def test_nothing_happens_after_the_socket_is_gone(stage: Stage) -> None:
    _, driver, peer = stage.connect()
    driver.data_received(TINY * 10_000)
    driver.connection_lost(None)
    await asyncio.sleep(REST * 2)
    assert len(peer.messages) == PORTION // len(TINY)
    assert driver.unread is None
