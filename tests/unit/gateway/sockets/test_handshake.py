from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sockets.endpoint import Reject
from gateway.sockets.handshake import BadHead, Opening
from tests.support.patience import until

from .stage import ACCEPT, FakeTransport, OpenEndpoint, Stage, request, tick


@pytest.fixture
async def stages() -> AsyncIterator[Any]:
    made: list[Stage] = []

    def make(*args: Any, **changes: Any) -> Stage:
        made.append(Stage(*args, **changes))
        return made[-1]

    yield make
    for stage in made:
        stage.server.stop()


def _status(transport: FakeTransport) -> int:
    return int(transport.sent.split(b" ", 2)[1])


async def test_a_good_upgrade_is_answered_with_101_and_nothing_that_was_not_offered(stages: Any) -> None:
    stage = stages()
    transport = stage.upgrade()
    assert transport.sent.startswith(b"HTTP/1.1 101 ")
    assert ACCEPT in transport.sent
    assert b"protocol:" not in transport.sent.lower()
    assert b"extensions" not in transport.sent.lower()
    assert stage.counts.seen == [("opened", "test")]


async def test_the_endpoint_sees_the_request(stages: Any) -> None:
    stage = stages()
    stage.upgrade(FakeTransport(tls=True), request("/ws?format=protobuf&a=%20", "origin: https://a.example"))
    (handshake,) = stage.endpoint.handshakes
    assert (handshake.path, handshake.query) == ("/ws", "format=protobuf&a=%20")
    assert handshake.headers.get("Origin") == "https://a.example"
    assert (handshake.client, handshake.secure) == ("192.0.2.7", True)


async def test_the_endpoints_subprotocol_is_echoed(stages: Any) -> None:
    stage = stages(OpenEndpoint(subprotocol="centrifuge-json"))
    transport = stage.upgrade(head=request("/ws", "sec-websocket-protocol: centrifuge-json, other"))
    assert b"Sec-WebSocket-Protocol: centrifuge-json\r\n" in transport.sent
    assert stage.endpoint.handshakes[0].subprotocols == ("centrifuge-json", "other")


async def test_an_empty_list_of_subprotocols_counts_as_none(stages: Any) -> None:
    stage = stages()
    transport = stage.upgrade(head=request("/ws", "sec-websocket-protocol: "))
    assert _status(transport) == 101
    assert stage.endpoint.handshakes[0].subprotocols == ()


@pytest.mark.parametrize(
    ("head", "status", "outcome"),
    [
        (request("/elsewhere"), 404, "not_found"),
        (request("/ws/"), 404, "not_found"),
        (request(drop="sec-websocket-key"), 400, "bad_handshake"),
        (request("/ws", drop="sec-websocket-version"), 400, "bad_handshake"),
        (request("/ws", "sec-websocket-version: 8", drop="sec-websocket-version"), 400, "bad_handshake"),
        (request("/ws", "connection: close", drop="connection"), 426, "bad_handshake"),
        (request(method="POST"), 405, "bad_handshake"),
        (request("/ws", "a: " + "x" * 10_000), 431, "bad_handshake"),
        (request("/ws?" + "x" * 10_000), 414, "bad_handshake"),
    ],
)
async def test_bad_upgrades_are_refused(stages: Any, head: bytes, status: int, outcome: str) -> None:
    stage = stages()
    transport = stage.upgrade(head=head)
    assert _status(transport) in {status, 400}
    assert transport.closed
    assert stage.counts.seen == [("refused", outcome)]
    assert not stage.server.connections


async def test_a_head_that_is_no_http_ends_the_connection(stages: Any) -> None:
    stage = stages()
    transport = stage.upgrade(head=b"\x16\x03\x01 nonsense\r\n\r\n")
    assert transport.closed


async def test_the_endpoints_refusal_is_sent(stages: Any) -> None:
    verdict = Reject(status=403, body="{}", headers=(("Content-Type", "application/json"), ("X-Why", "origin")))
    stage = stages(OpenEndpoint(verdict=verdict))
    transport = stage.upgrade()
    assert _status(transport) == 403
    assert transport.sent.endswith(b"\r\n\r\n{}")
    assert transport.sent.count(b"Content-Type") == 1
    assert b"X-Why: origin\r\n" in transport.sent
    assert stage.counts.seen == [("refused", "rejected")]
    transport.protocol.connection_lost(None)
    assert not stage.server.connections


async def test_an_endpoint_that_fails_is_logged_and_answers_500(stages: Any, caplog: pytest.LogCaptureFixture) -> None:
    stage = stages()
    stage.endpoint.accept = lambda handshake: 1 // 0
    transport = stage.upgrade()
    assert _status(transport) == 500
    assert b"division" not in transport.sent
    assert len([record for record in caplog.records if record.exc_info]) == 1


async def test_draining_refuses_at_once(stages: Any) -> None:
    stage = stages()
    stage.server.draining = True
    transport = stage.upgrade()
    assert _status(transport) == 503
    assert b"Retry-After: 1\r\n" in transport.sent
    assert stage.counts.seen == [("refused", "draining")]


async def test_above_the_limit_connections_are_refused_until_one_goes(stages: Any) -> None:
    stage = stages(max_connections=2)
    first, _, _ = stage.connect()
    stage.connect()
    assert _status(stage.upgrade()) == 503
    first.protocol.connection_lost(None)
    assert _status(stage.upgrade()) == 101
    assert ("refused", "full") in stage.counts.seen


async def test_above_the_rate_connections_wait_and_then_open(stages: Any) -> None:
    stage = stages(connect_rate=20.0)
    transports = [stage.upgrade() for _ in range(6)]
    assert not all(transport.writes for transport in transports)
    assert len(stage.server.connections) == 6
    await until(lambda: all(transport.writes for transport in transports))
    assert [_status(transport) for transport in transports] == [101] * 6


async def test_those_that_would_wait_too_long_are_refused(stages: Any) -> None:
    stage = stages(connect_rate=10.0, handshake_timeout=0.2)
    transports = [stage.upgrade() for _ in range(10)]
    assert [_status(t) for t in transports if t.closed] == [503] * sum(t.closed for t in transports) != []
    assert ("refused", "rate") in stage.counts.seen


async def test_who_goes_while_waiting_leaves_nothing_behind(stages: Any) -> None:
    stage = stages(connect_rate=5.0)
    transports = [stage.upgrade() for _ in range(4)]
    waiting = transports[-1]
    assert not waiting.writes
    waiting.protocol.data_received(b"impatient")
    assert waiting.aborted
    for transport in transports:
        transport.protocol.connection_lost(None)
    await tick()
    assert not stage.server.connections
    assert not waiting.writes


async def test_compression_is_negotiated_only_if_configured(stages: Any) -> None:
    head = request("/ws", "sec-websocket-extensions: permessage-deflate; client_max_window_bits")
    assert b"permessage-deflate" not in stages().upgrade(head=head).sent
    answer = stages(compression=True).upgrade(head=head).sent
    assert b"permessage-deflate" in answer
    assert b"server_no_context_takeover" in answer
    assert b"client_no_context_takeover" in answer


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_bad_head(junk: bytes) -> None:
    for head in (junk, junk + b"\r\n\r\n", b"GET /ws HTTP/1.1\r\n" + junk + b"\r\n\r\n", request("/ws") + junk):
        try:
            opening = Opening(head, client="", secure=False, compression=True)
        except BadHead:
            continue
        opening.check()
