"""Topic → local readers, and the fan-out.

Who loses a membership is taken out before the event that says so is sent to the others, or after it where its kind of
reader is told of itself. Nothing here waits.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from chatcore.domain import serial
from chatcore.domain.events import Announcement, Event, EventType, SignalType, Topic

from .ports import Encoder, Eviction, FanOut, Link, Listener, Reader
from .room import Room

_OTHERS_ONLY = frozenset({SignalType.TYPING, SignalType.READ_UPDATED})
"""Signals that the connections of their own subject do not get."""

_EVICTIONS = {"left": Eviction.LEFT, "removed": Eviction.REMOVED, "user_deleted": Eviction.ACCESS_LOST}


_MIGRATED = b',"migrated":true'
"""The channel changed its type: everybody subscribes again, which asks whether they still may."""


class Hub:
    """The rooms of this node. The relay opens and closes them."""

    def __init__(self, fan_out: FanOut, on_delivered: Callable[[Event], None] = lambda _: None) -> None:
        """`on_delivered` hears of each event once its frames are queued."""
        self._fan_out = fan_out
        self._on_delivered = on_delivered
        self.rooms: dict[Topic, Room] = {}
        self.delivered: dict[str, int] = {}
        """Frames queued so far, by the part of the encoder's id before the first dot."""

    def attach(self, topic: Topic, reader: Reader, encoder: Encoder) -> None:
        """The room must be live. From now on the reader gets every frame of the topic, in order."""
        self.rooms[topic].readers.setdefault(encoder, {})[reader.link] = reader

    def detach(self, topic: Topic, reader: Reader, encoder: Encoder) -> None:
        """Nothing of the topic is queued for the reader from now on."""
        room = self.rooms.get(topic)
        if room is None or (links := room.readers.get(encoder)) is None:
            return
        links.pop(reader.link, None)
        if not links:
            del room.readers[encoder]

    def listen(self, topic: Topic, listener: Listener) -> None:
        self.rooms[topic].listeners[listener] = None

    def unlisten(self, topic: Topic, listener: Listener) -> None:
        if (room := self.rooms.get(topic)) is not None:
            room.listeners.pop(listener, None)

    def readers(self, topic: Topic) -> Iterable[Reader]:
        """Everybody who reads frames of the topic, in no order."""
        room = self.rooms.get(topic)
        return () if room is None else [r for links in room.readers.values() for r in links.values()]

    def deliver(self, room: Room, announcement: Announcement) -> None:
        """Queues the announcement for everybody in the room."""
        kind = announcement.type
        if kind is EventType.MEMBER_LEFT:
            self._evict_member(room, announcement, inclusive=False)
        for listener in list(room.listeners):
            listener.hear(announcement)
        excepted = announcement.subject if kind in _OTHERS_ONLY and not isinstance(announcement, Event) else ""
        for encoder, links in list(room.readers.items()):
            frame = encoder.encode(announcement)
            if frame is None:
                continue
            told: Collection[Link] = links
            if excepted and not (encoder.inclusive and kind is SignalType.READ_UPDATED):
                told = [link for link, reader in links.items() if reader.user_sid != excepted]
            count = self._fan_out(told, frame)
            protocol = encoder.id.partition(".")[0]
            self.delivered[protocol] = self.delivered.get(protocol, 0) + count
        if isinstance(announcement, Event):
            self._on_delivered(announcement)
        if kind is EventType.MEMBER_LEFT:
            self._evict_member(room, announcement, inclusive=True)
        elif kind is EventType.CHANNEL_DELETED:
            self.evict_all(room, Eviction.DELETED)
        elif kind is EventType.CHANNEL_UPDATED and _MIGRATED in announcement.payload:
            self.evict_all(room, Eviction.POSITION_LOST)

    def tell(self, topic: Topic, encoder: Encoder, frame: bytes) -> None:
        """Queues a frame for one kind of reader of a topic."""
        room = self.rooms.get(topic)
        if room is not None and (links := room.readers.get(encoder)):
            self._fan_out(links, frame)

    def evict_all(self, room: Room, cause: Eviction) -> None:
        """Everybody leaves the room."""
        readers = [reader for links in room.readers.values() for reader in links.values()]
        room.readers.clear()
        for reader in readers:
            reader.evicted(room.topic, cause)
        if cause is Eviction.POSITION_LOST:
            for listener in list(room.listeners):
                listener.lost(room.topic)

    @staticmethod
    def _evict_member(room: Room, announcement: Announcement, *, inclusive: bool) -> None:
        gone = [
            (links, link, reader)
            for encoder, links in room.readers.items()
            if encoder.inclusive is inclusive
            for link, reader in links.items()
            if reader.user_sid == announcement.subject
        ]
        if not gone:
            return
        cause = _EVICTIONS.get(str(serial.decode(announcement.payload).get("reason")), Eviction.ACCESS_LOST)
        for links, link, reader in gone:
            del links[link]
            reader.evicted(room.topic, cause)
