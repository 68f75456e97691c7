from __future__ import annotations

import asyncio

from chatcore.domain.devices import PushType
from push.providers.rates import BURST, EVERY, PER_SECOND, DeviceRates, ProjectRate


def test_a_device_gets_a_burst_and_then_one_now_and_then() -> None:
    rates = DeviceRates()
    assert [rates.wait(PushType.APN, "a", 0.0) for _ in range(BURST)] == [0.0] * BURST
    assert rates.wait(PushType.APN, "a", 0.0) == EVERY
    assert rates.wait(PushType.APN, "a", 1.0) == EVERY - 1
    assert rates.wait(PushType.APN, "a", EVERY) == 0.0
    assert rates.wait(PushType.APN, "a", EVERY) > 0


def test_devices_do_not_share_and_rest_restores_the_burst() -> None:
    rates = DeviceRates()
    for _ in range(BURST + 1):
        rates.wait(PushType.APN, "a", 0.0)
    assert rates.wait(PushType.APN, "b", 0.0) == 0.0
    assert rates.wait(PushType.FCM, "a", 0.0) == 0.0
    later = BURST * EVERY
    assert [rates.wait(PushType.APN, "a", later) for _ in range(BURST)] == [0.0] * BURST


def test_devices_that_rest_are_forgotten() -> None:
    rates = DeviceRates()
    for number in range(60_000):
        rates.wait(PushType.FCM, str(number), number * 0.01)
    assert len(rates._full_at) < 30_000


class Quota:
    def __init__(self, *grants: int) -> None:
        self.grants, self.asked = list(grants), 0

    async def take(self, key: str, wanted: int, per_second: int) -> int:
        assert per_second == PER_SECOND
        self.asked += 1
        if not self.grants:
            raise ConnectionError("away")
        return min(wanted, self.grants.pop(0))


async def test_a_project_is_sent_what_all_workers_together_may_send() -> None:
    quota = Quota(3, 0, 2)
    rate = ProjectRate(quota, "key")
    waits = [await rate.wait() for _ in range(3)]
    assert waits == [0.0] * 3
    assert await rate.wait() > 0
    assert await rate.wait() == 0.0
    assert quota.asked == 3


async def test_many_who_ask_at_once_ask_once() -> None:
    quota = Quota(1000, 0)
    rate = ProjectRate(quota, "key")
    assert await asyncio.gather(*(rate.wait() for _ in range(100))) == [0.0] * 100
    assert quota.asked == 1


async def test_unused_places_are_not_kept_for_later() -> None:
    quota = Quota(1000, 1)
    rate = ProjectRate(quota, "key")
    await rate.wait()
    await asyncio.sleep(2)
    assert await rate.wait() == 0.0
    assert quota.asked == 2


async def test_without_the_broker_pushes_go_on() -> None:
    rate = ProjectRate(Quota(), "key")
    assert await rate.wait() == 0.0
    assert await ProjectRate(None, "key").wait() == 0.0
