"""A figure with both sides of its ratio and its spread, as a table for people and as JSON."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.load import machine

NOTHING = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """What a figure is. `must` and `aim` bound product/peer, or the product's own value where there is no peer; None
    where no bound applies."""

    id: str
    title: str
    unit: str
    peer: str | None
    must: float | None
    aim: float | None
    at_least: bool = False  # more is better

    def verdict(self, value: float) -> str:
        def reached(bound: float) -> bool:
            return value >= bound if self.at_least else value <= bound

        if self.must is None or self.aim is None:
            return "for comparison"
        if reached(self.aim):
            return "AIM REACHED"
        return "must reached" if reached(self.must) else "MISSED"

    @property
    def bounds(self) -> tuple[str, str]:
        """Must and aim as they are shown."""
        relation = "≥" if self.at_least else "≤"
        must, aim = (NOTHING if bound is None else f"{relation} {bound:g}" for bound in (self.must, self.aim))
        return must, aim


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One run. `beside`: the same number of further peers, to which no bound applies; `details`: other numbers."""

    product: float
    peer: float | None = None
    beside: dict[str, float] = field(default_factory=dict)
    details: dict[str, float] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """What is held against the bounds."""
        return self.product if self.peer is None else self.product / self.peer

    @property
    def columns(self) -> dict[str, float]:
        """What is shown behind the ratio: each further peer with its own ratio, then the details."""
        peers: dict[str, float] = {}
        for name, value in self.beside.items():
            peers |= {name: value, f"÷ {name}": self.product / value}
        return peers | self.details


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`skipped` tells why a peer took no part. `unproven` tells why the ratio proves nothing, if so."""

    quantity: Quantity
    parameters: dict[str, object]
    samples: Sequence[Sample]
    notes: Sequence[str] = ()
    skipped: dict[str, str] = field(default_factory=dict)
    unproven: str = ""

    @property
    def score(self) -> float:
        return statistics.median(sample.score for sample in self.samples)

    @property
    def verdict(self) -> str:
        return "NOT PROVEN" if self.unproven else self.quantity.verdict(self.score)


def say(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def progress(text: str) -> None:
    sys.stderr.write(f"  … {text}\n")
    sys.stderr.flush()


def show_machine(facts: dict[str, str]) -> None:
    for name, value in facts.items():
        say(f"{name:>12}  {value}")


def show(result: Result) -> None:
    quantity, samples = result.quantity, result.samples
    say()
    say(f"{quantity.id}  {quantity.title}  [{quantity.unit}]")
    say("    " + "  ".join(f"{name}={value}" for name, value in result.parameters.items()))
    columns = list(samples[0].columns)
    head = ["run", "product"] + ([quantity.peer, "ratio"] if quantity.peer else []) + columns
    rows = [head]
    for place, sample in enumerate(samples, 1):
        rows.append(_row(str(place), sample.product, sample.peer, sample.score, list(sample.columns.values())))
    if len(samples) > 1:
        for name, pick in (("median", statistics.median), ("least", min), ("most", max)):
            rows.append(_summary(name, pick, samples, columns))
    show_rows(rows)
    must, aim = quantity.bounds
    what = "ratio" if quantity.peer else "value"
    say(f"    {what} {number(result.score)}   must {must}   aim {aim}   → {result.verdict}")
    if result.unproven:
        say(f"    proves nothing: {result.unproven}")
    for name, reason in result.skipped.items():
        say(f"    skipped: {name}: {reason}")
    for note in result.notes:
        say(f"    note: {note}")


def show_rows(rows: Sequence[Sequence[str]], *, left: Collection[int] = ()) -> None:
    """A table; columns are flush right but for those named."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        say(("    " + "  ".join(cells)).rstrip())


def _summary(
    name: str, pick: Callable[[list[float]], float], samples: Sequence[Sample], columns: list[str]
) -> list[str]:
    peers = [sample.peer for sample in samples if sample.peer is not None]
    return _row(
        name,
        pick([sample.product for sample in samples]),
        pick(peers) if peers else None,
        pick([sample.score for sample in samples]),
        [pick([sample.columns[column] for sample in samples]) for column in columns],
    )


def _row(name: str, product: float, peer: float | None, score: float, details: list[float]) -> list[str]:
    compared = [] if peer is None else [number(peer), number(score)]
    return [name, number(product), *compared, *(number(value) for value in details)]


def number(value: float) -> str:
    if value == 0 or abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.4f}"


def write(results: Sequence[Result], facts: dict[str, str], folder: Path) -> Path:
    """One file per invocation; returns its path."""
    return write_document(
        {
            "results": [
                {
                    **asdict(result),
                    "ratios": [sample.score for sample in result.samples],
                    "score": result.score,
                    "verdict": result.verdict,
                }
                for result in results
            ]
        },
        facts,
        folder,
    )


def write_document(content: dict[str, object], facts: dict[str, str], folder: Path, suffix: str = "") -> Path:
    """`content` with when, what and where it was measured; returns the file's path."""
    now, commit = datetime.now(UTC), machine.commit()
    document = {"at": now.isoformat(timespec="seconds"), "commit": commit, "machine": facts, **content}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{now:%Y%m%dT%H%M%SZ}-{commit}{suffix}.json"
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    return path
