from __future__ import annotations

from collections.abc import Sequence

import pytest

from gateway.centrifuge.endpoint import MESSAGE_MAX, CentrifugeEndpoint
from gateway.sockets.endpoint import Accept, Handshake, HeaderMap, Reject

from .stage import Stage

JSON, PROTOBUF = "centrifuge-json", "centrifuge-protobuf"


def handshake(*, protocols: str | None = None, query: str = "", **headers: str) -> Handshake:
    found = [("Host", "chat.example.org"), *headers.items()]
    if protocols is not None:
        found.append(("Sec-WebSocket-Protocol", protocols))
    path = "/connection/websocket"
    return Handshake(path=path, query=query, headers=HeaderMap(iter(found)), client="192.0.2.1", secure=True)


def accept(stage: Stage, request: Handshake, origins: Sequence[str] = ()) -> Accept | Reject:
    def no_inbox(*_: object) -> object:
        raise AssertionError("nobody connects here")

    return CentrifugeEndpoint(stage.services, origins, no_inbox).accept(request)  # type: ignore[arg-type]  # never called


@pytest.mark.parametrize(
    ("protocols", "query", "text", "echoed"),
    [
        (None, "", True, None),
        ("", "", True, None),
        (JSON, "", True, JSON),
        (PROTOBUF, "", False, PROTOBUF),
        (f"{JSON}, {PROTOBUF}", "", False, PROTOBUF),
        (JSON, "format=protobuf", True, JSON),
        (PROTOBUF, "format=json", False, PROTOBUF),
        (None, "format=protobuf", False, None),
        (None, "cf_protocol=protobuf", False, None),
        (None, "format=json", True, None),
        (None, "format=xprotobuf&a=%ff", True, None),
        ("chat", "", True, None),
        ("chat", "format=protobuf", False, None),
    ],
)
async def test_the_encoding_is_negotiated(
    stage: Stage, protocols: str | None, query: str, text: bool, echoed: str | None
) -> None:
    found = accept(stage, handshake(protocols=protocols, query=query))
    assert isinstance(found, Accept)
    assert (found.text, found.subprotocol, found.max_message, found.protocol) == (
        text,
        echoed,
        MESSAGE_MAX,
        "centrifuge",
    )


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("https://chat.example.org", True),
        ("http://chat.example.org", True),
        ("https://app.example.org", True),
        ("http://localhost:5173", True),
        ("http://localhost", False),
        ("https://evil.org", False),
        ("https://chat.example.org.evil.org", False),
        ("null", False),
        ("", False),
        ("chat.example.org", False),
    ],
)
async def test_browsers_of_other_sites_are_turned_away(stage: Stage, origin: str | None, allowed: bool) -> None:
    headers = {} if origin is None else {"Origin": origin}
    found = accept(stage, handshake(**headers), ["https://*.example.org", "http://localhost:*"])
    if allowed:
        assert isinstance(found, Accept)
    else:
        assert isinstance(found, Reject)
        assert found.status == 403
