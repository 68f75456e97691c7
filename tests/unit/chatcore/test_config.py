"""The catalogue of settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chatcore import config


def mistakes(environ: dict[str, str], **options: Any) -> list[str]:
    with pytest.raises(config.ConfigError) as caught:
        config.load(environ, **options)
    return caught.value.mistakes


def test_defaults_need_nothing() -> None:
    settings, notes = config.load({})
    assert notes == ()
    assert (settings.listen.host, settings.listen.port, settings.dev) == ("127.0.0.1", 8080, False)
    assert settings.sockets.ping_interval == 25.0
    assert settings.sockets.outbound_limit == 1024 * 1024
    assert settings.events.retention == 7 * 86400
    assert settings.push.poll == 0.5
    assert settings.rates.channel == settings.rates.service == 30.0
    assert (settings.rates.connection, settings.rates.connection_burst) == (100.0, 500)
    assert settings.media.url == f"file://{Path('.chat').absolute()}/media"


def test_development_lifts_limits_unless_they_are_set() -> None:
    settings, _ = config.load({"CHAT_RATE_SERVICE": "5"}, dev=True)
    assert (settings.dev, settings.rates.channel, settings.rates.service) == (True, 0.0, 5.0)
    assert settings.webhooks_may_call_private
    assert not config.load({"CHAT_DEV": "0"}, dev=True)[0].webhooks_may_call_private


def test_all_mistakes_are_reported_together(tmp_path: Path) -> None:
    found = mistakes(
        {
            "CHAT_PROT": "1",
            "CHAT_PORT": "70000",
            "CHAT_PING_INTERVAL": "soon",
            "CHAT_TRUSTED_PROXIES": "10.0.0.1/8",
            "CHAT_TLS_CERT": str(tmp_path / "missing.pem"),
            "CHAT_APNS_URL": "https://h/3/device",
            "CHAT_PUSH_RECORD": str(tmp_path / "missing" / "pushes.jsonl"),
            "CHAT_BOOTSTRAP_SERVICE_SID": "IS1",
            "CHAT_HOST": "0.0.0.0",
            "CHAT_DEV": "1",
        }
    )
    named = {line.partition(":")[0] for line in found}
    assert named == {
        "CHAT_PROT",
        "CHAT_PORT",
        "CHAT_PING_INTERVAL",
        "CHAT_TRUSTED_PROXIES",
        "CHAT_TLS_CERT",
        "CHAT_APNS_URL",
        "CHAT_PUSH_RECORD",
        "CHAT_BOOTSTRAP_SERVICE_SID",
        "CHAT_HOST",
    }


def test_mistakes_never_show_secrets() -> None:
    text = "\n".join(mistakes({"CHAT_POSTGRES_DSN": "mysql://u:hunter2@h", "CHAT_REDIS_URL": "hunter2"}))
    assert "CHAT_POSTGRES_DSN" in text
    assert "CHAT_REDIS_URL" in text
    assert "hunter2" not in text


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "chat.example.org"])
def test_development_refuses_addresses_that_others_reach(host: str) -> None:
    assert mistakes({"CHAT_HOST": host}, dev=True)[0].startswith("CHAT_HOST:")
    assert config.load({"CHAT_HOST": host, "CHAT_DEV": "0"}, dev=True)[0].host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_development_accepts_loopback(host: str) -> None:
    assert config.load({"CHAT_HOST": host}, dev=True)[0].listen.dev


def test_certificate_and_key_come_together(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").touch()
    assert mistakes({"CHAT_TLS_CERT": str(tmp_path / "cert.pem")}) == ["CHAT_TLS_CERT, CHAT_TLS_KEY: both or neither"]


def test_ports_of_all_gateways_must_exist() -> None:
    assert len(mistakes({"CHAT_PORT": "65535", "CHAT_GATEWAYS": "2"})) == 1


def test_a_pong_has_to_come_before_the_next_ping() -> None:
    assert len(mistakes({"CHAT_PING_INTERVAL": "10s", "CHAT_PONG_TIMEOUT": "10s"})) == 1
    config.load({"CHAT_PING_INTERVAL": "10s", "CHAT_PONG_TIMEOUT": "9s"})


def test_needed_settings_are_named_when_missing() -> None:
    with pytest.raises(config.ConfigError) as caught:
        config.load({"CHAT_PORT": "x"}, need=("CHAT_POSTGRES_DSN", "CHAT_REDIS_URL"))
    assert [line.partition(":")[0] for line in caught.value.mistakes] == [
        "CHAT_POSTGRES_DSN",
        "CHAT_REDIS_URL",
        "CHAT_PORT",
    ]


def test_injected_names_are_not_fatal() -> None:
    settings, notes = config.load({"CHAT_PORT": "tcp://10.1.2.3:80", "CHAT_SERVICE_HOST": "10.1.2.3"})
    assert settings.port == 8080
    assert len(notes) == 1


def test_effective_values_hide_secrets() -> None:
    secrets = {
        "CHAT_SECRET_KEY": "hunter2-a,hunter2-b",
        "CHAT_BOOTSTRAP_AUTH_TOKEN": "hunter2",
        "CHAT_BOOTSTRAP_API_KEY_SECRET": "hunter2",
        "CHAT_POSTGRES_DSN": "postgresql://chat:hunter2@db/chat",
        "CHAT_REDIS_URL": "redis://:hunter2@cache/0",
    }
    settings, _ = config.load(secrets)
    effective = dict(settings.effective())
    assert "hunter2" not in str(effective)
    assert "hunter2" not in repr(settings)
    assert effective["CHAT_POSTGRES_DSN"] == "postgresql://chat:***@db/chat"
    assert effective["CHAT_SECRET_KEY"] == "***,***"
    assert set(effective) == set(config.NAMES) - config.HANDED_DOWN
    assert settings.secret_keys == ("hunter2-a", "hunter2-b")
    assert settings.postgres.dsn == secrets["CHAT_POSTGRES_DSN"]


def test_an_unset_dsn_is_a_configuration_mistake_where_it_is_used() -> None:
    with pytest.raises(config.ConfigError, match="CHAT_POSTGRES_DSN"):
        _ = config.load({})[0].postgres


def test_connections_follow_the_file_limit_unless_set() -> None:
    assert config.load({"CHAT_MAX_CONNECTIONS": "7"})[0].sockets.max_connections == 7
    assert config.load({})[0].sockets.max_connections >= 64
