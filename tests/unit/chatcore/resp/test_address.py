from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from chatcore.config import ConfigError
from chatcore.resp.address import Address, parse


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://cache", Address(host="cache")),
        ("redis://cache:7000/2", Address(host="cache", port=7000, db=2)),
        ("redis://:p%40ss@[::1]/", Address(host="::1", password="p@ss")),
        ("rediss://u:p@cache?db=3", Address(host="cache", username="u", password="p", db=3, tls=True)),
        ("rediss://cache?ssl_cert_reqs=none", Address(host="cache", tls=True, verify=False)),
        ("unix:///run/a%20b.sock", Address(path="/run/a b.sock")),
        ("unix://:p@/run/v.sock?db=1", Address(path="/run/v.sock", password="p", db=1)),
    ],
)
def test_urls_are_understood(url: str, address: Address) -> None:
    assert parse(url) == address


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("redis+cluster://:secret@cache", "not supported yet"),
        ("rediss+cluster://cache", "not supported yet"),
        ("http://cache", "must start with"),
        ("redis://cache:port", "CHAT_REDIS_URL"),
        ("redis://cache:99999", "CHAT_REDIS_URL"),
        ("redis://cache/secret", "must be a number"),
        ("redis://cache/-1", "must be a number"),
        ("redis://cache?timeout=5", "unknown option timeout"),
        ("rediss://cache?ssl_ca_certs=/nowhere.pem", "no file"),
        ("unix://", "names no socket"),
    ],
)
def test_mistakes_are_explained_without_repeating_the_url(url: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        parse(url)
    assert "secret" not in str(caught.value)


def test_the_password_is_not_shown() -> None:
    address = parse("redis://user:secret@cache")
    assert "secret" not in f"{address} {address!r}"
    assert str(address) == "cache:6379"
    assert str(parse("unix:///run/v.sock")) == "/run/v.sock"


def test_certificates_are_verified_unless_told_otherwise(tmp_path: Path) -> None:
    assert parse("redis://cache").ssl_context() is None
    strict = parse("rediss://cache").ssl_context()
    lax = parse("rediss://cache?ssl_cert_reqs=none").ssl_context()
    assert strict is not None
    assert strict.verify_mode is ssl.CERT_REQUIRED
    assert strict.check_hostname
    assert lax is not None
    assert lax.verify_mode is ssl.CERT_NONE
