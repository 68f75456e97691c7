"""Time and broken peers; real connections are in the integration tests."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from push.providers import frames
from push.providers.exchange import Call, NotSentError, UnknownFateError
from push.providers.frames import frame
from push.providers.http2 import PING_AFTER, PONG_WITHIN, Connection
from tests.support.virtual_time import settled

CALL = Call(b"/", ((b":method", b"POST"), (b":scheme", b"https")), (), b"body")
SETTINGS = frame(frames.SETTINGS, 0, 0, b"")
OK = frame(frames.HEADERS, frames.END_HEADERS | frames.END_STREAM, 1, b"\x88")


class Wire:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.closed: list[Connection] = []
        self.written = b""
        self.connection = Connection(self.closed.append)
        self._closing = False
        self.connection.connection_made(cast(Any, self))  # Any: as much of a transport as is needed

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            asyncio.get_running_loop().call_soon(self.connection.connection_lost, None)

    abort = close

    async def kinds(self) -> list[int]:
        """Of the frames written since the last time."""
        await settled()
        data, self.written = self.written.removeprefix(frames.PREFACE), b""
        return [kind for kind, *_ in frames.FrameReader().read(data)]


def deadline(seconds: float = 20) -> float:
    return asyncio.get_running_loop().time() + seconds


async def begun() -> Wire:
    wire = Wire()
    wire.connection.data_received(SETTINGS)
    await wire.connection.ready
    assert await wire.kinds() == [frames.SETTINGS, frames.WINDOW_UPDATE, frames.SETTINGS]
    return wire


async def test_requests_of_one_tick_leave_in_one_write() -> None:
    wire = await begun()
    tasks = [asyncio.ensure_future(wire.connection.request(CALL, deadline())) for _ in range(3)]
    assert await wire.kinds() == [frames.HEADERS, frames.DATA] * 3
    wire.connection.abort()
    assert all(isinstance(end, UnknownFateError) for end in await asyncio.gather(*tasks, return_exceptions=True))


async def test_an_answer_ends_its_request_alone() -> None:
    wire = await begun()
    first, second = (asyncio.ensure_future(wire.connection.request(CALL, deadline())) for _ in range(2))
    await settled()
    wire.connection.data_received(OK)
    assert (await first).status == 200
    assert not second.done()
    wire.connection.abort()
    await asyncio.wait([second])
    assert isinstance(second.exception(), UnknownFateError)


async def test_a_silent_connection_is_pinged_and_kept_if_it_answers() -> None:
    wire = await begun()
    await asyncio.sleep(PING_AFTER + 1)
    assert await wire.kinds() == [frames.PING]
    wire.connection.data_received(frame(frames.PING, frames.ACK, 0, bytes(8)))
    await asyncio.sleep(PONG_WITHIN + 1)
    assert wire.connection.usable
    wire.connection.abort()


async def test_a_connection_that_stays_silent_is_dropped() -> None:
    wire = await begun()
    await asyncio.sleep(PING_AFTER + PONG_WITHIN + 1)
    assert wire.closed == [wire.connection]
    assert wire.connection.lost.done()


async def test_a_request_without_answer_makes_the_connection_prove_itself() -> None:
    wire = await begun()
    with pytest.raises(UnknownFateError):
        await wire.connection.request(CALL, deadline(3))
    assert await wire.kinds() == [frames.HEADERS, frames.DATA, frames.RST_STREAM, frames.PING]
    await asyncio.sleep(PONG_WITHIN + 1)
    assert wire.connection.lost.done()


async def test_a_request_that_waits_for_a_stream_was_not_sent() -> None:
    wire = Wire()
    wire.connection.data_received(frame(frames.SETTINGS, 0, 0, frames.SETTING.pack(frames.MAX_STREAMS, 0)))
    with pytest.raises(NotSentError):
        await wire.connection.request(CALL, deadline(3))
    assert frames.HEADERS not in await wire.kinds()
    wire.connection.abort()


async def test_after_goaway_what_waits_goes_elsewhere_and_the_rest_ends() -> None:
    wire = Wire()
    wire.connection.data_received(frame(frames.SETTINGS, 0, 0, frames.SETTING.pack(frames.MAX_STREAMS, 2)))
    tasks = [asyncio.ensure_future(wire.connection.request(CALL, deadline())) for _ in range(3)]
    await settled()
    wire.connection.data_received(frame(frames.GOAWAY, 0, 0, frames.word(1) + frames.word(0)))
    await settled()
    assert [task.done() for task in tasks] == [False, True, True]
    assert (await wire.kinds()).count(frames.HEADERS) == 2
    wire.connection.data_received(OK)
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(end).__name__ for end in ends] == ["Answer", "NotSentError", "NotSentError"]
    await settled()
    assert wire.connection.lost.done()


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        frame(frames.PUSH_PROMISE, 4, 1, bytes(4)),
        frame(frames.PING, 0, 0, b"short"),
        frame(frames.WINDOW_UPDATE, 0, 0, frames.word(0)),
        frame(frames.WINDOW_UPDATE, 0, 0, frames.word(2**31 - 1)),
        frame(frames.SETTINGS, 0, 0, frames.SETTING.pack(frames.INITIAL_WINDOW, 2**31)),
        frame(frames.SETTINGS, 0, 0, frames.SETTING.pack(frames.MAX_FRAME, 5)),
        frame(frames.HEADERS, frames.END_HEADERS, 1, b"\x80"),
        frame(frames.HEADERS, frames.END_HEADERS, 1, b"\x85"),
        frame(frames.DATA, 0, 1, b"early"),
        frame(frames.RST_STREAM, 0, 1, b""),
        frame(frames.GOAWAY, 0, 0, b""),
    ],
    ids=lambda data: str(data[3:14]),
)
async def test_a_peer_that_breaks_the_protocol_is_left(data: bytes) -> None:
    wire = await begun()
    task = asyncio.ensure_future(wire.connection.request(CALL, deadline()))
    await settled()
    wire.connection.data_received(data)
    wire.connection.data_received(data)
    assert (await wire.kinds())[-1] == frames.GOAWAY
    await asyncio.wait([task])
    assert isinstance(task.exception(), UnknownFateError)
    assert wire.closed == [wire.connection]


async def test_settings_that_never_come_are_a_failed_connection() -> None:
    wire = Wire()
    wire.connection.abort()
    with pytest.raises(ConnectionError):
        await wire.connection.ready


async def test_unknown_frames_and_pings_are_part_of_the_protocol() -> None:
    wire = await begun()
    wire.connection.data_received(frame(0xEE, 0xFF, 7, b"?") + frame(frames.PING, 0, 0, b"12345678"))
    assert await wire.kinds() == [frames.PING]
    assert wire.connection.usable
    wire.connection.abort()


async def test_credit_is_given_back() -> None:
    wire = await begun()
    for _ in range(20):
        wire.connection.data_received(frame(frames.DATA, 0, 99, bytes(16384)))
    assert await wire.kinds() == [frames.WINDOW_UPDATE]
    wire.connection.abort()
