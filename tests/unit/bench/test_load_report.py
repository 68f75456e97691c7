"""What the load generator adds up and prints."""

from __future__ import annotations

import json

import pytest

from bench.load.percentiles import Distribution
from bench.rig import report
from bench.rig.report import Run, Storm


def _of(*milliseconds: int) -> Distribution:
    found = Distribution()
    found.add(value * 1_000_000 for value in milliseconds)
    return found


def _process(**changes: object) -> dict[str, object]:
    return {
        "sent": 10,
        "acknowledged": 10,
        "unanswered": 0,
        "skipped": 0,
        "deliveries": 40,
        "dropped": 0,
        "refused_recoveries": 0,
        "latest": 0.001,
        "errors": {},
        "cpu": 1.0,
        "answers": _of(1, 2).plain(),
        "received": {"json": _of(5).plain(), "twilsock": _of(9).plain()},
        **changes,
    }


def _run(*processes: dict[str, object], rooms: int = 20) -> Run:
    run = Run(seconds=10.0, sending=8.0, rooms=rooms, cpu={"gateway 1": 0.8, "Postgres": 0.4})
    for each in processes or (_process(), _process()):
        run.add(each)
    return run


def test_processes_add_up() -> None:
    run = _run()
    assert (run.sent, run.deliveries, run.everything.total, run.generator) == (20, 80, 4, [1.0, 1.0])
    assert run.flawless


@pytest.mark.parametrize(
    "process", [_process(errors={"111 slow down": 1}), _process(refused_recoveries=1), _process(acknowledged=11)]
)
def test_whatever_went_wrong_is_a_flaw(process: dict[str, object]) -> None:
    assert not _run(process, _process()).flawless


def test_an_acknowledged_message_that_no_room_holds_has_vanished() -> None:
    assert _run(rooms=19).vanished == 1
    assert _run(rooms=21).vanished == 0  # one was committed, and its answer cut off


def test_the_table_has_both_percentiles_and_cost(capsys: pytest.CaptureFixture[str]) -> None:
    report.show(_run(), "run 1 of 1")
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["send", "→", "receive", "5.00", "9.00", "9.00", "9.00", "9.00", "4"] in rows
    assert ["twilsock", "9.00", "9.00", "9.00", "9.00", "9.00", "2"] in rows
    assert ["gateway", "1", "0.80", "10000", "40000", "8%"] in rows
    assert ["together", "1.20", "15000", "60000", "12%"] in rows


def test_a_generator_at_its_limit_is_warned_about(capsys: pytest.CaptureFixture[str]) -> None:
    report.show(_run(_process(cpu=8.5, latest=0.2)), "run")
    shown = capsys.readouterr().out
    assert "85% of a core" in shown
    assert "200 ms late" in shown


def test_a_storm_that_not_all_survived_is_a_flaw(capsys: pytest.CaptureFixture[str]) -> None:
    run = _run()
    run.storm = Storm(clients=3, back=_of(100, 200), turned_away=4, incomplete=True)
    report.show(run, "run")
    assert "NOT ALL CAME BACK; 2 of 3" in capsys.readouterr().out
    assert not run.flawless


def test_a_run_without_our_processes_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    run = _run()
    run.cpu = {}
    report.show(run, "run")
    report.show_spread([run, run])
    assert "CPU: unknown" in capsys.readouterr().out


def test_a_run_fits_into_json() -> None:
    plain = json.loads(json.dumps(_run().plain))
    assert plain["received ms"]["json"]["p50"] == 5.0
    assert plain["cpu"] == {"gateway 1": 0.8, "Postgres": 0.4}
