"""The same abuse for hours: `python -m tests.abuse --minutes 60 --seed 7`.

One JSON line per attack on standard output, and a last one that sums up. Neighbours chat in this process, attackers
work in one of their own, and the node has its processes: three that want the processor, besides PostgreSQL. So every
attack has two stretches to compare with, of the same length and with the same neighbours: `calm`, and `burner`, in
which the attackers take as much of the processor as they did while attacking, for nothing. Times are from the beginning
of a send to its last reader; `ratio` is p99 by p99 of the calm, `ratio_to_burner` what is left of that as the node's
own share. Exit code 1 as soon as an attack was not answered as it should be.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.support.cluster import cluster

from .attackers import Attackers, attackers
from .conftest import SETTINGS
from .entrances import ENTRANCES
from .menu import attacks
from .neighbours import neighbours
from .node import Node, node_of
from .target import Figures
from .usage import Stretch, quantile, stretch

BROKEN = 2000
"""Broken messages, frames and requests per attack and way in."""


@dataclass(slots=True)
class Soak:
    node: Node
    attackers: Attackers
    seconds: float
    count: int
    calm: list[float] = field(default_factory=list)
    disturbed: list[float] = field(default_factory=list)
    burnt: list[float] = field(default_factory=list)

    async def one(self, name: str, seed: int) -> dict[str, object]:
        """One attack, with the calm before it and the burner after it."""
        async with self.node.unharmed(), neighbours(self.node) as people:
            pids = self.node.pid, self.attackers.pid
            async with stretch(people, *pids) as calm:
                await asyncio.sleep(self.seconds)
            before = await self.node.figures()
            async with stretch(people, *pids) as attacked:
                times = await self.attackers.attack(
                    name, self.node.url, people.street, seed=seed, count=self.count, seconds=self.seconds
                )
            after = await self.node.figures()
            async with stretch(people, *pids) as burner:
                await self.attackers.burn(attacked.shares[1], self.seconds)
        self.calm += calm.times
        self.disturbed += attacked.times
        self.burnt += burner.times
        return {
            "attack": name,
            "times": times,
            "seconds": round(attacked.seconds, 1),
            "messages": len(attacked.times),
            **figures("calm_", calm),
            **figures("", attacked),
            **figures("burner_", burner),
            "most_ms": attacked.quantile(1.0),
            "ratio": ratio(attacked.times, calm.times),
            "ratio_to_burner": ratio(attacked.times, burner.times),
            "node_cpu": attacked.shares[0],
            "attackers_cpu": attacked.shares[1],
            "machine_cpu": attacked.shares[2],
            "node_cpu_calm": calm.shares[0],
            "megabytes_before": megabytes(before),
            "megabytes": megabytes(after),
            "closed": grown(before, after, "chat_disconnects_total", "code"),
            "connects": grown(before, after, "chat_connects_total", "outcome"),
        }


async def soak(minutes: float, seed: int, count: int, seconds: float, only: str) -> None:
    """Whole rounds until the minutes are over; at least one."""
    async with cluster(1, SETTINGS) as started, node_of(started) as node, attackers() as others:
        run = Soak(node, others, seconds, count)
        async with neighbours(node):
            await asyncio.sleep(2.0)  # nobody's first message is as quick as the others
        end, rounds = time.monotonic() + minutes * 60, 0
        largest = first = megabytes(await node.figures())
        while rounds == 0 or time.monotonic() < end:
            for name in attacks(count):
                if only in name:
                    tell(round=rounds, **await run.one(name, seed + rounds * 1000))
                    largest = max(largest, megabytes(await node.figures()))
            rounds += 1
        tell(
            rounds=rounds,
            seed=seed,
            broken_frames_at_least=rounds * count * (2 * len(ENTRANCES) + 1),
            **figures("calm_", Stretch(run.calm)),
            **figures("", Stretch(run.disturbed)),
            **figures("burner_", Stretch(run.burnt)),
            ratio=ratio(run.disturbed, run.calm),
            ratio_to_burner=ratio(run.disturbed, run.burnt),
            megabytes_before=first,
            megabytes_at_most=largest,
        )


def figures(prefix: str, found: Stretch) -> dict[str, float]:
    return {f"{prefix}p50_ms": found.quantile(0.5), f"{prefix}p99_ms": found.quantile(0.99)}


def ratio(times: Sequence[float], others: Sequence[float]) -> float:
    return round(quantile(times, 0.99) / quantile(others, 0.99), 2)


def megabytes(found: Figures) -> float:
    return round(found.memory / (1 << 20), 1)


def grown(before: Figures, after: Figures, name: str, label: str) -> dict[str, int]:
    old, new = before.by(name, label), after.by(name, label)
    return {key: int(value - old.get(key, 0)) for key, value in new.items() if value > old.get(key, 0)}


def tell(**line: object) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.abuse", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="rounds begin for so long")
    parser.add_argument(
        "--seed", type=int, default=1, help="of what is broken how; a thousand per round are added to it"
    )
    parser.add_argument(
        "--count", type=int, default=BROKEN, help="broken messages, frames, requests per attack and way"
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="of calm, of attack at least, and of the burner")
    parser.add_argument("--only", default="", help="attacks whose name contains this")
    given = parser.parse_args()
    asyncio.run(soak(given.minutes, given.seed, given.count, given.seconds, given.only))


if __name__ == "__main__":
    main()
