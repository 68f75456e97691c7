"""One invocation of the load generator: rooms, clients, runs of sending, storms."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from bench.load.deployment import Deployment
from bench.load.percentiles import Distribution
from bench.load.product import Product
from bench.rig import processes
from bench.rig.crew import Crew
from bench.rig.plan import Plan
from bench.rig.report import Run, Storm
from bench.rig.terminal import Terminal

_THREADS = 8
_SETTLE = 2.0
"""Seconds of quiet before memory is read."""
_PATIENCE = 60.0
_STORM_PATIENCE = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """`rate` sends per second, or so many `senders` with one send in flight each. `missed` per room and storm."""

    seconds: float
    rate: float
    senders: int
    storm: bool
    missed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Of all gateways, in bytes."""

    before: int
    after: int
    clients: int

    @property
    def per_connection(self) -> float:
        return (self.after - self.before) / self.clients


class Session:
    """`product` is the deployment where that is one of ours: only then are there CPU and memory."""

    def __init__(
        self, deployment: Deployment, product: Product | None, plan: Plan, body: int, terminal: Terminal
    ) -> None:
        self._deployment, self._product = deployment, product
        self._plan = plan
        self._terminal = terminal
        self._prefix = f"load-{secrets.token_hex(4)}"
        self._identities = [f"{self._prefix}-{number}" for number in range(plan.clients)]
        self._sids: list[str] = []
        self._totals: list[int] = []
        self._flaws = {"lost": 0, "repeated": 0, "disordered": 0}
        self._body = body

    def make_rooms(self) -> None:
        members = [[self._identities[client] for client in room] for room in self._plan.members]
        self._sids = self._rest("making channels", members, self._deployment.channel)
        self._totals = [0] * len(self._sids)

    def remove_rooms(self) -> None:
        self._rest("removing channels", self._sids, lambda sid: self._deployment.rest("DELETE", f"/Channels/{sid}"))

    def crew(self) -> Crew:
        return Crew(self._plan, self._deployment, self._identities, self._sids, self._body)

    def open(self, crew: Crew, at_a_time: int) -> tuple[float, Memory | None]:
        """Seconds until all were live, and what they cost."""
        before = processes.resident(self._product) if self._product else 0
        crew.on_progress = lambda figures: self._terminal.show(f"{figures['live']} of {self._plan.clients} connected")
        seconds = crew.open(at_a_time, _PATIENCE + self._plan.clients / 50)
        if self._product is None:
            return seconds, None
        crew.watch(_SETTLE)
        return seconds, Memory(before=before, after=processes.resident(self._product), clients=self._plan.clients)

    def run(self, crew: Crew, pace: Pace, name: str) -> tuple[Run, bool]:
        """What was found, and whether it was interrupted."""
        cpu = processes.cpu(self._product) if self._product else {}
        began = crew.go(pace.seconds, rate=pace.rate, senders=pace.senders)
        interrupted, storm = False, None
        crew.on_progress = lambda figures: self._terminal.show(
            f"{name}: {time.monotonic() - began:.0f} s, {figures['sent']} sent, "
            f"{figures['acknowledged']} acknowledged, {figures['deliveries']} deliveries, {figures['live']} connected"
        )
        try:
            if pace.storm:
                crew.watch(pace.seconds / 2)
                storm = self._storm(crew, pace.missed)
            crew.sent(pace.seconds + _PATIENCE)
        except KeyboardInterrupt:
            interrupted = True
            crew.stop()
            crew.sent(5)
        sending = time.monotonic() - began
        self._wait_until_quiet(crew)
        seconds = time.monotonic() - began
        used = processes.used(cpu, processes.cpu(self._product)) if self._product else {}
        return self._report(crew, (sending, seconds), used, storm, pace), interrupted

    def _storm(self, crew: Crew, missed: int) -> Storm:
        crew.cut()
        self._rest("sending while all are cut", self._sids * missed, self._send)
        totals = self._count()
        lines, incomplete = [], False
        try:
            lines = crew.come_back(totals, _STORM_PATIENCE)
        except TimeoutError:
            incomplete = True
        back = Distribution()
        for line in lines:
            back.merge(Distribution.of(line["back"]))
        return Storm(
            clients=self._plan.clients,
            back=back,
            turned_away=sum(line["turned_away"] for line in lines),
            incomplete=incomplete,
        )

    def _report(
        self, crew: Crew, took: tuple[float, float], cpu: dict[str, float], storm: Storm | None, pace: Pace
    ) -> Run:
        totals = self._count()
        run = Run(
            sending=took[0],
            seconds=took[1],
            rooms=sum(totals) - sum(self._totals),
            missed=pace.missed * len(self._sids) if storm else 0,
            cpu=cpu,
            storm=storm,
        )
        self._totals = totals
        reports = crew.reports(totals)
        for report in reports:
            run.add(report)
        for name, known in self._flaws.items():
            self._flaws[name] = sum(report[name] for report in reports)
            setattr(run, name, self._flaws[name] - known)
        return run

    def _wait_until_quiet(self, crew: Crew) -> None:
        """Deliveries are told once a second; late ones have as long as they keep coming."""
        known = -1
        while known != (known := crew.deliveries()):
            crew.watch(1.2)

    def _send(self, sid: str) -> None:
        self._deployment.rest("POST", f"/Channels/{sid}/Messages", From="load", Body="sent while you were away")

    def _count(self) -> list[int]:
        """Messages of each room."""
        return self._rest("counting messages", self._sids, self._messages)

    def _messages(self, sid: str) -> int:
        return int(self._deployment.rest("GET", f"/Channels/{sid}")["messages_count"])

    def _rest(self, name: str, items: list[Any], act: Callable[[Any], Any]) -> list[Any]:
        """The result for each, in order."""
        results: list[Any] = []
        with ThreadPoolExecutor(_THREADS) as pool:
            try:
                for done, result in enumerate(pool.map(act, items), 1):
                    results.append(result)
                    self._terminal.show(f"{name}: {done} of {len(items)}")
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return results
