"""The parent's handle on one reader program."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from bench.load.machine import python

CONNECTED = '"connect":{'
"""In the reply to a connect command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What readers got since they were armed. Times: CLOCK_MONOTONIC nanoseconds; `least` and `most` per connection."""

    total: int
    bytes: int
    first: int
    last: int
    least: int
    most: int
    closed: int
    latencies: list[int] = field(default_factory=list)  # nanoseconds, in order of arrival

    @property
    def rate(self) -> float:
        """Deliveries per second between the first and the last one."""
        return self.total / max((self.last - self.first) / 1e9, 1e-9)


class LostDeliveries(Exception):
    """Not everything arrived in time."""


class Audience:
    """Readers that are connected when the constructor returns; closed with the context."""

    def __init__(
        self,
        address: tuple[str, int],
        path: str,
        hellos: Sequence[str | None],
        *,
        marker: str,
        ready: str = CONNECTED,
        timed: bool = False,
        opening: int = 64,
        expect: int = 0,
        patience: float = 120,
    ) -> None:
        self.size = len(hellos)
        self._process = subprocess.Popen(
            [python(), "-m", "bench.load.reader"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        self._received = b""
        spec = {"host": address[0], "port": address[1], "path": path, "marker": marker, "timed": timed}
        spec |= {"ready": ready, "opening": opening, "expect": expect}
        try:
            self._tell(spec | {"hellos": list(hellos)})
            opened = self._hear("ready", patience)
            self.started: int = opened["started"]  # CLOCK_MONOTONIC nanoseconds
            self.opened_in: float = (opened["ended"] - self.started) / 1e9
            self.retried: int = opened["retried"]
            self.native: bool = opened["native"]
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def arm(self, deliveries: int) -> None:
        """Counts from zero; must precede the first send."""
        self._tell({"arm": deliveries})
        self._hear("armed", 10)

    def wait(self, seconds: float) -> Delivered:
        """Until everything expected has arrived; LostDeliveries, with the numbers, when it has not in time."""
        try:
            line = self._hear("done", seconds)
        except TimeoutError:
            raise LostDeliveries(f"deliveries are missing after {seconds:.0f} s: {self.report()}") from None
        return _delivered(line)

    def report(self) -> Delivered:
        self._tell({"report": True})
        return _delivered(self._hear("report", 10))

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _tell(self, line: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        data = memoryview(json.dumps(line).encode() + b"\n")
        while data:
            data = data[self._process.stdin.write(data) :]

    def _hear(self, kind: str, seconds: float) -> dict[str, Any]:
        """The next line of this kind, others skipped."""
        assert self._process.stdout is not None
        deadline = time.monotonic() + seconds
        while True:
            line, newline, rest = self._received.partition(b"\n")
            if newline:
                self._received = rest
                answer: dict[str, Any] = json.loads(line)
                if "failed" in answer:
                    raise ConnectionError(f"reader: {answer['failed']}")
                if kind in answer:
                    return answer
                continue
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                raise TimeoutError(kind)
            data = os.read(self._process.stdout.fileno(), 1 << 20)
            if not data:
                raise ConnectionError("the reader program ended")
            self._received += data


def _delivered(line: dict[str, Any]) -> Delivered:
    names = ("total", "bytes", "first", "last", "least", "most", "closed")
    return Delivered(latencies=line.get("latencies", []), **{name: line[name] for name in names})
