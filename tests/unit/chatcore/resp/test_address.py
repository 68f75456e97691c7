from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from chatcore.config import ConfigError
from chatcore.resp.address import Address, is_cluster, parse, parse_cluster


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
        ("redis+cluster://:secret@cache", "must start with"),
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


@pytest.mark.parametrize(
    ("url", "addresses"),
    [
        ("redis+cluster://cache", [Address(host="cache")]),
        ("redis+cluster://a:7000,b:7001/", [Address(host="a", port=7000), Address(host="b", port=7001)]),
        (
            "redis+cluster://u:p%40,ss@[::1]:7000,b",
            [
                Address(host="::1", port=7000, username="u", password="p@,ss"),
                Address(host="b", username="u", password="p@,ss"),
            ],
        ),
        ("rediss+cluster://a?ssl_cert_reqs=none", [Address(host="a", tls=True, verify=False)]),
    ],
)
def test_urls_of_clusters_are_understood(url: str, addresses: list[Address]) -> None:
    assert is_cluster(url)
    assert list(parse_cluster(url)) == addresses


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("redis://:secret@cache", "must start with redis\\+cluster"),
        ("unix+cluster:///run/secret.sock", "must start with redis\\+cluster"),
        ("redis+cluster://", "names no server"),
        ("redis+cluster://:secret@", "names no server"),
        ("redis+cluster://a/1", "no databases"),
        ("redis+cluster://a?db=1", "unknown option db"),
        ("redis+cluster://a,b:secret", "CHAT_REDIS_URL"),
        ("rediss+cluster://a?ssl_ca_certs=/nowhere.pem", "no file"),
    ],
)
def test_mistakes_in_urls_of_clusters_are_explained(url: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        parse_cluster(url)
    if "b:secret" not in url:
        assert "secret" not in str(caught.value)


def test_a_single_server_is_no_cluster() -> None:
    assert not is_cluster("redis://cache")
    assert not is_cluster("redis://a+cluster://b")


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
