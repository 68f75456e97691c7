from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.sockets.frames import PING_FRAME
from gateway.sockets.keepalive import Keepalive
from gateway.sockets.wheel import Wheel

from .stage import Clock


class Link:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.pings: list[float] = []
        self.closed: tuple[int, str] | None = None
        self.frame: bytes | None = b"\x81\x02{}"

    def next_ping(self) -> bytes | None:
        return self.frame

    def send_first(self, frame: bytes) -> None:
        self.pings.append(self.clock.now - 1000)

    def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)


class Course:
    """Wheel, clock and one link."""

    def __init__(self, chance: float) -> None:
        self.clock = Clock()
        self.wheel = Wheel(self.clock, resolution=0.1)
        self.link = Link(self.clock)
        rules = Keepalive(self.wheel, interval=20, patience=8, chance=lambda: chance)
        self.pulse = rules.start(self.link)

    def until(self, moment: float, *, answering: bool = True) -> None:
        while self.clock.now - 1000 < moment - 1e-9:
            self.clock.now = round(self.clock.now + 0.1, 6)
            before = len(self.link.pings)
            self.wheel.turn()
            if answering and len(self.link.pings) > before:
                self.pulse.pong()


@pytest.fixture
async def course() -> AsyncIterator[Course]:
    course = Course(0.0)
    yield course
    course.wheel.stop()


@pytest.mark.parametrize(("chance", "first"), [(0.0, 10), (0.5, 15), (0.999, 20)])
async def test_the_first_ping_comes_after_half_to_a_whole_interval(chance: float, first: float) -> None:
    course = Course(chance)
    course.until(69)
    course.wheel.stop()
    assert course.link.pings == pytest.approx([t for t in (first, first + 20, first + 40) if t < 69], abs=0.25)


async def test_an_answered_connection_lives(course: Course) -> None:
    course.until(1000)
    assert course.link.closed is None
    assert len(course.link.pings) == 50


async def test_a_missing_pong_closes(course: Course) -> None:
    course.until(17.9, answering=False)
    assert course.link.closed is None
    course.until(18.5, answering=False)
    assert course.link.closed == (3012, "no pong")


async def test_surplus_pongs_mean_nothing(course: Course) -> None:
    course.pulse.pong()
    course.pulse.pong()
    course.until(19, answering=False)
    assert course.link.closed == (3012, "no pong")


async def test_no_ping_wanted_no_pong_due(course: Course) -> None:
    course.link.frame = None
    course.until(100, answering=False)
    assert course.link.closed is None


async def test_the_pong_clock_stands_still_while_reading_is_paused_and_pings_go_on(course: Course) -> None:
    course.until(12, answering=False)  # pinged at 10, due at 18
    course.pulse.pause()
    course.until(100, answering=False)
    assert course.link.closed is None
    assert course.link.pings == pytest.approx([10, 30, 50, 70, 90], abs=0.25)
    course.pulse.resume()  # six seconds are left
    course.until(105.5, answering=False)
    assert course.link.closed is None
    course.until(107, answering=False)
    assert course.link.closed == (3012, "no pong")


async def test_a_ping_sent_during_a_pause_gives_the_whole_time(course: Course) -> None:
    course.until(5)
    course.pulse.pause()
    course.pulse.pause()
    course.until(25, answering=False)
    course.pulse.resume()
    course.pulse.resume()
    course.until(32.5, answering=False)
    assert course.link.closed is None
    course.until(34, answering=False)
    assert course.link.closed == (3012, "no pong")


async def test_a_process_that_stood_still_reads_before_it_judges(course: Course) -> None:
    course.until(11, answering=False)
    course.clock.now += 500
    course.wheel.turn()
    assert course.link.closed is None
    pings = len(course.link.pings)
    assert pings == 2, "missed pings are not made up for"
    course.pulse.pong()  # was in the socket
    course.until(520, answering=False)
    assert course.link.closed is None


async def test_a_stopped_pulse_is_silent(course: Course) -> None:
    course.until(11, answering=False)
    course.pulse.stop()
    course.pulse.pause()
    course.pulse.resume()
    course.until(100, answering=False)
    assert course.link.closed is None
    assert len(course.link.pings) == 1
    assert not course.wheel._slots


async def test_it_knows_which_pong_answers(course: Course) -> None:
    course.until(11)
    assert not course.pulse.control
    course.link.frame = PING_FRAME
    course.until(31)
    assert course.pulse.control
