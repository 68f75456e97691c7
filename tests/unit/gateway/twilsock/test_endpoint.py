from __future__ import annotations

from typing import cast

import pytest

from gateway.sockets.endpoint import Accept, Handshake, HeaderMap, Link, Reject
from gateway.twilsock.codec import FRAME_MAX
from gateway.twilsock.endpoint import PATH, TwilsockEndpoint
from gateway.twilsock.peer import TwilsockPeer

from .stage import FakeLink, Stage


def handshake(**headers: str) -> Handshake:
    found = HeaderMap(iter([("Host", "chat.example.org"), *headers.items()]))
    return Handshake(path=PATH, query="", headers=found, client="192.0.2.1", secure=True)


@pytest.mark.parametrize("origin", [None, "https://any.example", "null", "file://"])
async def test_any_page_may_connect(stage: Stage, origin: str | None) -> None:
    headers = {} if origin is None else {"Origin": origin}
    found = TwilsockEndpoint(stage.services).accept(handshake(**headers))
    assert isinstance(found, Accept)
    assert (found.text, found.subprotocol, found.max_message, found.protocol) == (False, None, FRAME_MAX, "twilsock")
    assert isinstance(found.peer(cast("Link", FakeLink())), TwilsockPeer)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("https://app.example.org", True),
        ("https://example.com", False),
        ("https://app.example.org.evil.com", False),
    ],
)
async def test_unless_the_operator_says_otherwise(stage: Stage, origin: str | None, allowed: bool) -> None:
    headers = {} if origin is None else {"Origin": origin}
    found = TwilsockEndpoint(stage.services, ["https://*.example.org"]).accept(handshake(**headers))
    if allowed:
        assert isinstance(found, Accept)
    else:
        assert isinstance(found, Reject)
        assert found.status == 403
