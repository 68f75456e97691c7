"""Abusers in a process of their own (`python -m tests.abuse.attackers`), so that neighbours do not feel their work.

The process gets orders as JSON lines and answers each with one when it is done; it ends with its input.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import traceback
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from .menu import attacks
from .street import Street
from .target import target_at

PATIENCE: Final = 600.0
"""Seconds that one order may take, beyond those it is for."""

_SLICE: Final = 0.002


class Attackers:
    """The process, as seen from outside."""

    def __init__(self, process: Process) -> None:
        self.pid = process.pid
        self._process = process

    async def attack(self, name: str, url: str, street: Street, *, seed: int, count: int, seconds: float) -> int:
        """Again and again until the seconds are over; returns how often. Fails as soon as the node does not answer as
        it should."""
        order = {"attack": name, "url": url, "sid": street.sid, "suffix": street.suffix, "seed": seed, "count": count}
        return int((await self._done({**order, "seconds": seconds}, seconds))["times"])

    async def burn(self, share: float, seconds: float) -> None:
        """Takes this share of one core and does nothing else with it."""
        await self._done({"burn": share, "seconds": seconds}, seconds)

    async def _done(self, order: dict[str, Any], seconds: float) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        async with asyncio.timeout(PATIENCE + seconds):
            line = await self._process.stdout.readline()
        assert line, "the attackers are gone"
        answer = json.loads(line)
        assert not answer["failure"], answer["failure"]
        return answer


@asynccontextmanager
async def attackers() -> AsyncIterator[Attackers]:
    argv = (sys.executable, "-m", "tests.abuse.attackers")
    process = await asyncio.create_subprocess_exec(*argv, stdin=PIPE, stdout=PIPE, limit=1 << 20)
    try:
        yield Attackers(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


# Inside.


async def attack(order: dict[str, Any]) -> int:
    end, times = time.monotonic() + order["seconds"], 0
    chosen = attacks(order["count"])[order["attack"]]
    async with target_at(order["url"]) as target:
        while times == 0 or time.monotonic() < end:
            await chosen(target, Street(order["sid"], order["suffix"]), order["seed"] + times)
            times += 1
    return times


def burn(share: float, seconds: float) -> None:
    started, used = time.monotonic(), time.process_time()
    while (passed := time.monotonic() - started) < seconds:
        if time.process_time() - used >= share * passed:
            time.sleep(_SLICE)  # what lies beyond its share of the processor: it waits for nothing


def done(order: dict[str, Any]) -> dict[str, Any]:
    times, failure = 0, ""
    try:
        if "burn" in order:
            burn(order["burn"], order["seconds"])
        else:
            times = asyncio.run(attack(order))
    except Exception:
        failure = traceback.format_exc()
    return {"times": times, "failure": failure}


def main() -> None:
    for line in sys.stdin:
        sys.stdout.write(json.dumps(done(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
