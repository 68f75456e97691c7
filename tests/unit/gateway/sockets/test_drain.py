from __future__ import annotations

import asyncio

from gateway.sockets.close import Close
from gateway.sockets.drain import crowded, drain
from tests.support.patience import PATIENCE

from .stage import OpenEndpoint, RecordingPeer, Stage, closing, tick


async def test_all_are_closed_within_the_window_in_random_order() -> None:
    loop = asyncio.get_running_loop()
    closed: list[tuple[int, float]] = []
    start = loop.time()
    async with asyncio.timeout(PATIENCE):
        await drain(range(200), 0.2, lambda number: closed.append((number, loop.time() - start)))
    assert sorted(number for number, _ in closed) == list(range(200))
    assert [number for number, _ in closed] != list(range(200))
    assert 0.15 < closed[-1][1] < 1.0
    assert sum(1 for _, moment in closed if moment < 0.1) > 20, "spread, not at the end"


async def test_nobody_and_no_time_are_fine() -> None:
    closed: list[int] = []
    await drain([], 10, closed.append)
    async with asyncio.timeout(PATIENCE):
        await drain([1, 2], 0, closed.append)
    assert sorted(closed) == [1, 2]


async def test_connections_may_go_by_themselves_meanwhile() -> None:
    waiting = {1, 2, 3}
    async with asyncio.timeout(PATIENCE):
        await drain(waiting, 0.01, waiting.discard)
    assert not waiting


def test_a_crowd_is_more_than_so_many_a_second() -> None:
    assert not crowded(0, 0)
    assert crowded(1, 0)
    assert not crowded(2000, 20)
    assert crowded(2001, 20)


class OwnWay(RecordingPeer):
    """Has something to say before it goes."""

    def drain(self, *, crowded: bool) -> None:
        self.link.send(self.link.frame(b"crowd" if crowded else b"bye"))
        self.link.close(*Close.SHUTDOWN.value)


async def test_a_peer_may_have_its_own_way_of_sending_clients_away() -> None:
    for many, word in ((False, b"bye"), (True, b"crowd")):
        stage = Stage(OpenEndpoint(OwnWay))
        transport, driver, _ = stage.connect()
        driver.drain(crowded=many)
        await tick()
        assert transport.sent == bytes((0x81, len(word))) + word + closing(3001, "shutdown")


async def test_others_are_closed_with_a_code_that_brings_them_back() -> None:
    transport, driver, peer = Stage().connect()
    driver.drain(crowded=True)
    await tick()
    assert transport.sent == closing(3001, "shutdown")
    assert peer.closings == [(3001, "shutdown")]
