"""A figure with both sides of its ratio and its spread, as a table for people and as JSON."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.load import machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """What a figure is. `must` and `aim` bound product/peer, or the product's own value where there is no peer."""

    id: str
    title: str
    unit: str
    peer: str | None
    must: float
    aim: float
    at_least: bool = False  # more is better

    def verdict(self, value: float) -> str:
        def reached(bound: float) -> bool:
            return value >= bound if self.at_least else value <= bound

        if reached(self.aim):
            return "AIM REACHED"
        return "must reached" if reached(self.must) else "MISSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One run. `details` are further numbers of it, shown behind the ratio."""

    product: float
    peer: float | None = None
    details: dict[str, float] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """What is held against the bounds."""
        return self.product if self.peer is None else self.product / self.peer


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    quantity: Quantity
    parameters: dict[str, object]
    samples: Sequence[Sample]
    notes: Sequence[str] = ()

    @property
    def score(self) -> float:
        return statistics.median(sample.score for sample in self.samples)

    @property
    def verdict(self) -> str:
        return self.quantity.verdict(self.score)


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
    detail_names = list(samples[0].details)
    head = ["run", "product"] + ([quantity.peer, "ratio"] if quantity.peer else []) + detail_names
    rows = [head]
    for number, sample in enumerate(samples, 1):
        rows.append(_row(str(number), sample.product, sample.peer, sample.score, list(sample.details.values())))
    if len(samples) > 1:
        for name, pick in (("median", statistics.median), ("least", min), ("most", max)):
            rows.append(_summary(name, pick, samples, detail_names))
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    for row in rows:
        say("    " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
    relation = "≥" if quantity.at_least else "≤"
    what = "ratio" if quantity.peer else "value"
    say(
        f"    {what} {_number(result.score)}   must {relation} {quantity.must:g}   aim {relation} {quantity.aim:g}"
        f"   → {result.verdict}"
    )
    for note in result.notes:
        say(f"    note: {note}")


def _summary(
    name: str, pick: Callable[[list[float]], float], samples: Sequence[Sample], detail_names: list[str]
) -> list[str]:
    peers = [sample.peer for sample in samples if sample.peer is not None]
    return _row(
        name,
        pick([sample.product for sample in samples]),
        pick(peers) if peers else None,
        pick([sample.score for sample in samples]),
        [pick([sample.details[detail] for sample in samples]) for detail in detail_names],
    )


def _row(name: str, product: float, peer: float | None, score: float, details: list[float]) -> list[str]:
    compared = [] if peer is None else [_number(peer), _number(score)]
    return [name, _number(product), *compared, *(_number(value) for value in details)]


def _number(value: float) -> str:
    if value == 0 or abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.4f}"


def write(results: Sequence[Result], facts: dict[str, str], folder: Path) -> Path:
    """One file per invocation; returns its path."""
    now, commit = datetime.now(UTC), machine.commit()
    document = {
        "at": now.isoformat(timespec="seconds"),
        "commit": commit,
        "machine": facts,
        "results": [
            {
                **asdict(result),
                "ratios": [sample.score for sample in result.samples],
                "score": result.score,
                "verdict": result.verdict,
            }
            for result in results
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{now:%Y%m%dT%H%M%SZ}-{commit}.json"
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    return path
