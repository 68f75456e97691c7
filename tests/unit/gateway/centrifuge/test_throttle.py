from __future__ import annotations

from datetime import UTC, datetime

from gateway.centrifuge.throttle import PATIENCE, Throttle


class Clock:
    def __init__(self) -> None:
        self.seconds = 5.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds


def test_a_burst_and_then_the_rate() -> None:
    clock = Clock()
    throttle = Throttle(clock, rate=10, burst=5)
    assert [throttle.admit() for _ in range(7)] == [True] * 5 + [False] * 2
    clock.seconds += 0.11
    assert [throttle.admit() for _ in range(2)] == [True, False]
    clock.seconds += 100
    assert [throttle.admit() for _ in range(7)] == [True] * 5 + [False] * 2


def test_what_stays_below_the_rate_is_never_refused() -> None:
    clock = Clock()
    throttle = Throttle(clock, rate=10, burst=1)
    for _ in range(1000):
        assert throttle.admit()
        clock.seconds += 0.11


def test_a_client_that_does_not_slow_down_is_a_flood() -> None:
    clock = Clock()
    throttle = Throttle(clock, rate=10, burst=5)
    for _ in range(PATIENCE + 5):
        throttle.admit()
    assert not throttle.flooded
    throttle.admit()
    assert throttle.flooded


def test_a_client_somewhat_over_the_rate_is_refused_but_no_flood() -> None:
    clock = Clock()
    throttle = Throttle(clock, rate=10, burst=5)
    admitted = 0
    for _ in range(20_000):
        clock.seconds += 1 / 15
        admitted += throttle.admit()
        assert not throttle.flooded
    assert 13_000 < admitted < 13_500
