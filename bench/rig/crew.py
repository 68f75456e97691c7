"""The parent's handle on all processes of clients."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

from bench.load.deployment import Deployment
from bench.load.machine import python
from bench.rig.plan import Plan

OnProgress = Callable[[dict[str, Any]], None]
"""Is told the sums over all processes, about once a second."""

_SUMMED = ("sent", "acknowledged", "deliveries", "live")
_SHORT = 30.0


class FailedError(Exception):
    """A process of clients ended, or did not do in time what it was asked."""


class Crew:
    """Processes run while it is entered; their clients connect with `open`."""

    def __init__(self, plan: Plan, deployment: Deployment, identities: list[str], sids: list[str], body: int) -> None:
        self._plan = plan
        self._deployment = deployment
        self._identities = identities
        self._sids, self._body = sids, body
        self._processes: list[_Process] = []
        self.on_progress: OnProgress = lambda figures: None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.close()

    def open(self, at_a_time: int, patience: float) -> float:
        """Seconds until every client was live."""
        plan = asdict(self._plan)
        for number in range(self._plan.processes):
            process = _Process()
            self._processes.append(process)
            process.tell(
                {
                    "process": number,
                    "plan": plan,
                    "nodes": self._deployment.nodes,
                    "tokens": [self._token(client) for client in self._plan.of_process(number)],
                    "sids": self._sids,
                    "body": self._body,
                    "prefix": self._identities[0],
                    "opening": max(1, at_a_time // self._plan.processes),
                }
            )
        started = time.monotonic()
        try:
            self._hear("live", patience)
        except TimeoutError:
            reason = next((each.refused for each in self._processes if each.refused), "no answer")
            raise FailedError(
                f"not all clients are connected after {patience:.0f} s; the last refusal: {reason}"
            ) from None
        return time.monotonic() - started

    def go(self, seconds: float, *, rate: float, senders: int) -> float:
        """When the first send is due, by CLOCK_MONOTONIC."""
        self._forget("sent")
        begin = time.monotonic() + 0.5
        for number, process in enumerate(self._processes):
            own = len(range(number, senders, self._plan.processes))
            process.tell({"go": {"begin": begin, "seconds": seconds, "rate": rate, "senders": own}})
        return begin

    def stop(self) -> None:
        """No more sends."""
        for process in self._processes:
            process.tell({"stop": True})

    def sent(self, patience: float) -> bool:
        """Whether every send was answered in time."""
        try:
            self._hear("sent", patience)
        except TimeoutError:
            return False
        return True

    def watch(self, seconds: float) -> None:
        with suppress(TimeoutError):
            self._hear("nothing", seconds)

    def cut(self) -> None:
        """Every connection ends at once."""
        self._all({"cut": True}, "cut", _SHORT)

    def come_back(self, totals: list[int], patience: float) -> list[dict[str, Any]]:
        """At once; returns when all of them have so many messages of their rooms. Raises TimeoutError."""
        return self._all({"return": totals}, "back", patience)

    def reports(self, totals: list[int]) -> list[dict[str, Any]]:
        """What each process saw of rooms that hold so many messages."""
        return [line["report"] for line in self._all({"report": totals}, "report", _SHORT)]

    def deliveries(self) -> int:
        """As of the last second."""
        return sum(process.progress.get("deliveries", 0) for process in self._processes)

    def _token(self, client: int) -> str:
        make = self._deployment.access_token if self._plan.protocols[client] == "twilsock" else self._deployment.token
        return make(self._identities[client])

    def _all(self, command: dict[str, Any], kind: str, patience: float) -> list[dict[str, Any]]:
        self._forget(kind)
        for process in self._processes:
            process.tell(command)
        return self._hear(kind, patience)

    def _forget(self, kind: str) -> None:
        """Lines of before the next command are no answer to it."""
        for process in self._processes:
            process.heard.pop(kind, None)

    def _hear(self, kind: str, patience: float) -> list[dict[str, Any]]:
        """Such a line of every process. Raises TimeoutError, or FailedError when one of them ends."""
        deadline, shown = time.monotonic() + patience, time.monotonic()
        while not all(kind in process.heard for process in self._processes):
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(kind)
            ready, _, _ = select.select(self._processes, [], [], min(left, 1.0))
            for process in ready:
                process.listen()
            if time.monotonic() - shown >= 1:
                shown = time.monotonic()
                self.on_progress(
                    {name: sum(each.progress.get(name, 0) for each in self._processes) for name in _SUMMED}
                )
        return [process.heard.pop(kind) for process in self._processes]


class _Process:
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [python(), "-m", "bench.rig.swarm"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        self._received = b""
        self.heard: dict[str, dict[str, Any]] = {}
        """The last line of each kind that nobody has taken yet; a line's first member names its kind."""
        self.progress: dict[str, int] = {}
        self.refused = ""

    def fileno(self) -> int:
        assert self._process.stdout is not None, "piped"
        return self._process.stdout.fileno()

    def tell(self, line: dict[str, Any]) -> None:
        assert self._process.stdin is not None, "piped"
        data = memoryview(json.dumps(line).encode() + b"\n")
        while data:
            data = data[self._process.stdin.write(data) :]

    def listen(self) -> None:
        """To be called when there is something. Raises FailedError."""
        data = os.read(self.fileno(), 1 << 20)
        if not data:
            raise FailedError("a process of clients ended")
        *lines, self._received = (self._received + data).split(b"\n")
        for text in lines:
            line: dict[str, Any] = json.loads(text)
            if "failed" in line:
                raise FailedError(f"clients: {line['failed']}")
            if "progress" in line:
                self.refused = line["progress"].pop("refused")
                self.progress = line["progress"]
            else:
                self.heard[next(iter(line))] = line

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
