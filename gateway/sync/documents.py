"""The channel documents of this node: what a message event does not say of its channel, its subscribers still want to
be told. One for each channel that somebody here has subscribed, kept current by the room's own events."""

from __future__ import annotations

from chatcore.domain import serial
from chatcore.domain.events import Announcement, Event, EventType, Topic
from chatcore.domain.model import Channel
from gateway.hub.hub import Hub

from . import data, payloads


class Document:
    """A channel's document. `position` is the offset of the last event that changed it, `at` its date."""

    __slots__ = ("at", "data", "holders", "position")

    def __init__(self, channel: Channel) -> None:
        self.data = data.channel(channel)
        self.position = channel.stream.offset
        self.at = serial.date(channel.date_updated)
        self.holders = 0

    def hear(self, announcement: Announcement) -> None:
        if not isinstance(announcement, Event) or announcement.offset <= self.position:
            return
        match announcement.type:
            case EventType.MESSAGE_ADDED | EventType.MESSAGE_UPDATED:
                event = payloads.message_event(announcement.payload)
                last = data.last_message(event.message.index, event.message.date_created)
                held = self.data.get("lastMessage")
                newest = isinstance(held, dict) and held["index"] == event.message.index and held != last
                if announcement.type is EventType.MESSAGE_ADDED or newest:
                    self._change(announcement, event.at, last)
            case EventType.MESSAGE_REMOVED:
                gone = payloads.removed_event(announcement.payload)
                left = gone.last_message
                last_now = None if left is None else data.last_message(left.index, left.date_created)
                if last_now != self.data.get("lastMessage"):
                    self._change(announcement, gone.at, last_now)
            case EventType.CHANNEL_UPDATED:
                changed = payloads.channel_event(announcement.payload)
                self.data = data.channel_of_event(changed.channel)
                self.position, self.at = announcement.offset, changed.at
            case _:
                pass

    def lost(self, topic: Topic) -> None:
        """The readers are told, and read again."""

    def _change(self, event: Event, at: str, last: dict[str, object] | None) -> None:
        self.data = {name: value for name, value in self.data.items() if name != "lastMessage"}
        if last is not None:
            self.data["lastMessage"] = last
        self.position, self.at = event.offset, at


class Documents:
    """Documents by topic, for as long as somebody holds them. Their rooms are held at the relay meanwhile."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._held: dict[Topic, Document] = {}

    def get(self, topic: Topic) -> Document | None:
        return self._held.get(topic)

    def enter(self, topic: Topic, channel: Channel) -> Document:
        """The room's document. A first one is made from the channel, which must not be older than what the room's
        memory reaches back to; the room has reached the channel's offset."""
        document = self._held.get(topic)
        if document is None:
            document = self._held[topic] = Document(channel)
            for event in self._hub.rooms[topic].since(channel.stream.offset) or ():
                document.hear(event)
            self._hub.listen(topic, document)
        document.holders += 1
        return document

    def leave(self, topic: Topic) -> None:
        document = self._held[topic]
        document.holders -= 1
        if not document.holders:
            self._hub.unlisten(topic, document)
            del self._held[topic]
