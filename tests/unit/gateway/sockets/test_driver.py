from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.frames import Opcode

from gateway.sockets.endpoint import Link
from gateway.sockets.frames import PING_FRAME, frame

from .stage import FakeTransport, OpenEndpoint, RecordingPeer, Stage, closing, masked, request, tick


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    stage.server.stop()


# How it ends.


async def test_the_clients_close_is_echoed(stage: Stage) -> None:
    transport, driver, peer = stage.connect()
    driver.send(b"queued")
    driver.data_received(masked((1001).to_bytes(2) + b"going away", Opcode.CLOSE) + masked(b"never"))
    assert peer.closings == [(1001, "going away")]
    assert transport.sent == b"queued" + closing(1001, "going away")
    assert transport.closed
    driver.connection_lost(None)
    await tick()
    assert len(peer.closings) == 1
    assert not peer.messages
    assert stage.counts.seen == [("opened", "test"), ("closed", "test", 1001)]
    assert not stage.server.connections


async def test_a_close_without_code_is_1005(stage: Stage) -> None:
    transport, driver, peer = stage.connect()
    driver.data_received(masked(b"", Opcode.CLOSE))
    assert peer.closings == [(1005, "")]
    assert transport.sent == b"\x88\x00"


async def test_the_servers_close_waits_for_the_clients(stage: Stage) -> None:
    transport, driver, peer = stage.connect()
    driver.close(3001, "shutdown")
    await tick()
    assert transport.sent == closing(3001, "shutdown")
    assert not transport.closed
    driver.data_received(masked(b"late") + masked(b"?", Opcode.PING))
    await tick()
    assert transport.sent == closing(3001, "shutdown")
    driver.data_received(masked((3001).to_bytes(2), Opcode.CLOSE))
    assert transport.closed
    assert peer.closings == [(3001, "shutdown")]
    assert not peer.messages


async def test_a_client_that_does_not_answer_the_close_is_reset_after_five_seconds(stage: Stage) -> None:
    transport, driver, _ = stage.connect()
    driver.close(3001, "shutdown")
    stage.pass_time(4.5)
    assert not transport.aborted
    stage.pass_time(1)
    assert transport.aborted
    driver.connection_lost(None)
    assert not stage.server.connections


async def test_a_lost_socket_is_1006(stage: Stage) -> None:
    _, driver, peer = stage.connect()
    driver.connection_lost(ConnectionResetError())
    assert peer.closings == [(1006, "")]
    driver.send(b"x")
    driver.close(3001, "shutdown")
    assert driver.backlog == 0
    await tick()
    assert peer.closings == [(1006, "")]


async def test_a_half_closed_socket_is_1006_at_once(stage: Stage) -> None:
    transport, driver, peer = stage.connect()
    driver.eof_received()
    assert peer.closings == [(1006, "")]
    stage.pass_time(6)
    assert transport.aborted
    driver.connection_lost(None)
    assert len(peer.closings) == 1


async def test_a_socket_lost_in_the_tick_of_the_close_reports_the_close(stage: Stage) -> None:
    _, driver, peer = stage.connect()
    driver.close(3012, "no pong")
    driver.connection_lost(None)
    await tick()
    assert peer.closings == [(3012, "no pong")]


async def test_closing_resumes_reading_to_hear_the_answer(stage: Stage) -> None:
    transport, driver, _ = stage.connect()
    driver.pause_reading()
    assert transport.paused
    driver.close(3001, "shutdown")
    assert not transport.paused
    driver.pause_reading()
    assert not transport.paused


async def test_a_peer_may_close_on_the_very_bytes_that_close(stage: Stage) -> None:
    transport, driver, peer = stage.connect()
    peer.on_message = lambda peer, payload: peer.link.close(3501, "bad request")
    driver.data_received(masked(b"bad") + masked((1000).to_bytes(2), Opcode.CLOSE))
    await tick()
    assert transport.sent == closing(1000)
    assert transport.closed
    assert peer.closings == [(3501, "bad request")]


async def test_after_its_close_a_peer_hears_nothing_more(stage: Stage) -> None:
    _, driver, peer = stage.connect()
    peer.on_message = lambda peer, payload: peer.link.close(3501, "bad request")
    driver.data_received(masked(b"bad") + masked(b"more"))
    await tick()
    assert peer.messages == [b"bad"]


async def test_a_close_code_that_cannot_be_sent_becomes_3004(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    transport, driver, peer = stage.connect()
    driver.close(1006, "")
    await tick()
    assert transport.sent == closing(3004, "internal server error")
    assert len(peer.closings) == 1
    assert len(caplog.records) == 1


# What peers do wrong.


@pytest.mark.parametrize("method", ["received", "ping", "writable"])
async def test_what_a_peer_raises_is_logged_once_and_closes(
    stage: Stage, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    transport, driver, peer = stage.connect(FakeTransport(room=0 if method == "writable" else float("inf")))

    def fail(*_: object) -> None:
        raise RuntimeError("secret")

    setattr(peer, method, fail)
    if method == "received":
        driver.data_received(masked(b"x"))
    elif method == "ping":
        stage.pass_time(26)
    else:
        driver.send(b"x" * 100_000)
        await tick()
        transport.drain()
    await tick()
    assert peer.closings == [(3004, "internal server error")]
    assert closing(3004, "internal server error") in transport.sent
    assert len([record for record in caplog.records if record.exc_info]) == 1


async def test_a_peer_that_cannot_be_made_closes(caplog: pytest.LogCaptureFixture) -> None:
    def fail(link: Link) -> RecordingPeer:
        raise RuntimeError("secret")

    stage = Stage(OpenEndpoint(fail))
    transport = stage.upgrade()
    await tick()
    assert transport.sent.endswith(closing(3004, "internal server error"))
    assert stage.counts.seen == [("opened", "test"), ("closed", "test", 3004)]
    assert len([record for record in caplog.records if record.exc_info]) == 1
    stage.server.stop()


async def test_a_peer_that_fails_at_its_end_is_logged(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    _, driver, peer = stage.connect()
    peer.closed = lambda code, reason: 1 // 0  # type: ignore[method-assign, assignment]  # fails
    driver.connection_lost(None)
    assert len([record for record in caplog.records if record.exc_info]) == 1
    assert not stage.server.connections


async def test_a_peer_may_send_and_close_while_it_is_made(stage: Stage) -> None:
    def make(link: Link) -> RecordingPeer:
        link.send(link.frame(b"hello"))
        link.close(3503, "force disconnect")
        return RecordingPeer(link)

    stage.endpoint.answer = OpenEndpoint(make).answer
    transport = stage.upgrade()
    await tick()
    assert transport.sent.endswith(frame(b"hello", True) + closing(3503, "force disconnect"))
    assert ("closed", "test", 3503) in stage.counts.seen


# Keepalive.


async def test_pings_leave_on_schedule_and_pongs_keep_the_connection(stage: Stage) -> None:
    transport, driver, peer = stage.connect()
    stage.pass_time(13)
    for number in range(1, 5):
        await tick()
        assert transport.sent == frame(b"{}", True) * number
        driver.pong()
        stage.pass_time(25)
    assert not peer.closings


async def test_no_pong_closes_with_3012(stage: Stage) -> None:
    transport, driver, peer = stage.connect()
    stage.pass_time(25)
    driver.data_received(masked(b"traffic is no pong") + masked(b"", Opcode.PONG))
    await tick()
    assert peer.closings == [(3012, "no pong")]
    assert transport.sent.endswith(closing(3012, "no pong"))


async def test_the_pong_clock_stands_still_while_reading_is_paused(stage: Stage) -> None:
    _, driver, peer = stage.connect()
    stage.pass_time(13)
    driver.pause_reading()
    stage.pass_time(100)
    await tick()
    assert not peer.closings
    driver.resume_reading()
    stage.pass_time(11)
    await tick()
    assert peer.closings == [(3012, "no pong")]


async def test_a_protocol_ping_is_answered_by_a_protocol_pong(stage: Stage) -> None:
    transport, driver, peer = stage.connect()
    peer.ping_frame = PING_FRAME
    stage.pass_time(13)
    for _ in range(4):
        driver.data_received(masked(b"", Opcode.PONG))
        stage.pass_time(25)
    await tick()
    assert transport.sent == PING_FRAME * 5
    assert not peer.closings
    stage.pass_time(10)
    await tick()
    assert peer.closings == [(3012, "no pong")]


async def test_alarms_ring_and_can_be_cancelled(stage: Stage) -> None:
    _, driver, _ = stage.connect()
    rung: list[str] = []
    driver.alarm(10, lambda: rung.append("a"))
    driver.alarm(10, lambda: rung.append("b")).cancel()
    stage.pass_time(9.5)
    assert not rung
    stage.pass_time(1)
    assert rung == ["a"]


async def test_an_ended_connection_leaves_no_timer_and_no_reference(stage: Stage) -> None:
    _, driver, peer = stage.connect()
    stage.pass_time(13)
    driver.close(3001, "shutdown")
    await tick()
    driver.connection_lost(None)
    assert not stage.server.wheel._slots
    assert driver.peer is None
    assert peer.closings


# Frames.


@pytest.mark.parametrize("text", [True, False])
async def test_frames_have_the_opcode_of_the_connection(text: bool) -> None:
    stage = Stage(OpenEndpoint(text=text))
    _, driver, _ = stage.connect()
    assert driver.frame(b"x" * 500) == frame(b"x" * 500, text)
    stage.server.stop()


async def test_with_compression_both_ways_work_and_the_limit_is_that_of_the_message() -> None:
    stage = Stage(compression=True)
    head = request("/ws", "sec-websocket-extensions: permessage-deflate")
    transport = stage.upgrade(head=head)
    driver: Any = transport.protocol
    peer = driver.peer

    def deflated(payload: bytes) -> bytes:
        packer = zlib.compressobj(wbits=-15)
        data = packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH)
        return _rsv1(data[:-4])

    driver.data_received(deflated(b"hello " * 100))
    driver.data_received(deflated(b"hello " * 100))
    driver.data_received(masked(b"plain"))
    assert peer.messages == [b"hello " * 100, b"hello " * 100, b"plain"]
    built = driver.frame(b"answer " * 100)
    assert built[0] == 0xC1
    assert len(built) < 100
    assert driver.frame(b"answer " * 100) == built, "frames do not depend on each other"
    assert driver.frame(b"{}") == frame(b"{}", True)
    driver.data_received(deflated(b"x" * 100_000))
    await tick()
    assert [code for code, _ in peer.closings] == [1009]
    stage.server.stop()


def _rsv1(payload: bytes) -> bytes:
    plain = bytearray(masked(payload))
    plain[0] |= 0x40
    return bytes(plain)
