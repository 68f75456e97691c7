"""Announcements as frames: one encoder per kind of reader and encoding, each run once per announcement.

Whatever has an offset goes to the stream it belongs to; whatever has none goes to `live`, because a publication
without an offset in a recoverable channel makes clients forget their position.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from chatcore.domain import serial
from chatcore.domain.events import Announcement, Event, EventType, SignalType, Topic, topic_sid
from chatcore.domain.ids import ChannelSid
from gateway.sockets.endpoint import frame

from .codec import Codec
from .names import LIVE, ME, room_name

ACTIVITY_SECONDS = 1.0


class RoomEncoder:
    """For those subscribed to a chat channel."""

    inclusive = False

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self.id = f"centrifuge.{codec.NAME}.room"

    def encode(self, announcement: Announcement) -> bytes | None:
        codec = self._codec
        if isinstance(announcement, Event):
            name = room_name(topic_sid(announcement.topic))
            return frame(codec.publication_frame(name, announcement.payload, announcement.offset), codec.TEXT)
        return frame(codec.publication_frame(LIVE, announcement.payload, 0), codec.TEXT)


class MeEncoder:
    """For a user's own stream. Several devices share the frame of one event."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._last: tuple[Event, bytes] | None = None

    def encode(self, event: Event) -> bytes:
        if self._last is None or self._last[0] is not event:
            payload = self._codec.publication_frame(ME, event.payload, event.offset)
            self._last = (event, frame(payload, self._codec.TEXT))
        return self._last[1]


class WatchEncoder:
    """For those who watch a user's profile and reachability."""

    inclusive = False

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self.id = f"centrifuge.{codec.NAME}.watch"

    def encode(self, announcement: Announcement) -> bytes | None:
        return frame(self._codec.publication_frame(LIVE, announcement.payload, 0), self._codec.TEXT)


class ActivityEncoder:
    """For members who do not read the channel: that there is something new, at most once per second and channel.

    The first message is told at once; what follows within the second is told at its end, as the newest only.
    """

    inclusive = False

    def __init__(self, codec: Codec, tell: Callable[[Topic, ActivityEncoder, bytes], None]) -> None:
        self._codec = codec
        self._tell = tell
        self._held: dict[Topic, Announcement | None] = {}  # topics told within the last second, with what came since
        self.id = f"centrifuge.{codec.NAME}.activity"

    def encode(self, announcement: Announcement) -> bytes | None:
        if announcement.type is not EventType.MESSAGE_ADDED:
            return None
        if announcement.topic in self._held:
            self._held[announcement.topic] = announcement
            return None
        self._rest(announcement.topic)
        return self._frame(announcement)

    def _rest(self, topic: Topic) -> None:
        self._held[topic] = None
        asyncio.get_running_loop().call_later(ACTIVITY_SECONDS, self._resume, topic)

    def _resume(self, topic: Topic) -> None:
        announcement = self._held.pop(topic)
        if announcement is not None:
            self._rest(topic)
            self._tell(topic, self, self._frame(announcement))

    def _frame(self, announcement: Announcement) -> bytes:
        return frame(self._codec.publication_frame(LIVE, _activity(announcement), 0), self._codec.TEXT)


class _Newest(msgspec.Struct):
    index: int
    author: str
    date_created: str


class _Added(msgspec.Struct):
    """The part of `message.added` that activity tells."""

    at: str
    by: str | None
    message: _Newest


_added = msgspec.json.Decoder(_Added)


def _activity(announcement: Announcement) -> bytes:
    event = _added.decode(announcement.payload)
    newest = event.message
    return serial.event(
        SignalType.CHANNEL_ACTIVITY,
        at=serial.parse_date(event.at),
        by=event.by,
        channel_sid=ChannelSid(topic_sid(announcement.topic)),
        last_message=(
            f'{{"index":{newest.index},"author":{serial.string(newest.author)},"date_created":"{newest.date_created}"}}'
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoders:
    """The encoders of one encoding, shared by all its connections on this node."""

    codec: Codec
    room: RoomEncoder
    me: MeEncoder
    watch: WatchEncoder
    activity: ActivityEncoder

    @classmethod
    def of(cls, codec: Codec, tell: Callable[[Topic, ActivityEncoder, bytes], None]) -> Encoders:
        return cls(
            codec=codec,
            room=RoomEncoder(codec),
            me=MeEncoder(codec),
            watch=WatchEncoder(codec),
            activity=ActivityEncoder(codec, tell),
        )
