"""How requests take turns is tested with the peer; this is what is left of them."""

from __future__ import annotations

import asyncio
import gc
from typing import cast

from gateway.sockets.endpoint import Link
from gateway.sockets.tasks import Tasks
from gateway.twilsock.lanes import Lane, Lanes
from gateway.twilsock.valve import Valve
from tests.support.virtual_time import settled

from .stage import FakeLink


class Owner:
    def __init__(self, tasks: Tasks) -> None:
        link = cast("Link", FakeLink())
        self.gate = asyncio.Event()
        self.done: list[str] = []
        self.idle = 0
        self.lanes: Lanes[str] = Lanes(link, Valve(link), tasks.start, self.handle, self.on_idle)

    async def handle(self, item: str) -> None:
        await self.gate.wait()
        self.done.append(item)

    def on_idle(self) -> None:
        self.idle += 1


async def test_closing_lets_the_running_requests_finish_and_drops_the_others() -> None:
    async with Tasks() as tasks:
        owner = Owner(tasks)
        for item in ("running", "waiting"):
            owner.lanes.put(Lane.CHANGES, item, 1)
        await settled()
        owner.lanes.close()
        owner.lanes.put(Lane.READS, "late", 1)
        owner.gate.set()
        await settled()
        assert owner.done == ["running"]
        assert owner.lanes.idle
        assert not owner.idle, "who has gone is not told"


async def test_closed_ones_hold_nobody() -> None:
    """Who goes by the thousand should not have to be found by the collector."""
    async with Tasks() as tasks:
        owner = Owner(tasks)
        owner.lanes.close()
        assert owner not in gc.get_referents(*gc.get_referents(owner.lanes))
