"""What a stretch of time was like: how long messages took, and who had the processor."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from .neighbours import Neighbours

_TICK = os.sysconf("SC_CLK_TCK")
_IDLE = slice(3, 5)  # idle and waiting for disks, among the numbers of /proc/stat


@dataclass(slots=True)
class Stretch:
    """Complete once its block has ended."""

    times: Sequence[float] = ()
    """Seconds that messages took."""

    seconds: float = 0.0
    shares: Sequence[float] = ()
    """Of one core, by process; the last one is that of the whole machine."""

    def quantile(self, share: float) -> float:
        """In milliseconds."""
        return round(quantile(self.times, share) * 1000, 1)


def quantile(times: Sequence[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


@asynccontextmanager
async def stretch(people: Neighbours, *pids: int) -> AsyncIterator[Stretch]:
    found = Stretch()
    started, first, before = monotonic(), len(people.times), _used(pids)
    yield found
    await people.next()  # what is under way belongs to it
    found.seconds = monotonic() - started
    found.times = people.times[first:]
    found.shares = [round((b - a) / found.seconds, 2) for a, b in zip(before, _used(pids), strict=True)]


def _used(pids: Sequence[int]) -> list[float]:
    """Seconds of the processor."""
    return [*map(_by_process, pids), _by_machine()]


def _by_process(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def _by_machine() -> float:
    numbers = [int(number) for number in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(numbers) - sum(numbers[_IDLE])) / _TICK
