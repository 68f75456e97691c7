"""The same abuse for hours: `python -m tests.abuse --minutes 60 --seed 7`.

One JSON line per attack on standard output, and a last one that sums up: what the neighbours felt (seconds from the
beginning of a send to its last reader, beside those of the same run before anybody was abused), the size of the
gateway, how many broken frames there were. Abusers and neighbours share one process, so times include the abusers' own
work: an upper bound, and a rough one on few cores. Exit code 1 as soon as an attack was not answered as it should be.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from tests.support.cluster import cluster

from .attacks import bombs, deaf, floods, mutated, requests, slow
from .conftest import SETTINGS
from .entrances import ENTRANCES, Entrance
from .neighbours import Neighbours, neighbours
from .node import Node, node_of

CALM: Final = 30.0
"""Seconds of undisturbed chat to compare with."""

BROKEN: Final = 2000
"""Broken messages, frames and requests per round and way in."""

Attack = Callable[[Node, Neighbours, int], Awaitable[object]]


def by_way(way: Entrance, count: int) -> dict[str, Attack]:
    return {
        f"broken messages, {way.name}": lambda node, people, seed: mutated.messages(
            node, way, people.token, count, seed
        ),
        f"broken frames, {way.name}": lambda node, people, seed: mutated.frames(node, way, count, seed),
        f"compressed bombs, {way.name}": lambda node, people, seed: bombs.compressed(node, way, people, 100 << 20),
        f"tiny frames, {way.name}": lambda node, people, seed: floods.tiny_frames(node, way, people),
    }


def attacks(count: int) -> dict[str, Attack]:
    """Those of one round, in order; the number they are given differs from round to round."""
    found = {name: attack for entrance in ENTRANCES.values() for name, attack in by_way(entrance, count).items()}
    return found | {
        "broken requests": lambda node, people, seed: mutated.requests(node, count, seed),
        "slow handshakes": lambda node, people, seed: slow.handshakes(node, 30),
        "cut bodies": lambda node, people, seed: slow.vanish(node, 300),
        "smuggled requests": lambda node, people, seed: requests.smuggle(node),
        "too large requests": lambda node, people, seed: requests.overdo(node),
        "pipelined requests": lambda node, people, seed: requests.pipeline(node, 5000),
        "deep JSON in commands": lambda node, people, seed: bombs.in_commands(node, people),
        "deep JSON in Twilsock": lambda node, people, seed: bombs.in_twilsock(node, people),
        "deep JSON in REST": lambda node, people, seed: bombs.in_rest(node),
        "connects": lambda node, people, seed: floods.connects(node, 5000),
        "logins": lambda node, people, seed: floods.logins(node, people, 2000),
        "commands": lambda node, people, seed: floods.commands(node, people),
        "pongs": lambda node, people, seed: floods.pongs(node, people),
        "Twilsock requests": lambda node, people, seed: floods.twilsock_requests(node, people),
        "subscriptions": lambda node, people, seed: floods.subscriptions(node, people),
        "watching": lambda node, people, seed: floods.watching(node, people),
        "Sync objects": lambda node, people, seed: floods.sync_objects(node, people),
        "deaf readers": lambda node, people, seed: deaf.readers(node, people, 400),
        "deaf askers": lambda node, people, seed: deaf.askers(node, people, 2000),
    }


async def calm(node: Node, seconds: float) -> list[float]:
    async with neighbours(node) as people:
        await asyncio.sleep(seconds)
    return people.times


async def soak(minutes: float, seed: int, count: int, only: str) -> None:
    """Whole rounds until the minutes are over; at least one."""
    async with cluster(1, SETTINGS) as started, node_of(started) as node:
        await calm(node, 2.0)
        undisturbed = await calm(node, min(CALM, minutes * 6))
        tell(attack="none", **figures(undisturbed), megabytes=await size(node))
        end, rounds, disturbed = time.monotonic() + minutes * 60, 0, list[float]()
        largest = first = await size(node)
        while rounds == 0 or time.monotonic() < end:
            for name, attack in attacks(count).items():
                if only not in name:
                    continue
                began = time.monotonic()
                async with node.unharmed(), neighbours(node) as people:
                    await attack(node, people, seed + rounds)
                disturbed += people.times
                now = await size(node)
                largest = max(largest, now)
                seconds = round(time.monotonic() - began, 1)
                tell(round=rounds, attack=name, seconds=seconds, **figures(people.times), megabytes=now)
            rounds += 1
        calm_p99, p99 = quantile(undisturbed, 0.99), quantile(disturbed, 0.99)
        tell(
            rounds=rounds,
            seed=seed,
            broken_frames=rounds * count * (2 * len(ENTRANCES) + 1),
            p99_undisturbed_ms=round(calm_p99 * 1000, 1),
            p99_ms=round(p99 * 1000, 1),
            p99_ratio=round(p99 / calm_p99, 2),
            megabytes_before=first,
            megabytes_at_most=largest,
        )


def figures(times: Sequence[float]) -> dict[str, float]:
    return {
        "messages": len(times),
        "p50_ms": round(quantile(times, 0.5) * 1000, 1),
        "p99_ms": round(quantile(times, 0.99) * 1000, 1),
        "most_ms": round(max(times) * 1000, 1),
    }


def quantile(times: Sequence[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


async def size(node: Node) -> float:
    return round((await node.figures()).memory / (1 << 20), 1)


def tell(**line: object) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.abuse", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="rounds begin for so long")
    parser.add_argument("--seed", type=int, default=1, help="of what is broken how; the round is added to it")
    parser.add_argument("--count", type=int, default=BROKEN, help="broken messages, frames, requests per round and way")
    parser.add_argument("--only", default="", help="attacks whose name contains this")
    arguments = parser.parse_args()
    asyncio.run(soak(arguments.minutes, arguments.seed, arguments.count, arguments.only))


if __name__ == "__main__":
    main()
