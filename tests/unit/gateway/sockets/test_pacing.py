from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.sockets.driver import SocketDriver
from gateway.sockets.outbound import CROWD, REST_LEAST, REST_MOST, Flusher, fan_out
from tests.support.patience import until

from .stage import Clock, FakeTransport, Stage, tick


class Laboured(FakeTransport):
    """A transport whose writes take time."""

    def __init__(self, clock: Clock, cost: float) -> None:
        super().__init__()
        self._clock = clock
        self._cost = cost

    def write(self, data: Any) -> None:
        super().write(data)
        self._clock.now += self._cost


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    stage.server.stop()


def crowd(stage: Stage, cost: float, size: int = CROWD) -> tuple[Clock, list[SocketDriver]]:
    clock = Clock()
    stage.server.flusher = Flusher(lambda: clock.now)
    return clock, [stage.connect(Laboured(clock, cost / size))[1] for _ in range(size)]


def writes(driver: SocketDriver) -> list[bytes]:
    return driver.transport.writes  # type: ignore[attr-defined,no-any-return]  # the fake


async def test_a_lone_large_fan_out_leaves_at_once(stage: Stage) -> None:
    _, drivers = crowd(stage, cost=0.01)
    fan_out(drivers, b"one")
    await tick()
    assert all(writes(driver) == [b"one"] for driver in drivers)


async def test_after_a_dear_fan_out_the_next_ones_are_joined(stage: Stage) -> None:
    clock, drivers = crowd(stage, cost=0.01)
    fan_out(drivers, b"one")
    await tick()
    fan_out(drivers, b"two")
    fan_out(drivers, b"three")
    await tick()
    assert all(writes(driver) == [b"one"] for driver in drivers)
    await until(lambda: all(writes(driver) == [b"one", b"twothree"] for driver in drivers))
    clock.now += REST_MOST
    fan_out(drivers, b"four")
    await tick()
    assert all(writes(driver)[-1] == b"four" for driver in drivers)


async def test_after_a_silence_a_large_fan_out_waits_for_no_tick_and_overtakes_nothing(stage: Stage) -> None:
    clock, drivers = crowd(stage, cost=0.01)
    clock.now += REST_MOST
    drivers[3].send(b"answer")
    drivers[5].close(3000, "")
    before = list(writes(drivers[5]))
    assert fan_out(drivers, b"one") == CROWD - 1
    assert writes(drivers[4]) == [b"one"]
    assert writes(drivers[3]) == []
    assert writes(drivers[5]) == before
    fan_out(drivers, b"two")
    await until(lambda: writes(drivers[4]) == [b"one", b"two"])
    assert b"".join(writes(drivers[3])) == b"answeronetwo"
    assert stage.server.flusher.frames == 2 * (CROWD - 1) + 1


async def test_a_cheap_fan_out_does_not_rest(stage: Stage) -> None:
    _, drivers = crowd(stage, cost=REST_LEAST / 2)
    for message in (b"one", b"two"):
        fan_out(drivers, message)
        await tick()
    assert all(writes(driver) == [b"one", b"two"] for driver in drivers)


async def test_an_answer_does_not_wait_with_the_crowd_and_keeps_its_place(stage: Stage) -> None:
    _, drivers = crowd(stage, cost=0.01)
    fan_out(drivers, b"one")
    await tick()
    fan_out(drivers, b"two")
    drivers[3].send(b"answer")
    drivers[4].send_first(b"ping")
    await tick()
    assert writes(drivers[3]) == [b"one", b"twoanswer"]
    assert writes(drivers[4]) == [b"one", b"pingtwo"]
    assert writes(drivers[5]) == [b"one"]
    await until(lambda: writes(drivers[5]) == [b"one", b"two"])
    assert writes(drivers[3]) == [b"one", b"twoanswer"]
    fan_out([drivers[3]], b"next")
    await tick()
    assert writes(drivers[3])[-1] == b"next"


async def test_a_small_fan_out_never_rests(stage: Stage) -> None:
    _, drivers = crowd(stage, cost=0.01, size=CROWD - 1)
    for message in (b"one", b"two"):
        fan_out(drivers, message)
        await tick()
    assert all(writes(driver) == [b"one", b"two"] for driver in drivers)
