"""Calls in flight: a bound, in order, and what becomes of those who find no place."""

from __future__ import annotations

import asyncio

from push.providers.exchange import Answer
from push.providers.outcomes import TryLater
from push.providers.port import NoObserver
from push.providers.transport import InFlight
from tests.support.virtual_time import settled

TIMEOUT = 0.2
"""Seconds."""


async def test_what_finds_no_place_in_time_was_not_sent() -> None:
    flight, over = InFlight("apn", 1, TIMEOUT, NoObserver()), asyncio.Event()
    sent: list[float] = []

    async def send(deadline: float) -> Answer:
        sent.append(deadline)
        await over.wait()
        return Answer(status=200, headers={}, body=b"")

    first = asyncio.create_task(flight.call(send))
    await settled()
    second = await flight.call(send)
    assert isinstance(second, TryLater)
    assert not second.maybe_sent
    assert not second.counts
    over.set()
    assert isinstance(await first, Answer)
    assert len(sent) == 1


async def test_one_place_is_handed_on_in_the_order_of_asking() -> None:
    flight = InFlight("apn", 1, 60, NoObserver())
    order: list[int] = []

    async def call(number: int) -> None:
        async def send(_: float) -> Answer:
            order.append(number)
            await asyncio.sleep(0)
            return Answer(status=200, headers={}, body=b"")

        await flight.call(send)

    await asyncio.gather(*(call(number) for number in range(5)))
    assert order == [0, 1, 2, 3, 4]
