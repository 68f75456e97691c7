"""Telling workers that jobs wait."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from chatcore.broker.bell import INTERVAL, Bell
from tests.support.patience import until
from tests.support.valkey import Mortal


class Ears:
    def __init__(self) -> None:
        self.times: list[float] = []

    def __call__(self) -> None:
        self.times.append(asyncio.get_running_loop().time())


@contextlib.asynccontextmanager
async def hung(url: str, prefix: str, ears: Ears | None = None) -> AsyncIterator[Bell]:
    """A bell at work; one with ears has been heard once when this returns: what came before may have been missed."""
    bell = Bell(url, node="test", heard=ears, prefix=prefix)
    task = asyncio.create_task(bell.run())
    try:
        if ears is not None:
            await until(lambda: ears.times)
        yield bell
    finally:
        assert not task.done()
        task.cancel()
        await asyncio.wait([task])


async def rung(bell: Bell, ears: Ears) -> None:
    """Rings until it is heard: the ringing side may not be connected yet."""
    count = len(ears.times)

    def heard() -> bool:
        bell.ring()
        return len(ears.times) > count

    await until(heard)


async def test_who_listens_hears_who_rings(broker_url: str, redis_prefix: str) -> None:
    one, two = Ears(), Ears()
    async with (
        hung(broker_url, redis_prefix, one),
        hung(broker_url, redis_prefix, two),
        hung(broker_url, redis_prefix) as bell,
    ):
        await rung(bell, one)
        await until(lambda: len(two.times) > 1)


async def test_a_worker_hears_itself(broker_url: str, redis_prefix: str) -> None:
    ears = Ears()
    async with hung(broker_url, redis_prefix, ears) as bell:
        bell.ring()
        await until(lambda: len(ears.times) == 2)


async def test_it_is_not_rung_more_often_than_it_is_of_use(redis_url: str, redis_prefix: str) -> None:
    ears = Ears()
    async with hung(redis_url, redis_prefix, ears) as bell:
        for _ in range(1000):
            bell.ring()
        await until(lambda: len(ears.times) == 2)
        began = ears.times[-1]
        while len(ears.times) < 6:
            bell.ring()
            await asyncio.sleep(0)
        assert ears.times[-1] - began >= 3 * INTERVAL


async def test_other_installations_are_not_heard(redis_url: str, redis_prefix: str) -> None:
    ears, others = Ears(), Ears()
    async with hung(redis_url, redis_prefix, ears) as bell, hung(redis_url, f"{redis_prefix}x:", others):
        bell.ring()
        await until(lambda: len(ears.times) == 2)
        assert len(others.times) == 1


async def test_a_server_that_comes_back_is_heard_again(mortal: Mortal) -> None:
    ears = Ears()
    async with hung(mortal.url, "chat:", ears) as bell:
        await mortal.kill()
        bell.ring()
        await mortal.revive()
        await until(lambda: len(ears.times) > 1)
        await rung(bell, ears)


async def test_without_a_server_ringing_does_nothing() -> None:
    bell = Bell("redis://127.0.0.1:1", node="test", heard=Ears())
    bell.ring()
    task = asyncio.create_task(bell.run())
    await asyncio.sleep(0)
    bell.ring()
    task.cancel()
    await asyncio.wait([task])
