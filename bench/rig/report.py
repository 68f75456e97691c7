"""What a run of the load generator found, for people and as JSON."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.load.percentiles import SHOWN, Distribution
from bench.load.result import number, say, show_rows

_BUSY = 0.8
"""Share of a core above which a process of clients is too slow for what it measures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """`back`: from the moment all were told to come back until a client was subscribed and had all it had missed."""

    clients: int
    back: Distribution
    turned_away: int
    incomplete: bool


@dataclass(slots=True, kw_only=True)
class Run:
    """`cpu` in seconds by process, empty where the processes are elsewhere; `generator` is that of the clients' own."""

    seconds: float
    """In which CPU was used: until nothing more arrived."""
    sending: float
    """Until the last answer to a send."""
    rooms: int
    """Messages that the rooms got, by what the REST API counts."""
    missed: int = 0
    """Of them those that were sent over the REST API while everybody was cut."""
    lost: int = 0
    repeated: int = 0
    disordered: int = 0
    sent: int = 0
    acknowledged: int = 0
    unanswered: int = 0
    skipped: int = 0
    deliveries: int = 0
    dropped: int = 0
    refused_recoveries: int = 0
    latest: float = 0.0
    errors: Counter[str] = field(default_factory=Counter)
    answers: Distribution = field(default_factory=Distribution)
    received: dict[str, Distribution] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    generator: list[float] = field(default_factory=list)
    storm: Storm | None = None

    def add(self, report: Mapping[str, Any]) -> None:
        """What one process of clients reports of this run; of what was lost it knows only sums since the beginning."""
        for name in ("sent", "acknowledged", "unanswered", "skipped", "deliveries", "dropped", "refused_recoveries"):
            setattr(self, name, getattr(self, name) + report[name])
        self.latest = max(self.latest, report["latest"])
        self.errors.update(report["errors"])
        self.answers.merge(Distribution.of(report["answers"]))
        for protocol, plain in report["received"].items():
            self.received.setdefault(protocol, Distribution()).merge(Distribution.of(plain))
        self.generator.append(report["cpu"])

    @property
    def vanished(self) -> int:
        """Messages that were acknowledged and that no room holds."""
        return max(0, self.acknowledged + self.missed - self.rooms)

    @property
    def everything(self) -> Distribution:
        found = Distribution()
        for each in self.received.values():
            found.merge(each)
        return found

    @property
    def flawless(self) -> bool:
        wrong = self.lost + self.repeated + self.disordered + self.vanished + self.refused_recoveries
        return not wrong and not self.errors and not (self.storm and self.storm.incomplete)

    @property
    def plain(self) -> dict[str, object]:
        found: dict[str, object] = {
            name: getattr(self, name)
            for name in (
                *(
                    "seconds",
                    "sending",
                    "rooms",
                    "missed",
                    "lost",
                    "repeated",
                    "disordered",
                    "vanished",
                    "sent",
                    "acknowledged",
                ),
                *("unanswered", "skipped", "deliveries", "dropped", "refused_recoveries", "latest", "errors"),
                *("cpu", "generator"),
            )
        }
        found["acknowledged ms"] = self.answers.summary()
        found["received ms"] = {name: each.summary() for name, each in self.received.items()}
        if self.storm is not None:
            back = self.storm.back.summary()
            found["storm"] = {
                "back ms": back,
                "turned_away": self.storm.turned_away,
                "incomplete": self.storm.incomplete,
            }
        return found


def show(run: Run, title: str) -> None:
    say(f"\n{title}")
    rate = run.acknowledged / run.sending
    say(
        f"    sends: {run.sent} sent, {run.acknowledged} acknowledged ({rate:.0f}/s), {run.unanswered} unanswered, "
        f"{run.skipped} skipped (nobody there), {sum(run.errors.values())} errors"
    )
    say(
        f"    deliveries: {run.deliveries} ({run.deliveries / run.sending:.0f}/s); lost {run.lost}, "
        f"twice {run.repeated}, out of order {run.disordered}; acknowledged but in no room {run.vanished}"
    )
    for text, count in run.errors.most_common(5):
        say(f"    error, {count} ×: {text}")
    _show_latencies(run)
    _show_cpu(run)
    if run.storm is not None:
        _show_storm(run, run.storm)
    if run.refused_recoveries:
        say(f"    recoveries refused: {run.refused_recoveries}")
    busiest = max(run.generator, default=0.0) / run.seconds
    if busiest > _BUSY:
        say(f"    WARNING: a process of clients used {busiest:.0%} of a core: latencies are those of the generator too")
    if run.latest > 0.05:
        say(f"    WARNING: sends were up to {run.latest * 1e3:.0f} ms late because the generator was busy")


def _show_latencies(run: Run) -> None:
    rows = [["ms", *(f"p{percent:g}" for percent in SHOWN), "max", "count"]]
    kinds = {"send → receive": run.everything}
    if len(run.received) > 1:
        kinds |= {f"  {protocol}": run.received[protocol] for protocol in sorted(run.received)}
    kinds["send → acknowledged"] = run.answers
    for name, durations in kinds.items():
        if durations.total:
            rows.append([name, *map(number, durations.summary().values()), str(durations.total)])
    show_rows(rows, left={0})


def _show_cpu(run: Run) -> None:
    if not run.cpu:
        say("    CPU: unknown, the processes are not on this machine or not ours")
        return
    rows = [["CPU", "seconds", "µs/delivery", "µs/send", "of a core"]]
    groups = run.cpu | {"together": sum(run.cpu.values())}
    groups |= {f"clients {place}": seconds for place, seconds in enumerate(run.generator, 1)}
    for name, seconds in groups.items():
        per = [seconds * 1e6 / count if count else 0.0 for count in (run.deliveries, run.acknowledged)]
        rows.append([name, f"{seconds:.2f}", number(per[0]), number(per[1]), f"{seconds / run.seconds:.0%}"])
    show_rows(rows, left={0})


def _show_storm(run: Run, storm: Storm) -> None:
    seconds = "  ".join(f"{name} {value / 1000:.2f}" for name, value in storm.back.summary().items())
    end = "NOT ALL CAME BACK; " if storm.incomplete else ""
    say(
        f"    storm: {end}{storm.back.total} of {storm.clients} back with everything missed, seconds: {seconds}; "
        f"turned away {storm.turned_away} times"
    )


def show_spread(runs: Sequence[Run]) -> None:
    """Of the main figures over all runs."""
    columns = {
        "acknowledged/s": [run.acknowledged / run.sending for run in runs],
        "deliveries/s": [run.deliveries / run.sending for run in runs],
        **{f"{name} ms": [run.everything.summary().get(name, 0.0) for run in runs] for name in ("p50", "p99", "max")},
        "µs/delivery": [sum(run.cpu.values()) * 1e6 / run.deliveries if run.deliveries else 0.0 for run in runs],
    }
    rows = [["", *columns]]
    for name, pick in (("median", statistics.median), ("least", min), ("most", max)):
        rows.append([name, *(number(pick(values)) for values in columns.values())])
    say(f"\n{len(runs)} runs")
    show_rows(rows, left={0})
