from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from chatcore.domain.events import Event, EventType, Signal, SignalType, Topic
from gateway.centrifuge import codec_json, codec_protobuf
from gateway.centrifuge.codec import Codec
from gateway.centrifuge.encode import ACTIVITY_SECONDS, ActivityEncoder, Encoders, MeEncoder, RoomEncoder, WatchEncoder
from gateway.sockets.frames import frame
from tests.unit.gateway.hub.fakes import ROOM, event, signal

from .fakes import payload_of

both = pytest.mark.parametrize("codec", [codec_json, codec_protobuf], ids=["json", "protobuf"])
OTHER = Topic("chat:CH2")


def message(index: int, topic: Topic = ROOM) -> Event:
    payload = {
        "type": "message.added",
        "at": "2026-05-17T12:00:00.123Z",
        "by": "Zoë",
        "channel_sid": "CH1",
        "message": {"index": index, "author": 'a"b', "date_created": "2026-05-17T12:00:00.100Z", "body": "secret"},
    }
    return event(index + 1, topic=topic, payload=json.dumps(payload).encode())


@both
def test_events_go_to_their_room_with_their_offset(codec: Codec) -> None:
    found = RoomEncoder(codec).encode(event(7, payload=b'{"a":1}'))
    assert found == frame(codec.publication_frame("chat:CH1", b'{"a":1}', 7), codec.TEXT)


@both
def test_signals_of_a_room_go_to_live_without_offset(codec: Codec) -> None:
    found = RoomEncoder(codec).encode(signal(SignalType.TYPING))
    assert found == frame(codec.publication_frame("live", b"{}", 0), codec.TEXT)


@both
def test_what_is_watched_goes_to_live(codec: Codec) -> None:
    told = Signal(topic=Topic("profile:US1"), type=SignalType.USER_UPDATED, payload=b"{}")
    assert WatchEncoder(codec).encode(told) == frame(codec.publication_frame("live", b"{}", 0), codec.TEXT)


@both
def test_own_events_go_to_me_and_are_built_once_for_all_devices(codec: Codec) -> None:
    encoder = MeEncoder(codec)
    own = event(3, topic=Topic("user:US1"), kind=EventType.CHANNEL_JOINED)
    first = encoder.encode(own)
    assert first == frame(codec.publication_frame("me", b"{}", 3), codec.TEXT)
    assert encoder.encode(own) is first
    assert encoder.encode(event(4, topic=Topic("user:US1"))) != first
    assert encoder.encode(own) == first


def test_encoders_are_told_apart_by_their_names() -> None:
    names = [e.id for codec in (codec_json, codec_protobuf) for e in _rooms(Encoders.of(codec, _nobody))]
    assert len(set(names)) == 6
    assert {name.partition(".")[0] for name in names} == {"centrifuge"}


def _rooms(encoders: Encoders) -> list[RoomEncoder | WatchEncoder | ActivityEncoder]:
    return [encoders.room, encoders.watch, encoders.activity]


def _nobody(_topic: Topic, _encoder: ActivityEncoder, _frame: bytes) -> None:
    pass


class Told:
    """Activity of rooms, at once and later."""

    def __init__(self) -> None:
        self.later: list[tuple[Topic, int]] = []
        self.encoder = ActivityEncoder(codec_json, self._tell)

    def _tell(self, topic: Topic, encoder: ActivityEncoder, framed: bytes) -> None:
        assert encoder is self.encoder
        self.later.append((topic, decoded(framed)["last_message"]["index"]))


def decoded(framed: bytes | None) -> dict[str, Any]:  # Any: JSON
    assert framed is not None
    push = json.loads(payload_of(framed))["push"]
    assert push["channel"] == "live"
    assert set(push["pub"]) == {"data"}
    data: dict[str, Any] = push["pub"]["data"]
    return data


async def test_activity_tells_what_is_new_but_not_what_it_says() -> None:
    data = decoded(Told().encoder.encode(message(4)))
    assert data == {
        "type": "channel.activity",
        "at": "2026-05-17T12:00:00.123Z",
        "by": "Zoë",
        "channel_sid": "CH1",
        "last_message": {"index": 4, "author": 'a"b', "date_created": "2026-05-17T12:00:00.100Z"},
    }


@pytest.mark.parametrize(
    "other",
    [event(1, kind=kind) for kind in EventType if kind is not EventType.MESSAGE_ADDED] + [signal(SignalType.TYPING)],
    ids=lambda other: str(other.type),
)
async def test_only_new_messages_are_activity(other: Event | Signal) -> None:
    assert Told().encoder.encode(other) is None


async def test_activity_is_merged_per_channel_and_second() -> None:
    told = Told()
    assert told.encoder.encode(message(0)) is not None
    for index in (1, 2, 3):
        assert told.encoder.encode(message(index)) is None
    assert told.encoder.encode(message(0, OTHER)) is not None
    await asyncio.sleep(ACTIVITY_SECONDS * 1.1)
    assert told.later == [(ROOM, 3)]
    assert told.encoder.encode(message(4)) is None, "the merged one counts as well"
    await asyncio.sleep(ACTIVITY_SECONDS)
    assert told.later == [(ROOM, 3), (ROOM, 4)]
    await asyncio.sleep(ACTIVITY_SECONDS * 2)
    assert told.encoder.encode(message(5)) is not None
    await asyncio.sleep(ACTIVITY_SECONDS * 2)
    assert len(told.later) == 2


async def test_a_busy_channel_tells_once_a_second() -> None:
    told = Told()
    at_once = 0
    for index in range(100):
        at_once += told.encoder.encode(message(index)) is not None
        await asyncio.sleep(0.1)
    assert at_once == 1
    assert 9 <= len(told.later) <= 10
    assert told.later[-1][1] >= 90
