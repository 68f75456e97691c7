"""What the hub asks of a connection, of an encoder, and of the event log."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol

from chatcore.domain.events import Announcement, Event, Topic
from chatcore.domain.ids import UserSid
from chatcore.ports.views import StreamTop

Link = Any
"""A connection's write side, opaque here: only the fan-out function looks inside."""

FanOut = Callable[[Collection[Link], bytes], int]
"""Queues one frame for many links and returns how many took it. Never waits."""


class Encoder(Protocol):
    """One kind of reader: frames are built once per encoder, not once per reader."""

    @property
    def id(self) -> str: ...

    @property
    def inclusive(self) -> bool:
        """Whether a reader is told of itself too: of its own read horizon, and of the end of its membership before it
        is taken out."""
        ...

    def encode(self, announcement: Announcement) -> bytes | None:
        """A complete frame, or None where this kind of reader is not told."""
        ...


class Eviction(StrEnum):
    """Why the hub took a reader out of a topic."""

    LEFT = "left"
    REMOVED = "removed"
    DELETED = "deleted"
    ACCESS_LOST = "access_lost"
    POSITION_LOST = "position_lost"


class Reader(Protocol):
    """A connection that reads a topic's frames."""

    @property
    def user_sid(self) -> UserSid: ...

    @property
    def link(self) -> Link: ...

    def evicted(self, topic: Topic, cause: Eviction) -> None:
        """The reader is out of the topic already; called before the event that caused it is sent to the others."""
        ...


class Listener(Protocol):
    """Hears announcements themselves, before any frame of them is queued."""

    def hear(self, announcement: Announcement) -> None: ...

    def lost(self, topic: Topic) -> None:
        """Events of the topic were missed for good."""
        ...


class EventLog(Protocol):
    """Where missed events are read. Raises ChatError while the database is away."""

    async def tops(self, topics: Sequence[Topic]) -> Mapping[Topic, StreamTop]: ...

    async def missed(self, wanted: Mapping[Topic, int], *, per_topic: int) -> Mapping[Topic, Sequence[Event]]: ...
