from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import pytest

from gateway.sockets.doorway import LONGEST, SPELL, Doorway

from .stage import tick

COST = SPELL / 4


class Scene:
    def __init__(self) -> None:
        self.time = 0.0
        self.entered: list[int] = []
        self.doorway = Doorway(lambda: self.time)

    def comes(self, number: int) -> None:
        self.doorway.come(partial(self._enter, number))

    def _enter(self, number: int) -> None:
        self.time += COST
        self.entered.append(number)

    async def turn(self, others: Callable[[], None] = lambda: None) -> int:
        """One of the loop, in which others do this; returns how many were let in."""
        before = len(self.entered)
        others()
        await asyncio.sleep(0)
        return len(self.entered) - before

    def busy(self, seconds: float) -> Callable[[], None]:
        def pass_time() -> None:
            self.time += seconds

        return pass_time


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_one_who_comes_alone_does_not_wait(scene: Scene) -> None:
    for number in range(3):
        scene.comes(number)
        assert scene.entered == [*range(number + 1)]
        await tick()


async def test_a_crowd_is_let_in_in_order_a_few_in_a_turn(scene: Scene) -> None:
    for number in range(20):
        scene.comes(number)
    assert scene.entered == [0]
    assert await scene.turn() == SPELL / COST
    scene.comes(20)
    assert len(scene.entered) == 1 + SPELL / COST, "who waits is not overtaken"
    while await scene.turn():
        pass
    assert scene.entered == [*range(21)]


@pytest.mark.parametrize(("seconds", "share"), [(SPELL * 2, SPELL * 2), (LONGEST * 5, LONGEST)])
async def test_where_others_need_long_connections_get_as_long_within_limits(
    scene: Scene, seconds: float, share: float
) -> None:
    for number in range(200):
        scene.comes(number)
    for _ in range(3):
        assert await scene.turn(scene.busy(seconds)) == pytest.approx(share / COST, abs=1)


async def test_a_failure_does_not_shut_the_others_out(scene: Scene) -> None:
    def fail() -> None:
        raise RuntimeError("boom")

    loop, seen = asyncio.get_running_loop(), list[object]()
    loop.set_exception_handler(lambda _, context: seen.append(context["exception"]))
    scene.comes(0)
    scene.doorway.come(fail)
    scene.comes(1)
    await scene.turn()
    await scene.turn()
    assert scene.entered == [0, 1]
    assert len(seen) == 1
