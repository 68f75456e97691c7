from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.sockets.wheel import Alarm, Wheel
from tests.support.patience import PATIENCE, until

from .stage import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def wheel(clock: Clock) -> AsyncIterator[Wheel]:
    wheel = Wheel(clock, resolution=0.1)
    yield wheel
    wheel.stop()


def _fired_after(wheel: Wheel, clock: Clock, seconds: float) -> float:
    rung: list[float] = []
    Alarm(wheel, seconds, lambda: rung.append(clock.now))
    start = clock.now
    while not rung:
        clock.now += 0.01
        wheel.turn()
    return rung[0] - start


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.1, 1.0, 24.99])
async def test_alarms_fire_on_time_and_never_early(wheel: Wheel, clock: Clock, seconds: float) -> None:
    late = _fired_after(wheel, clock, seconds) - seconds
    assert -1e-6 <= late <= 0.12


async def test_far_alarms_share_slots_and_are_a_little_later(wheel: Wheel, clock: Clock) -> None:
    late = _fired_after(wheel, clock, 100.0) - 100.0
    assert -1e-6 <= late <= 10.0
    for number in range(1000):
        Alarm(wheel, 3600 + number / 10, lambda: None)
    assert len(wheel._slots) < 30


async def test_a_cancelled_alarm_is_forgotten(wheel: Wheel, clock: Clock) -> None:
    rung: list[int] = []
    alarm = Alarm(wheel, 1, lambda: rung.append(1))
    alarm.cancel()
    alarm.cancel()
    assert not wheel._slots
    clock.now += 5
    wheel.turn()
    assert not rung


async def test_an_alarm_cancelled_by_another_of_its_turn_stays_silent(wheel: Wheel, clock: Clock) -> None:
    rung: list[str] = []
    alarms: list[Alarm] = []

    def ring(name: str, other: int) -> None:
        rung.append(name)
        alarms[other].cancel()

    alarms.append(Alarm(wheel, 1, lambda: ring("a", 1)))
    alarms.append(Alarm(wheel, 1, lambda: ring("b", 0)))
    clock.now += 2
    wheel.turn()
    assert len(rung) == 1


async def test_alarms_set_from_alarms_fire(wheel: Wheel, clock: Clock) -> None:
    rung: list[int] = []

    def again() -> None:
        Alarm(wheel, 1, lambda: rung.append(1))

    Alarm(wheel, 1, again)
    clock.now += 1.2
    wheel.turn()
    assert not rung
    clock.now += 1.2
    wheel.turn()
    assert rung == [1]


async def test_a_failing_alarm_disturbs_no_other(wheel: Wheel, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    rung: list[int] = []

    def fail() -> None:
        raise RuntimeError("boom")

    for _ in range(3):
        Alarm(wheel, 1, fail)
        Alarm(wheel, 1, lambda: rung.append(1))
    clock.now += 2
    wheel.turn()
    assert rung == [1, 1, 1]
    assert len([record for record in caplog.records if record.exc_info]) == 3


async def test_the_loop_has_one_timer_and_only_while_there_are_alarms() -> None:
    wheel = Wheel(asyncio.get_running_loop().time, resolution=0.01)
    assert wheel._timer is None
    rung = asyncio.Event()
    for _ in range(100):
        Alarm(wheel, 0.02, rung.set)
    timer = wheel._timer
    assert timer is not None
    async with asyncio.timeout(PATIENCE):
        await rung.wait()
    await until(lambda: wheel._timer is None)
