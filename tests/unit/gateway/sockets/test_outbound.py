from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.sockets.frames import frame
from gateway.sockets.outbound import BATCH_BOUNDS, HIGH_WATER, fan_out

from .stage import FakeTransport, Stage, closing, tick

LIMIT = 1024 * 1024


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    stage.server.stop()


async def test_frames_of_one_tick_leave_in_one_write(stage: Stage) -> None:
    transport, driver, _ = stage.connect()
    frames = [frame(b"%d" % number, True) for number in range(10)]
    for each in frames:
        driver.send(each)
    assert not transport.writes
    await tick()
    assert transport.writes == [b"".join(frames)]
    driver.send(b"next")
    await tick()
    assert transport.writes[1:] == [b"next"]


async def test_one_call_soon_flushes_all_connections(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    drivers = [stage.connect()[1] for _ in range(20)]
    loop = asyncio.get_running_loop()
    await tick()
    scheduled: list[object] = []
    real = loop.call_soon

    def call_soon(callback: Any, *args: Any, **options: Any) -> asyncio.Handle:
        scheduled.append(callback)
        return real(callback, *args, **options)

    monkeypatch.setattr(loop, "call_soon", call_soon)
    for driver in drivers:
        driver.send(b"x")
    fan_out(drivers, b"y")
    monkeypatch.undo()
    assert len(scheduled) == 1
    await tick()
    assert all(driver.transport.writes == [b"xy"] for driver in drivers)  # type: ignore[attr-defined]  # the fake


async def test_fan_out_reaches_everybody_once_and_says_how_many(stage: Stage) -> None:
    drivers = [stage.connect()[1] for _ in range(5)]
    drivers[1].send(b"busy")
    drivers[2].close(3001, "shutdown")
    assert fan_out(set(drivers), b"news") == 4
    assert fan_out([], b"news") == 0
    await tick()
    sent = [b"".join(driver.transport.writes) for driver in drivers]  # type: ignore[attr-defined]  # the fake
    assert sent == [b"news", b"busynews", closing(3001, "shutdown"), b"news", b"news"]


async def test_a_ping_overtakes_what_is_queued(stage: Stage) -> None:
    transport, driver, _ = stage.connect()
    driver.send_first(b"ping")
    driver.send(b"a")
    driver.send_first(b"first")
    await tick()
    assert transport.writes == [b"firstpinga"]


async def test_a_ping_overtakes_the_queue_of_a_stalled_connection(stage: Stage) -> None:
    transport, driver, _ = stage.connect(FakeTransport(room=0))
    driver.send(b"a" * (HIGH_WATER + 1))
    await tick()
    driver.send(b"b")
    driver.send_first(b"ping")
    await tick()
    assert len(transport.writes) == 1
    transport.drain()
    assert transport.writes[1:] == [b"pingb"]


async def test_a_stalled_transport_gets_nothing_more_until_it_drains(stage: Stage) -> None:
    transport, driver, peer = stage.connect(FakeTransport(room=0))
    piece = b"x" * 10_000
    for _ in range(30):
        driver.send(piece)
        await tick()
    assert transport.buffered <= HIGH_WATER + len(piece)
    assert driver.backlog == 300_000
    while driver.backlog:
        transport.drain()
    assert transport.sent == piece * 30
    assert not peer.closings
    driver.send(b"again")
    await tick()
    assert transport.writes[-1] == b"again"


async def test_a_long_queue_is_handed_over_in_pieces(stage: Stage) -> None:
    transport, driver, _ = stage.connect(FakeTransport(room=0))
    driver.send(b"x" * (HIGH_WATER + 1))
    await tick()
    for _ in range(50):
        driver.send(b"y" * 10_000)
    transport.drain()
    assert max(map(len, transport.writes[1:])) <= HIGH_WATER + 10_000
    assert transport.buffered <= 2 * HIGH_WATER + 20_000


async def test_a_burst_that_the_socket_takes_is_not_slow(stage: Stage) -> None:
    transport, driver, peer = stage.connect()
    for _ in range(400):
        driver.send(b"x" * 10_000)
    await tick()
    assert len(transport.sent) == 4_000_000
    assert not peer.closings


async def test_slow_reader_is_disconnected_and_the_others_do_not_notice(stage: Stage) -> None:
    slow, slow_driver, slow_peer = stage.connect(FakeTransport(room=0))
    quick, quick_driver, quick_peer = stage.connect()
    news = frame(b"x" * 50_000, True)
    sent = 0
    while not slow_peer.closings:
        assert sent < 50, "never cut"
        sent += 1
        fan_out((slow_driver, quick_driver), news)
        await tick()
        assert slow_driver.backlog <= LIMIT
    assert slow_peer.closings == [(3008, "slow")]
    assert slow.writes[-1] == closing(3008, "slow")
    assert sent * len(news) > LIMIT - len(news)
    assert not slow_driver.queue
    assert fan_out((slow_driver, quick_driver), news) == 1
    await tick()
    assert quick.sent == news * (sent + 1)
    assert not quick_peer.closings
    assert ("closed", "test", 3008) in stage.counts.seen


async def test_the_peer_is_told_in_the_same_tick_but_not_from_inside_the_fan_out(stage: Stage) -> None:
    _, driver, peer = stage.connect(FakeTransport(room=0))
    readers = {driver}
    peer.closed = lambda code, reason: readers.clear()  # type: ignore[method-assign]  # a hub that loses a reader
    for _ in range(30):
        fan_out(readers, b"x" * 50_000)
        await tick()
    assert not readers


async def test_a_slow_reader_is_reset_after_five_seconds(stage: Stage) -> None:
    transport, driver, _ = stage.connect(FakeTransport(room=0))
    while driver.open:
        driver.send(b"x" * 100_000)
    stage.pass_time(4.5)
    assert not transport.aborted
    stage.pass_time(1)
    assert transport.aborted


async def test_the_peer_hears_when_the_backlog_is_below_half(stage: Stage) -> None:
    transport, driver, peer = stage.connect(FakeTransport(room=0))
    for _ in range(9):
        driver.send(b"x" * 100_000)
        await tick()
    assert driver.congested
    assert peer.relieved == 0
    while peer.relieved == 0:
        assert driver.congested
        transport.drain()
    assert not driver.congested


async def test_the_peer_hears_after_one_frame_that_fills_the_bound(stage: Stage) -> None:
    transport, driver, peer = stage.connect(FakeTransport(room=0))
    driver.send(b"x" * 600_000)
    await tick()
    assert driver.congested
    transport.drain()
    assert peer.relieved == 1


async def test_close_lets_go_what_the_socket_takes_and_nothing_after_it(stage: Stage) -> None:
    transport, driver, peer = stage.connect()
    driver.send(b"answer")
    driver.close(3501, "bad request")
    driver.send(b"too late")
    driver.send_first(b"too late")
    driver.close(3004, "internal server error")
    assert not peer.closings
    await tick()
    assert transport.sent == b"answer" + closing(3501, "bad request")
    assert peer.closings == [(3501, "bad request")]


async def test_close_drops_the_queue_of_a_stalled_connection(stage: Stage) -> None:
    transport, driver, _ = stage.connect(FakeTransport(room=0))
    first = b"x" * (HIGH_WATER + 1)
    driver.send(first)
    await tick()
    driver.send(b"dropped")
    driver.close(3001, "shutdown")
    await tick()
    transport.drain()
    assert transport.sent == first + closing(3001, "shutdown")


async def test_a_transport_that_refuses_a_write_hurts_nobody_else(stage: Stage) -> None:
    broken, broken_driver, broken_peer = stage.connect()
    fine, fine_driver, _ = stage.connect()
    broken.eof = True  # its write raises
    for driver in (broken_driver, fine_driver):
        driver.send(b"x")
    await tick()
    assert fine.sent == b"x"
    broken_driver.connection_lost(None)
    assert broken_peer.closings == [(1006, "")]


async def test_writes_are_counted_by_their_number_of_frames(stage: Stage) -> None:
    _, driver, _ = stage.connect()
    for count in (1, 1, 2, 3, 300):
        for _ in range(count):
            driver.send(b"x")
        await tick()
    flusher = stage.server.flusher
    assert flusher.frames == 307
    assert len(flusher.batches) == len(BATCH_BOUNDS) + 1
    assert flusher.batches == [2, 1, 1, 0, 0, 0, 0, 0, 1]


async def test_the_server_adds_up_the_backlog(stage: Stage) -> None:
    for _ in range(2):
        _, driver, _ = stage.connect(FakeTransport(room=0))
        driver.send(b"x" * 100_000)
        driver.send(b"y" * 1_000)
    await tick()
    assert stage.server.backlog == 2 * 101_000
