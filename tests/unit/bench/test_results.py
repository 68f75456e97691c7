"""What is printed and written about figures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench.load import machine, result, summary
from bench.load.result import Quantity, Result, Sample
from bench.load.summary import Failure

RATIO = Quantity(id="PX", title="speed", unit="µs", peer="other", must=1.0, aim=0.5)
RATE = Quantity(id="PY", title="rate", unit="1/s", peer=None, must=10, aim=20, at_least=True)
MEASURED = Result(
    quantity=RATIO,
    parameters={"runs": 3},
    samples=[
        Sample(product=2.0, peer=4.0, beside={"nats": 8.0}, details={"ms": 1.0}),
        Sample(product=3.0, peer=4.0, beside={"nats": 6.0}, details={"ms": 3.0}),
        Sample(product=8.0, peer=4.0, beside={"nats": 4.0}, details={"ms": 2.0}),
    ],
    notes=["a note"],
    skipped={"socketio": "npm is needed"},
)


def test_the_verdict_is_that_of_the_median_ratio() -> None:
    assert MEASURED.score == 0.75
    assert MEASURED.verdict == "must reached"


@pytest.mark.parametrize(("value", "verdict"), [(9, "MISSED"), (10, "must reached"), (20, "AIM REACHED")])
def test_bounds_from_below(value: float, verdict: str) -> None:
    assert Result(quantity=RATE, parameters={}, samples=[Sample(product=value)]).verdict == verdict


def test_where_no_bound_applies_there_is_no_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    unbounded = replace(MEASURED, quantity=replace(RATIO, must=None, aim=None))
    assert unbounded.verdict == "for comparison"
    result.show(unbounded)
    assert "ratio 0.75   must –   aim –" in capsys.readouterr().out
    assert summary.lines([unbounded], [])[0][1:3] == ["–", "–"]


def test_a_recorded_peer_proves_nothing() -> None:
    assert replace(MEASURED, unproven="recorded").verdict == "NOT PROVEN"


def test_a_table_shows_every_run_both_sides_and_the_spread(capsys: pytest.CaptureFixture[str]) -> None:
    result.show(MEASURED)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["run", "product", "other", "ratio", "nats", "÷", "nats", "ms"] in rows
    assert ["2", "3.00", "4.00", "0.75", "6.00", "0.50", "3.00"] in rows
    assert ["median", "3.00", "4.00", "0.75", "6.00", "0.50", "2.00"] in rows
    assert ["most", "8.00", "4.00", "2.00", "8.00", "2.00", "3.00"] in rows
    assert ["skipped:", "socketio:", "npm", "is", "needed"] in rows


def test_the_summary_has_a_line_per_figure_per_peer_and_per_failure() -> None:
    lines = summary.lines([MEASURED], [Failure(figure="P9", reason="no disk")])
    assert lines[0] == ["PX", "≤ 1", "≤ 0.5", "0.75", "0.50–2.00", "3.00", "4.00 other", "must reached"]
    assert lines[1][0] == "  ÷ nats"
    assert lines[1][3:5] == ["0.50", "0.25–2.00"]
    assert lines[2][-1] == "skipped: npm is needed"
    assert lines[3][-1] == "NO RESULT: no disk"


def test_a_file_says_what_where_and_both_sides(tmp_path: Path) -> None:
    path = result.write([MEASURED], {"cpu": "a good one"}, tmp_path / "new")
    document = json.loads(path.read_text())
    assert document["machine"] == {"cpu": "a good one"}
    assert document["commit"] in path.name
    (written,) = document["results"]
    assert written["ratios"] == [0.5, 0.75, 2.0]
    assert written["samples"][0]["peer"] == 4.0
    assert written["samples"][0]["beside"] == {"nats": 8.0}
    assert (written["score"], written["verdict"]) == (0.75, "must reached")


def test_a_busy_machine_is_warned_about() -> None:
    assert machine.busy(2.0, 4) == ""
    assert "2.10 on 4 cores" in machine.busy(2.1, 4)


def test_a_file_limit_that_is_too_low_says_what_is_needed() -> None:
    assert machine.missing_files(10) == ""
    assert "ulimit -n 1000000000" in machine.missing_files(1_000_000_000)
