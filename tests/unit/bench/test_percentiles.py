"""Percentiles, exact and compact."""

from __future__ import annotations

import json
import random

import pytest

from bench.load.percentiles import Distribution, percentile


@pytest.mark.parametrize(("percent", "value"), [(50, 5), (90, 9), (91, 10), (99, 10), (100, 10), (0, 1)])
def test_nearest_rank(percent: float, value: int) -> None:
    assert percentile(range(1, 11), percent) == value


def test_of_one_value_every_percentile_is_that_value() -> None:
    assert {percentile([7.0], percent) for percent in (0, 50, 99.9, 100)} == {7.0}


def test_a_distribution_keeps_three_digits_and_the_greatest() -> None:
    found = Distribution()
    found.add([999_000, 1_234_567_000, 5_000])
    assert [found.percentile(percent) for percent in (1, 50, 100)] == [5, 999, 1_230_000]
    assert found.most == 1_234_567


def test_a_distribution_is_within_one_percent_of_the_exact_values() -> None:
    chance = random.Random(4)
    values = [int(chance.lognormvariate(15, 2)) for _ in range(2000)]
    found = Distribution()
    found.add(values)
    for percent in (50, 90, 99, 99.9):
        exact = percentile(sorted(values), percent) / 1000
        assert exact * 0.99 - 1 <= found.percentile(percent) <= exact


def test_distributions_add_up() -> None:
    one, other, both = Distribution(), Distribution(), Distribution()
    one.add([1_000, 2_000])
    other.add([9_000])
    both.add([1_000, 2_000, 9_000])
    one.merge(other)
    assert one == both


def test_a_distribution_survives_json() -> None:
    found = Distribution()
    found.add([3_000, 3_000, 4_444_000])
    assert Distribution.of(json.loads(json.dumps(found.plain()))) == found


def test_a_clock_that_went_back_counts_as_nothing() -> None:
    found = Distribution()
    found.add([-5])
    assert found.percentile(50) == 0


def test_nothing_has_no_summary() -> None:
    assert Distribution().summary() == {}


def test_a_summary_is_in_milliseconds() -> None:
    found = Distribution()
    found.add([2_000_000] * 9 + [8_000_000])
    assert found.summary() == {"p50": 2.0, "p90": 2.0, "p99": 8.0, "p99.9": 8.0, "max": 8.0}
