"""What a long run leaves behind: one line per fault while it goes on, a JSON and a Markdown file at its end."""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from .ledger import Balance


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One fault. Times in seconds; sums are those since the beginning of the run."""

    number: int
    kind: str
    name: str
    seconds: float
    heal: float
    acknowledged: int
    stored: int
    delivered: int
    lost: int
    doubled: int
    disordered: int

    @classmethod
    def of(cls, number: int, kind: str, name: str, seconds: float, heal: float, balance: Balance) -> Line:
        return cls(
            number=number,
            kind=kind,
            name=name,
            seconds=round(seconds, 1),
            heal=round(heal, 1),
            acknowledged=balance.acknowledged,
            stored=balance.stored,
            delivered=balance.delivered,
            lost=balance.lost,
            doubled=balance.doubled,
            disordered=balance.disordered,
        )

    def __str__(self) -> str:
        return (
            f"{self.number:3}  {self.name:76.76} {self.seconds:5.1f} s  healed in {self.heal:4.1f} s  "
            f"acknowledged {self.acknowledged:6}  delivered {self.delivered:7}  "
            f"lost/doubled/out of order {self.lost}/{self.doubled}/{self.disordered}"
        )


@dataclass(slots=True, kw_only=True)
class Report:
    seed: int
    minutes: float
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime | None = None
    lines: list[Line] = field(default_factory=list)
    end: Line | None = None
    webhooks: int = 0
    pushes: int = 0
    repeated: dict[str, int] = field(default_factory=dict)
    """How often something was sent or told more than once where that is allowed."""
    notes: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    finished: bool = False

    @property
    def good(self) -> bool:
        return self.finished and not self.violations

    def write(self, folder: Path) -> None:
        as_json = asdict(self) | {"good": self.good, "machine": platform.platform()}
        (folder / "report.json").write_text(json.dumps(as_json, indent=2, default=str) + "\n")
        (folder / "report.md").write_text(self.markdown())

    def markdown(self) -> str:
        verdict = (
            "Nothing was lost." if self.good else "**VIOLATED.**" if self.violations else "Stopped before its end."
        )
        text = [
            f"# Soak of {self.began:%Y-%m-%d %H:%M} UTC, seed {self.seed}",
            "",
            f"{verdict} {self.minutes:g} minutes, {len(self.lines)} faults, {platform.platform()}.",
            "",
            *(f"- {note}" for note in self.notes),
            *self._sums(),
            "",
            *table(("Kind", "Faults", "Slowest to heal, s"), self._kinds()),
            "",
            *table(
                (
                    "#",
                    "Fault",
                    "s",
                    "Healed in, s",
                    "Acknowledged",
                    "Stored",
                    "Delivered",
                    "Lost",
                    "Doubled",
                    "Disorder",
                ),
                [
                    (
                        *(line.number, line.name, line.seconds, line.heal, line.acknowledged, line.stored),
                        *(line.delivered, line.lost, line.doubled, line.disordered),
                    )
                    for line in (*self.lines, *([self.end] if self.end is not None else []))
                ],
            ),
        ]
        if self.violations:
            text += ["", "## Violations", "", *(f"- {violation}" for violation in self.violations)]
        return "\n".join(text) + "\n"

    def _sums(self) -> list[str]:
        return [
            f"- webhooks owed and heard: {self.webhooks}; pushes owed and taken: {self.pushes}",
            *(f"- {what}: {count}" for what, count in self.repeated.items()),
        ]

    def _kinds(self) -> list[tuple[object, ...]]:
        counts = Counter(line.kind for line in self.lines)
        return [
            (kind, count, max(line.heal for line in self.lines if line.kind == kind))
            for kind, count in sorted(counts.items())
        ]


def table(head: Sequence[object], rows: Sequence[Sequence[object]]) -> list[str]:
    return [_row(head), _row(["---"] * len(head)), *map(_row, rows)]


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"
