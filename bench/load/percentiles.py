"""Percentiles of durations, and a compact form of many of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

SHOWN = (50.0, 90.0, 99.0, 99.9)


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Nearest rank: the least value that so many percent of all do not exceed."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


@dataclass(slots=True)
class Distribution:
    """Whole microseconds, kept to three significant digits (rounded down); the greatest is exact."""

    counts: Counter[int] = field(default_factory=Counter)
    most: int = 0

    def add(self, nanoseconds: Iterable[int]) -> None:
        for each in nanoseconds:
            value = max(each, 0) // 1000
            self.most = max(self.most, value)
            self.counts[_rounded(value)] += 1

    def merge(self, other: Distribution) -> None:
        self.counts.update(other.counts)
        self.most = max(self.most, other.most)

    @property
    def total(self) -> int:
        return self.counts.total()

    def percentile(self, percent: float) -> int:
        """Microseconds; 0 of nothing."""
        rank, seen = max(1, math.ceil(self.total * percent / 100)), 0
        for value in sorted(self.counts):
            seen += self.counts[value]
            if seen >= rank:
                return value
        return 0

    def summary(self) -> dict[str, float]:
        """Milliseconds."""
        if not self.total:
            return {}
        found = {f"p{percent:g}": self.percentile(percent) / 1000 for percent in SHOWN}
        return found | {"max": self.most / 1000}

    def plain(self) -> dict[str, object]:
        """For JSON; see `of`."""
        return {"counts": list(self.counts.items()), "most": self.most}

    @classmethod
    def of(cls, plain: Mapping[str, object]) -> Distribution:
        counts, most = plain["counts"], plain["most"]
        assert isinstance(counts, list), "made by `plain`"
        assert isinstance(most, int), "made by `plain`"
        return cls(Counter({int(value): int(count) for value, count in counts}), most)


def _rounded(value: int) -> int:
    scale = 1
    while value >= 1000 * scale:
        scale *= 10
    return value // scale * scale
