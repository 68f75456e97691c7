"""A million broken frames for a peer of each encoding."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chatcore.commands.chat import Chat
from gateway.centrifuge import codec_json, codec_protobuf
from gateway.centrifuge.codec import Codec
from gateway.centrifuge.encode import Encoders
from gateway.sockets.close import Close
from tests.abuse import corpus
from tests.abuse.feeding import FRAMES, SHARDS, OnlyKnown, Refusing, fed
from tests.abuse.mutations import mutations
from tests.support.native import decode, encode_json, encode_protobuf
from tests.support.virtual_time import settled

from .fakes import FakeLink, payload_of
from .stage import Client, Stage

CODECS: dict[str, tuple[Codec, tuple[bytes, ...]]] = {
    "json": (codec_json, corpus.JSON),
    "protobuf": (codec_protobuf, corpus.PROTOBUF),
}
ENDS = {Close.BAD_REQUEST, Close.INVALID_TOKEN, Close.EXPIRED}
"""How a connection may end by what its client says."""


class Patience(FakeLink):
    """Does not end with the first violation, so that one session hears them all. Of what was sent a part is read."""

    def __init__(self, text: bool) -> None:
        super().__init__()
        self.ends: Counter[int] = Counter()
        self.replies: Counter[str] = Counter()
        self.every = 8
        self._frames = 0
        self._text = text

    def send(self, frame: bytes) -> None:
        self._frames += 1
        if self._frames % self.every:
            return
        payload = payload_of(frame)
        for reply in decode(payload.decode() if self._text else payload):
            assert ("id" in reply) != ("push" in reply)
            self.replies[next(name for name in reply if name != "id")] += 1

    def close(self, code: int, reason: str) -> None:
        self.ends[code] += 1


def prepared(stage: Stage, codec: Codec) -> None:
    """Its commands find nothing, apart from what the stage has; it speaks this encoding."""
    known = cast("SimpleNamespace", stage.services.chat)
    stage.services = replace(
        stage.services,
        chat=cast(Chat, Refusing(known)),
        media=cast("Any", Refusing()),
        tokens=OnlyKnown(stage.tokens),
        count=lambda *_: None,
    )
    stage.encoders = Encoders.of(codec, stage.hub.tell)


async def entered(stage: Stage, identity: str, codec: Codec, mode: str) -> Client:
    client = stage.client()
    link = Patience(codec.TEXT)
    client.link = link
    client.peer._link = cast("Any", link)
    client.peer._inbox._link = cast("Any", link)
    connect = codec_frames(codec, {"id": 1, "connect": {"token": identity, "data": {"subscribe": mode}}})
    client.peer.received(connect)
    await settled()
    assert client.peer.session is not None
    return client


def codec_frames(codec: Codec, command: dict[str, Any]) -> bytes:
    encode = encode_json if codec.TEXT else encode_protobuf
    return encode([command])


@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("encoding", CODECS)
async def test_a_million_broken_frames_are_refused_or_answered(stage: Stage, encoding: str, shard: int) -> None:
    codec, good = CODECS[encoding]
    prepared(stage, codec)
    stage.make_channel(1, "alice")
    clients = [await entered(stage, "alice", codec, mode) for mode in ("joined", "feed")]

    def stranger(frame: bytes) -> Callable[[], None]:
        guest = stage.client()
        guest.peer.received(frame)
        return lambda: leave(guest)

    def leave(guest: Client) -> None:
        if guest.is_open():
            guest.drop()
        else:
            assert guest.link.closed is not None
            assert guest.link.closed[0] in {end.code for end in ENDS}

    hosts = [client.peer.received for client in clients]
    await fed(mutations(good, shard), FRAMES // SHARDS, hosts, stranger)
    for client in clients:
        link = cast("Patience", client.link)
        assert set(link.ends) <= {end.code for end in ENDS}
        assert link.ends[Close.BAD_REQUEST.code] > FRAMES // SHARDS / 8
        assert link.replies["error"] > FRAMES // SHARDS / 500
        link.every = 1
        before = link.replies["ping"]
        client.peer.received(codec_frames(codec, {"id": 7, "ping": {}}))
        await settled()
        assert link.replies["ping"] == before + 1, "after all that it still answers"
        client.drop()
    await asyncio.sleep(60)
    stage.assert_left_nothing()
