from __future__ import annotations

import asyncio
from typing import cast

from gateway.sockets.endpoint import Link
from gateway.twilsock.valve import Pace, Reason, Valve
from tests.support.virtual_time import LoopClock

from .stage import FakeLink


async def test_one_reason_is_enough_and_all_must_go() -> None:
    link = FakeLink()
    valve, seen = Valve(cast("Link", link)), []
    for act, reason in (
        (valve.shut, Reason.FULL),
        (valve.shut, Reason.PACE),
        (valve.open, Reason.FULL),
        (valve.open, Reason.DRAIN),
        (valve.shut, Reason.PACE),
        (valve.open, Reason.PACE),
        (valve.open, Reason.PACE),
    ):
        act(reason)
        seen.append(link.paused)
    assert seen == [True, True, True, True, True, False, False]


async def test_pace() -> None:
    pace = Pace(LoopClock(), rate=10, burst=3)
    assert [pace.take() for _ in range(3)] == [0, 0, 0]
    assert [round(pace.take(), 6) for _ in range(2)] == [0.1, 0.2]
    assert round(pace.ahead(), 6) == 0.2
    await asyncio.sleep(0.15)
    assert round(pace.ahead(), 6) == 0.05
    await asyncio.sleep(1000)
    assert [pace.take() for _ in range(4)] == [0, 0, 0, 0.1], "nobody saves up more than the burst"
