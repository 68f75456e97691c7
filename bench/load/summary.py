"""The last table: a line per figure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.load.result import NOTHING, Result, number, say, show_rows

_HEAD = ["figure", "must", "aim", "median", "least–most", "product", "peer", "verdict"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A figure without a result."""

    figure: str
    reason: str


def show(results: Sequence[Result], failures: Sequence[Failure]) -> None:
    say("\nSummary: median of the ratios, or of the values where there is no peer; product and peer are medians too")
    show_rows([_HEAD, *lines(results, failures)], left={0, 7})


def lines(results: Sequence[Result], failures: Sequence[Failure]) -> list[list[str]]:
    """One per figure, one more per further peer, then the figures that failed."""
    found = []
    for result in results:
        found.append(_line(result))
        found += _beside(result)
    failed = [[failure.figure, *[NOTHING] * 6, f"NO RESULT: {failure.reason}"] for failure in failures]
    return found + failed


def _line(result: Result) -> list[str]:
    quantity, samples = result.quantity, result.samples
    peers = [sample.peer for sample in samples if sample.peer is not None]
    verdict = result.verdict + (f": {result.unproven}" if result.unproven else "")
    return [
        quantity.id,
        *quantity.bounds,
        number(result.score),
        _range([sample.score for sample in samples]),
        number(statistics.median(sample.product for sample in samples)),
        f"{number(statistics.median(peers))} {quantity.peer}" if peers else NOTHING,
        verdict,
    ]


def _beside(result: Result) -> list[list[str]]:
    """No bound applies to these."""
    found = []
    for name in result.samples[0].beside:
        ratios = [sample.product / sample.beside[name] for sample in result.samples]
        found.append(
            [
                f"  ÷ {name}",
                NOTHING,
                NOTHING,
                number(statistics.median(ratios)),
                _range(ratios),
                number(statistics.median(sample.product for sample in result.samples)),
                f"{number(statistics.median(sample.beside[name] for sample in result.samples))} {name}",
                "for comparison",
            ]
        )
    for name, reason in result.skipped.items():
        found.append([f"  ÷ {name}", *[NOTHING] * 6, f"skipped: {reason}"])
    return found


def _range(values: Sequence[float]) -> str:
    return f"{number(min(values))}–{number(max(values))}"
