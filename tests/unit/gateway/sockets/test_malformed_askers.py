"""Clients that ask for more than they read."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.sockets.close import Close
from gateway.sockets.outbound import HIGH_WATER

from .stage import FakeTransport, Stage, tick

INTERVAL = 25.0
FRAME = b"x" * (HIGH_WATER + 1)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    stage.server.stop()


async def test_who_takes_nothing_between_two_pings_is_cut_off_although_he_is_not_read(stage: Stage) -> None:
    transport, driver, peer = stage.connect(FakeTransport(room=0))
    driver.pause_reading()  # too much was asked
    driver.send(FRAME)
    await tick()
    assert transport.stalled
    stage.pass_time(INTERVAL - 1)
    assert not peer.closings
    stage.pass_time(INTERVAL)
    await tick()
    assert peer.closings == [Close.SLOW.value]


async def test_who_takes_a_little_is_not(stage: Stage) -> None:
    transport, driver, peer = stage.connect(FakeTransport(room=0))
    driver.pause_reading()
    driver.send(FRAME)
    await tick()
    for _ in range(8):
        transport.drain(1000)
        stage.pass_time(INTERVAL)
    assert transport.stalled
    assert not peer.closings


async def test_who_has_taken_everything_starts_anew(stage: Stage) -> None:
    transport, driver, peer = stage.connect(FakeTransport(room=0))
    driver.pause_reading()
    for _ in range(4):
        driver.send(FRAME)
        await tick()
        stage.pass_time(INTERVAL - 5)
        transport.drain()
        transport.room = 0
        stage.pass_time(5)
    assert not peer.closings
