from __future__ import annotations

import asyncio

from gateway.sockets.drain import drain


async def test_all_are_closed_within_the_window_in_random_order() -> None:
    loop = asyncio.get_running_loop()
    closed: list[tuple[int, float]] = []
    start = loop.time()
    async with asyncio.timeout(5):
        await drain(range(200), 0.2, lambda number: closed.append((number, loop.time() - start)))
    assert sorted(number for number, _ in closed) == list(range(200))
    assert [number for number, _ in closed] != list(range(200))
    assert 0.15 < closed[-1][1] < 1.0
    assert sum(1 for _, moment in closed if moment < 0.1) > 20, "spread, not at the end"


async def test_nobody_and_no_time_are_fine() -> None:
    closed: list[int] = []
    await drain([], 10, closed.append)
    async with asyncio.timeout(5):
        await drain([1, 2], 0, closed.append)
    assert sorted(closed) == [1, 2]


async def test_connections_may_go_by_themselves_meanwhile() -> None:
    waiting = {1, 2, 3}
    async with asyncio.timeout(5):
        await drain(waiting, 0.01, waiting.discard)
    assert not waiting
