"""One chunk is written down while the next one is sent."""

from __future__ import annotations

import asyncio

import pytest

from push.overlap import overlapped
from tests.support.virtual_time import settled


class Scene:
    def __init__(self) -> None:
        self.settled: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.sent: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(overlapped(self._settle(), self._send()))

    async def _settle(self) -> bool:
        return await self.settled

    async def _send(self) -> str:
        return await self.sent


async def scene() -> Scene:
    made = Scene()
    await settled()
    return made


async def test_both_go_on_at_once() -> None:
    one = await scene()
    one.sent.set_result("sent")
    await settled()
    assert not one.task.done()
    one.settled.set_result(True)
    assert await one.task == "sent"


async def test_who_has_lost_the_job_stops_sending() -> None:
    one = await scene()
    one.settled.set_result(False)
    assert await one.task is None
    assert one.sent.cancelled()


async def test_what_is_in_flight_comes_to_its_end_when_settling_fails() -> None:
    one = await scene()
    one.settled.set_exception(ConnectionError("away"))
    await settled()
    assert not one.task.done()
    one.sent.set_result("sent")
    with pytest.raises(ConnectionError):
        await one.task


async def test_settling_comes_to_its_end_when_sending_fails() -> None:
    one = await scene()
    one.sent.set_exception(KeyError("x"))
    await settled()
    assert not one.task.done()
    one.settled.set_result(True)
    with pytest.raises(KeyError):
        await one.task


async def test_the_first_failure_of_two_is_raised() -> None:
    one = await scene()
    one.sent.set_exception(KeyError("x"))
    one.settled.set_exception(ConnectionError("away"))
    with pytest.raises(ConnectionError):
        await one.task


@pytest.mark.parametrize("written", [True, False])
async def test_cancellation_ends_both(written: bool) -> None:
    one = await scene()
    if written:
        one.settled.set_result(True)
        await settled()
    one.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await one.task
    assert one.sent.cancelled()
    assert one.settled.done()
