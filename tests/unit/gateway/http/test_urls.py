from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http.urls import Origin, Origins, encode, host_of, join, segments


def scope(*, client: str | None = "10.0.0.9", scheme: str = "http", **headers: str) -> dict[str, Any]:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    address = None if client is None else (client, 5000)
    return {"type": "http", "scheme": scheme, "client": address, "server": ("192.0.2.1", 8080), "headers": pairs}


FORWARDED = {"host": "inner:8080", "x_forwarded_proto": "https", "x_forwarded_host": "chat.example.org"}


def test_the_request_tells_the_origin() -> None:
    origin = Origins().of(scope(host="Chat.Example.org:8443", scheme="https"))
    assert origin.url == "https://Chat.Example.org:8443"
    assert origin.label == "chat"


def test_a_trusted_proxy_tells_the_origin() -> None:
    assert Origins(["10.0.0.0/8"]).of(scope(**FORWARDED)).url == "https://chat.example.org"
    assert Origins(["10.0.0.9"]).of(scope(client="::ffff:10.0.0.9", **FORWARDED)).url == "https://chat.example.org"
    assert Origins(["fd00::/8"]).of(scope(client="fd00::1", **FORWARDED)).url == "https://chat.example.org"


@pytest.mark.parametrize("client", ["192.0.2.7", "::1", "/run/socket", None])
def test_nobody_else_does(client: str | None) -> None:
    assert Origins(["10.0.0.0/8"]).of(scope(client=client, **FORWARDED)).url == "http://inner:8080"


def test_without_trusted_proxies_nothing_is_believed() -> None:
    assert Origins().of(scope(**FORWARDED)).url == "http://inner:8080"


def test_of_a_list_the_entry_of_the_nearest_proxy_counts() -> None:
    lists = {"host": "in", "x_forwarded_proto": "http, https", "x_forwarded_host": "evil.example, chat.example.org"}
    assert Origins(["10.0.0.0/8"]).of(scope(**lists)).url == "https://chat.example.org"


@pytest.mark.parametrize(
    ("headers", "url"),
    [
        ({"host": "a", "x_forwarded_proto": "javascript"}, "http://a"),
        ({"host": "a", "x_forwarded_host": "user@evil"}, "http://192.0.2.1:8080"),
        ({"host": "a/b"}, "http://192.0.2.1:8080"),
        ({}, "http://192.0.2.1:8080"),
        ({"host": "[::1]:80"}, "http://[::1]:80"),
    ],
)
def test_values_that_are_no_origin_are_not_used(headers: dict[str, str], url: str) -> None:
    assert Origins(["10.0.0.0/8"]).of(scope(**headers)).url == url


def test_a_fixed_public_url_wins() -> None:
    origins = Origins(public_url="https://chat.example.org/api/")
    assert origins.public(scope(host="inner")).url == "https://chat.example.org/api"
    assert origins.of(scope(host="inner")).url == "http://inner"


@pytest.mark.parametrize(
    "url", ["chat.example.org", "ftp://a", "https://", "https://u:p@a", "https://a?x=1", "https://a#b"]
)
def test_a_public_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="absolute"):
        Origins(public_url=url)


def test_a_proxy_that_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="proxy"):
        Origins(["proxy"])


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"/", ()),
        (b"/v2/Services", ("v2", "Services")),
        (b"/v2/Services/", ("v2", "Services")),
        (b"/v2/Services//", ("v2", "Services", "")),
        (b"/v2//Services", ("v2", "", "Services")),
        (b"/a%2Fb/c+d/%2540/%C3%A9", ("a/b", "c+d", "%40", "é")),
        (b"/a%zz", ("a%zz",)),
        (b"/../x", ("..", "x")),
        (b"/%FF", None),
        (b"/%00", None),
        (b"/a?b=c", ("a",)),
    ],
)
def test_paths_are_split_and_then_decoded_once(raw: bytes, expected: tuple[str, ...] | None) -> None:
    assert segments({"raw_path": raw}) == expected


def test_without_a_raw_path_the_decoded_one_is_used() -> None:
    assert segments({"path": "/a b/é"}) == ("a b", "é")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1), min_size=1))
def test_generated_paths_lead_back_to_the_same_segments(parts: list[str]) -> None:
    url = join("http://h", *parts)
    assert url.isascii()
    assert segments({"raw_path": url.removeprefix("http://h").encode()}) == tuple(parts)


@given(st.binary())
def test_arbitrary_paths_are_read_without_exceptions(raw: bytes) -> None:
    segments({"raw_path": raw})


def test_segments_are_encoded_whole() -> None:
    assert encode("a/b?c@d+e:é%") == "a%2Fb%3Fc%40d%2Be%3A%C3%A9%25"
    assert quote("a/b", safe="") == encode("a/b")


@pytest.mark.parametrize(("authority", "host"), [("A.b:80", "a.b"), ("[::1]:80", "[::1]"), ("a", "a")])
def test_the_host_is_the_authority_without_its_port(authority: str, host: str) -> None:
    assert host_of(authority) == host
    assert Origin(scheme="http", authority=authority).label == host.partition(".")[0]
