"""The command lines of `python -m bench` and `python -m bench load`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bench import arguments
from bench.figures import ALIASES, FIGURES
from bench.rig import arguments as load_arguments
from bench.rig.plan import Mix


def _figures(*words: str) -> object:
    return arguments.parse(list(FIGURES), ALIASES, words).names


def test_every_figure_is_in_both_sets() -> None:
    assert _figures("all") == list(FIGURES)
    assert _figures("every") == list(FIGURES)


def test_a_figure_named_twice_is_measured_once() -> None:
    assert _figures("p3", "p1", "p3") == ["p3", "p1"]


def test_a_figure_measured_with_another_one_is_found_by_its_own_name() -> None:
    assert _figures("p8b", "p8") == ["p8"]


def test_the_short_set_is_shorter() -> None:
    short = arguments.parse(list(FIGURES), ALIASES, ["all"])
    long = arguments.parse(list(FIGURES), ALIASES, ["p8"])
    assert set(short.channels) < set(long.channels)
    assert short.devices < long.devices
    assert arguments.parse(list(FIGURES), ALIASES, ["all", "--channels", "7"]).channels == [7]


def test_every_figure_estimates_its_time() -> None:
    options = arguments.parse(list(FIGURES), ALIASES, ["all"])
    fewer = arguments.parse(list(FIGURES), ALIASES, ["all", "--runs", "1"])
    for figure in FIGURES.values():
        assert 0 < figure.seconds(fewer) < figure.seconds(options)


def test_peers_are_listed_once_each_in_order() -> None:
    options = arguments.parse(list(FIGURES), ALIASES, ["p1", "--peers", "nats,nchan,nats"])
    assert options.peers == ("nats", "nchan")


@pytest.mark.parametrize(
    "words", [["p99"], [], ["p1", "--runs", "0"], ["p1", "--runs", "x"], ["p1", "--peers", "nchan,mercure"]]
)
def test_nonsense_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        arguments.parse(list(FIGURES), ALIASES, words)
    assert error.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_rooms_are_sizes_and_counts() -> None:
    options = load_arguments.parse(["--rooms", "1:500,20:50,1000:1"])
    assert options.plan.rooms == [Mix(size=2, count=500), Mix(size=20, count=50), Mix(size=1000, count=1)]
    assert options.plan.clients == 1000


def test_shares_of_protocols_are_kept_whatever_their_scale() -> None:
    plan = load_arguments.parse(["--rooms", "2:1", "--clients", "100", "--protocols", "json:3,twilsock:1"]).plan
    assert Counter(plan.protocols) == {"json": 75, "twilsock": 25}


def test_a_protocol_alone_needs_no_share() -> None:
    plan = load_arguments.parse(["--rooms", "2:1", "--clients", "3", "--protocols", "protobuf"]).plan
    assert plan.protocols == ["protobuf"] * 3


def test_senders_replace_the_rate() -> None:
    options = load_arguments.parse(["--senders", "10"])
    assert (options.rate, options.senders) == (0.0, 10)
    assert load_arguments.parse([]).rate == 100.0


def test_each_url_is_a_node() -> None:
    options = load_arguments.parse(["--url", "http://a:1", "--url", "http://b:2", "--credentials", "ready.json"])
    assert (options.nodes, options.plan.nodes) == (2, 2)
    assert options.credentials == Path("ready.json")


def test_settings_are_handed_to_the_deployment() -> None:
    options = load_arguments.parse(["--set", "CHAT_COMPRESSION=1", "--set", "CHAT_MEDIA_URL=file:///a=b"])
    assert options.environment == {"CHAT_COMPRESSION": "1", "CHAT_MEDIA_URL": "file:///a=b"}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--rooms", "20"], "SIZE:COUNT"),
        (["--rooms", "x:1"], "SIZE:COUNT"),
        (["--rooms", "0:1"], "1 to 1000"),
        (["--rooms", "1001:1"], "1 to 1000"),
        (["--rooms", "2:0"], "at least one"),
        (["--rooms", "20:1", "--clients", "10"], "--clients 20"),
        (["--rooms", "2:1000", "--clients", "10"], "--clients 11"),
        (["--protocols", "smtp:1"], "smtp"),
        (["--protocols", "json:many"], "whole number"),
        (["--protocols", "json:0"], "above 0"),
        (["--rate", "1", "--senders", "1"], "not allowed"),
        (["--rate", "0"], "more than 0"),
        (["--seconds", "-1"], "more than 0"),
        (["--body", "19"], "20 to 10000"),
        (["--url", "http://a:1"], "--credentials"),
        (["--credentials", "x"], "--url"),
        (["--set", "PATH=x"], "CHAT_NAME=VALUE"),
        (["--set", "CHAT_PORT"], "CHAT_NAME=VALUE"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(
    words: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        load_arguments.parse(words)
    assert reason in capsys.readouterr().err
