"""A million broken frames for a peer."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from gateway.hub.hub import Hub
from gateway.sockets.close import Close
from gateway.upstream import build_upstream
from tests.abuse import corpus
from tests.abuse.feeding import FRAMES, SHARDS, OnlyKnown, Refusing, fed
from tests.abuse.mutations import mutations
from tests.support.twilsock import decode, encode
from tests.support.virtual_time import settled
from tests.unit.gateway.centrifuge.fakes import payload_of

from .stage import Client, FakeLink, Stage

GOODBYE = 1000
"""A client says `close`."""


class Patience(FakeLink):
    """Does not end with the first violation, so that one session hears them all. What was sent is read and dropped."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: Counter[int] = Counter()
        self.statuses: Counter[int] = Counter()
        self.answers: Counter[int] = Counter()

    def send(self, frame: bytes) -> None:
        header = decode(payload_of(frame)).header
        assert header["method"] == "reply"
        self.statuses[header["status"]["code"]] += 1
        if "http_status" in header:
            self.answers[header["http_status"]["code"]] += 1

    def close(self, code: int, reason: str) -> None:
        self.ends[code] += 1


def prepared(stage: Stage) -> None:
    """Behind it is what answers requests in a node, whose commands find nothing."""
    nothing = cast("Any", Refusing())
    upstream = build_upstream(
        chat=nothing,
        reads=nothing,
        hub=Hub(lambda links, frame: 0),
        relay=nothing,
        clock=stage.clock,
        online=nothing,
        start=stage.tasks.start,
        media=nothing,
        count=lambda *_: None,
    )
    stage.services = replace(stage.services, upstream=upstream, tokens=OnlyKnown(stage.tokens), count=lambda *_: None)


async def patient(stage: Stage) -> tuple[Client, Patience]:
    client, link = stage.client(), Patience()
    client.link = link
    peer = cast("Any", client.peer)
    peer._link = peer._valve._link = peer._lanes._link = link
    peer.received(encode({"method": "init", "id": "TM0", "token": "alice"}))
    await settled()
    assert peer.session is not None
    return client, link


@pytest.mark.parametrize("shard", range(SHARDS))
async def test_a_million_broken_frames_are_refused_or_answered(stage: Stage, shard: int) -> None:
    prepared(stage)
    client, link = await patient(stage)

    def stranger(frame: bytes) -> Callable[[], None]:
        guest = stage.client()
        guest.peer.received(frame)
        return lambda: leave(guest)

    def leave(guest: Client) -> None:
        if guest.is_open():
            guest.drop()
        else:
            assert guest.link.closed is not None
            assert guest.link.closed[0] in (Close.BAD_REQUEST.code, GOODBYE)

    await fed(mutations(corpus.TWILSOCK, shard), FRAMES // SHARDS, [client.peer.received], stranger)
    assert set(link.ends) <= {Close.BAD_REQUEST.code, GOODBYE}
    assert link.ends[Close.BAD_REQUEST.code] > FRAMES // SHARDS / 4
    assert set(link.statuses) <= {200, 400, 401}
    assert link.statuses[400] > FRAMES // SHARDS / 50
    assert set(link.answers) <= {200, 201, 202, 204, 400, 403, 404, 405, 409}
    assert link.answers[404] > FRAMES // SHARDS / 50
    before = link.statuses[200]
    client.peer.received(encode({"method": "update", "id": "TM1", "token": "alice"}))
    await settled()
    assert link.statuses[200] == before + 1, "after all that it still answers"
    client.drop()
    await asyncio.sleep(60)
    await stage.assert_left_nothing()
