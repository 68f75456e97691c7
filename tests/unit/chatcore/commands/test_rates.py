from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chatcore.commands.rates import WINDOW, Rates, SlidingCount
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import ChannelSid, ServiceSid


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds


def test_so_many_are_admitted_within_the_window() -> None:
    clock = Clock()
    count = SlidingCount(2, clock)
    assert [count.admit("a") for _ in range(12)] == [True] * 10 + [False] * 2
    assert count.admit("b")


def test_the_window_slides() -> None:
    clock = Clock()
    count = SlidingCount(2, clock)
    for _ in range(5):
        assert count.admit("a")
    clock.seconds += 2
    for _ in range(5):
        assert count.admit("a")
    assert not count.admit("a")
    clock.seconds += WINDOW - 2
    assert [count.admit("a") for _ in range(6)] == [True] * 5 + [False]


def test_what_is_refused_does_not_count() -> None:
    clock = Clock()
    count = SlidingCount(2, clock)
    for _ in range(100):
        count.admit("a")
    clock.seconds += WINDOW
    assert count.admit("a")


def test_many_at_once_are_admitted_whole_or_not_at_all() -> None:
    count = SlidingCount(2, Clock())
    assert count.admit("a", 8)
    assert not count.admit("a", 3)
    assert count.admit("a", 2)


def test_zero_means_unlimited() -> None:
    count = SlidingCount(0, Clock())
    assert all(count.admit("a", 1000) for _ in range(1000))


def test_idle_keys_are_forgotten() -> None:
    clock = Clock()
    count = SlidingCount(2, clock)
    for number in range(1000):
        count.admit(str(number))
    clock.seconds += 2 * WINDOW
    count.admit("last")
    assert sum(len(bucket) for bucket in count._buckets.values()) == 1


def test_each_limit_has_its_code() -> None:
    rates = Rates(Clock(), channel=1, service=0.4)
    for _ in range(5):
        rates.channel(ChannelSid("CH1"))
    with pytest.raises(ChatError) as caught:
        rates.channel(ChannelSid("CH1"))
    assert caught.value.code is Code.CHANNEL_RATE_EXCEEDED
    assert caught.value.temporary
    rates.channel(ChannelSid("CH2"))
    for _ in range(2):
        rates.service(ServiceSid("IS1"))
    with pytest.raises(ChatError) as caught:
        rates.service(ServiceSid("IS1"))
    assert caught.value.code is Code.SERVICE_RATE_EXCEEDED


def test_switched_off() -> None:
    rates = Rates(Clock(), channel=0, service=0)
    for _ in range(1000):
        rates.channel(ChannelSid("CH1"))
        rates.service(ServiceSid("IS1"))
