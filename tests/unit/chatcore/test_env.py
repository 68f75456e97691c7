"""How settings are written."""

from __future__ import annotations

import pytest

from chatcore import env


@pytest.mark.parametrize(
    ("text", "seconds"), [("25", 25.0), ("25s", 25.0), ("500ms", 0.5), ("1.5m", 90.0), ("2h", 7200.0), ("7d", 604800.0)]
)
def test_durations_carry_units(text: str, seconds: float) -> None:
    assert env.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "1y", "-1", "1 2", "1e3", "inf", "1S", "٣"])
def test_other_durations_are_mistakes(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        env.duration(text)


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("65536", 65536), ("64KiB", 65536), ("1.5 MiB", 1572864), ("2GiB", 2**31)]
)
def test_sizes_carry_units(text: str, size: int) -> None:
    assert env.size(text) == size


@pytest.mark.parametrize("text", ["1MB", "1M", "x", "-5"])
def test_other_sizes_are_mistakes(text: str) -> None:
    with pytest.raises(ValueError, match="not a size"):
        env.size(text)


def test_switches_have_words() -> None:
    assert [env.switch(text) for text in ("1", "TRUE", "on", " yes ")] == [True] * 4
    assert [env.switch(text) for text in ("0", "false", "Off", "no")] == [False] * 4
    with pytest.raises(ValueError, match="not a switch"):
        env.switch("maybe")


def test_lists_ignore_blanks_and_empty_parts() -> None:
    assert env.words(" a, b,,c ") == ("a", "b", "c")


def test_rates_have_an_optional_burst() -> None:
    assert env.rate("100/500") == (100.0, 500)
    assert env.rate("20") == (20.0, 100)
    for text in ("x", "1/", "1/x", "-1"):
        with pytest.raises(ValueError, match="not a rate"):
            env.rate(text)


def test_origins_have_no_path_query_or_credentials() -> None:
    assert env.origin("https://push.example.org:8443/") == "https://push.example.org:8443"
    for text in ("https://h/path", "https://h?x=1", "https://user:pw@h", "ftp://h", "h:443", "https://"):
        with pytest.raises(ValueError, match=r"not a URL|takes no"):
            env.origin(text)


def test_urls_may_have_a_path() -> None:
    assert env.http_url("https://h/token") == "https://h/token"
    for text in ("https://h/token?x", "https://u@h/token", "token"):
        with pytest.raises(ValueError, match=r"not a URL|takes no"):
            env.http_url(text)


def test_a_wrong_scheme_does_not_repeat_the_url() -> None:
    with pytest.raises(ValueError, match="scheme must be redis://") as caught:
        env.url_with_scheme("http://user:hunter2@host", ["redis"])
    assert "hunter2" not in str(caught.value)


def test_passwords_in_urls_are_masked() -> None:
    assert env.masked_url("redis://user:hunter2@host:1/0") == "redis://user:***@host:1/0"
    assert env.masked_url("redis://host:1/0") == "redis://host:1/0"


def test_kubernetes_names_are_told_apart_and_explained() -> None:
    injected = {
        "CHAT_SERVICE_HOST": "10.0.0.1",
        "CHAT_SERVICE_PORT": "80",
        "CHAT_SERVICE_PORT_HTTP": "80",
        "CHAT_PORT": "tcp://10.0.0.1:80",
        "CHAT_PORT_80_TCP": "tcp://10.0.0.1:80",
        "CHAT_PORT_80_TCP_ADDR": "10.0.0.1",
        "CHAT_PORT_80_TCP_PORT": "80",
        "CHAT_METRICS_PORT": "tcp://10.0.0.2:9090",
        "CHAT_METRICS_SERVICE_HOST": "10.0.0.2",
    }
    ours, notes = env.split_foreign(injected | {"CHAT_HOST": "0.0.0.0", "HOME": "/"})
    assert ours == {"CHAT_HOST": "0.0.0.0"}
    assert len(notes) == 1
    assert all(name in notes[0] for name in injected)
    assert "enableServiceLinks" in notes[0]


def test_our_own_port_is_not_taken_for_an_injected_one() -> None:
    assert env.split_foreign({"CHAT_PORT": "8080", "CHAT_METRICS_PORT": "9090"}) == (
        {"CHAT_PORT": "8080", "CHAT_METRICS_PORT": "9090"},
        (),
    )


def test_empty_values_mean_not_set() -> None:
    assert env.split_foreign({"CHAT_HOST": "", "CHAT_PUBLIC_URL": "  "}) == ({}, ())


def test_unknown_names_come_with_a_suggestion() -> None:
    assert env.unknown_name("CHAT_PROT", ["CHAT_PORT", "CHAT_HOST"]).endswith("did you mean CHAT_PORT?")
    assert env.unknown_name("CHAT_ZZZZZZ", ["CHAT_PORT"]) == "CHAT_ZZZZZZ: unknown setting"
