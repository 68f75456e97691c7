from __future__ import annotations

import pytest

from gateway.sockets.endpoint import Handshake, HeaderMap


def _handshake(*headers: tuple[str, str]) -> Handshake:
    return Handshake(path="/ws", query="", headers=HeaderMap(iter(headers)), client="", secure=False)


def test_headers_are_found_in_any_case() -> None:
    headers = HeaderMap(iter([("Origin", "https://a.example"), ("X-A", "1"), ("x-a", "2")]))
    assert headers["ORIGIN"] == headers.get("origin") == "https://a.example"
    assert headers["x-A"] == "1, 2"
    assert headers.get("absent") is None
    assert list(headers) == ["origin", "x-a"]
    assert len(headers) == 2


@pytest.mark.parametrize(
    ("offered", "names"),
    [
        ([], ()),
        ([""], ()),
        ([" , "], ()),
        (["a,b"], ("a", "b")),
        (["a", "b , c"], ("a", "b", "c")),
    ],
)
def test_subprotocols_are_listed_in_the_clients_order(offered: list[str], names: tuple[str, ...]) -> None:
    assert _handshake(*(("sec-websocket-protocol", value) for value in offered)).subprotocols == names
