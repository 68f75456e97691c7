"""Logs and metrics."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from chatcore.telemetry import Metric, Metrics, set_up_logging, without_tokens

TOKEN = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJqdGkiOiJTSzAifQ.AKteis2mJ9IMhaId2P6cmMT9nrL"


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def test_json_lines_carry_level_action_and_node() -> None:
    out = io.StringIO()
    set_up_logging("info", "json", node="n1", stream=out)
    logging.getLogger("room").info("opened %s", "it", extra={"action": "open", "connection": 7})
    logging.getLogger("room").debug("not shown")
    (line,) = out.getvalue().splitlines()
    found = json.loads(line)
    assert found.pop("time").endswith("+00:00")
    assert found == {
        "level": "INFO",
        "logger": "room",
        "message": "opened it",
        "action": "open",
        "connection": 7,
        "node": "n1",
    }


def test_console_lines_end_with_the_extras() -> None:
    out = io.StringIO()
    set_up_logging("debug", "console", stream=out)
    logging.getLogger("room").debug("opened", extra={"action": "open"})
    assert out.getvalue().rstrip().endswith("DEBUG   room: opened  [action=open]")


def test_output_that_is_no_terminal_is_json() -> None:
    out = io.StringIO()
    set_up_logging("info", None, stream=out)
    logging.getLogger("room").info("opened")
    assert json.loads(out.getvalue())["message"] == "opened"


@pytest.mark.parametrize("form", ["json", "console"])
def test_tokens_never_reach_the_log(form: str) -> None:
    out = io.StringIO()
    set_up_logging("info", "json" if form == "json" else "console", stream=out)
    try:
        raise ValueError(f"bad token {TOKEN}")
    except ValueError:
        logging.getLogger("room").exception("refused %s", TOKEN, extra={"given": TOKEN})
    assert "eyJ" not in out.getvalue()
    assert without_tokens("nothing here") == "nothing here"


def test_every_metric_of_the_catalogue_is_exported_under_its_name() -> None:
    text = Metrics().render().decode()
    typed = {line.split(" ")[2] for line in text.splitlines() if line.startswith("# TYPE chat_")}
    assert typed == {metric.value for metric in Metric}


def test_each_process_object_counts_for_itself() -> None:
    one, other = Metrics(), Metrics()
    one.deliveries.labels("centrifuge").inc(3)
    assert b'chat_deliveries_total{protocol="centrifuge"} 3.0' in one.render()
    assert b'chat_deliveries_total{protocol="centrifuge"}' not in other.render()
