from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chatcore.commands.rates import RateExceeded, Rates, SlidingCount
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import ChannelSid, ServiceSid
from chatcore.ports.counts import WINDOW


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
    assert sum(len(bucket) for bucket in count._here.values()) == 1


@pytest.mark.parametrize(
    ("more", "seconds"),
    [
        (1, 3.25),  # what came first leaves the window first
        (4, 3.25),
        (5, 4.25),
        (10, 4.25),
        (11, 5.0),  # more than is ever allowed
    ],
)
def test_who_is_refused_is_told_how_long_to_wait(more: int, seconds: float) -> None:
    clock = Clock()
    count = SlidingCount(2, clock)
    count.admit("a", 4)
    clock.seconds += 1
    count.admit("a", 6)
    clock.seconds += 0.75
    assert not count.admit("a", more)
    assert count.wait("a", more) == seconds
    if seconds < WINDOW:
        clock.seconds += seconds - 0.01
        assert not count.admit("a", more)
        clock.seconds += 0.01
        assert count.wait("a", more) == 0
        assert count.admit("a", more)


def test_what_others_counted_counts_until_it_leaves_the_window() -> None:
    clock = Clock()
    count = SlidingCount(2, clock)
    count.hear("a", [0, 3, 0, 0, 4])
    assert not count.admit("a", 4)
    assert count.wait("a", 4) == 1
    assert count.admit("a", 3)
    clock.seconds += 1
    assert count.admit("a", 4)
    clock.seconds += 3
    assert count.admit("a", 3)
    assert count.admit("b", 10)


def test_what_others_say_last_is_what_counts() -> None:
    clock = Clock()
    count = SlidingCount(2, clock)
    count.hear("a", [5, 0, 0, 0, 0])
    count.hear("a", [7, 0, 0, 0, 0])
    assert count.admit("a", 3)
    assert not count.admit("a")
    clock.seconds += 1
    count.hear("a", [0, 2, 0, 0, 0])
    assert count.admit("a", 5)
    assert not count.admit("a")


def test_each_change_is_told_to_others_once() -> None:
    count = SlidingCount(2, Clock())
    count.admit("a", 3)
    count.admit("a")
    count.admit("b")
    assert count.take() == {"a": 4, "b": 1}
    assert count.take() == {}
    for _ in range(10):
        count.admit("a")
    assert count.take() == {"a": 6}, "refusals are nobody's business"


def test_each_limit_has_its_code() -> None:
    rates = Rates(Clock(), channel=1, service=0.4)
    for _ in range(5):
        rates.channel(ChannelSid("CH1"))
    with pytest.raises(ChatError) as caught:
        rates.channel(ChannelSid("CH1"))
    assert caught.value.code is Code.CHANNEL_RATE_EXCEEDED
    assert caught.value.temporary
    assert isinstance(caught.value, RateExceeded)
    assert caught.value.retry_after == WINDOW
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
