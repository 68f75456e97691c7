"""A broker, a log and readers in memory, which fail and lose as the test says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.events import Announcement, Event, EventType, Signal, SignalType, Topic
from chatcore.domain.ids import UserSid
from chatcore.domain.model import Position
from chatcore.ports.views import StreamTop
from gateway.hub.hub import Hub
from gateway.hub.ports import Encoder, Eviction, Link
from gateway.hub.relay import Relay
from tests.support.virtual_time import LoopClock

ROOM = Topic("chat:CH1")
OTHER = Topic("chat:CH2")
USER = UserSid("US1")
PROFILE = Topic("profile:US1")


def event(
    offset: int,
    *,
    topic: Topic = ROOM,
    kind: EventType = EventType.MESSAGE_ADDED,
    subject: str = "",
    payload: bytes = b"{}",
) -> Event:
    return Event(topic=topic, offset=offset, type=kind, payload=payload, subject=subject)


def signal(kind: SignalType = SignalType.TYPING, *, topic: Topic = ROOM, subject: str = "") -> Signal:
    return Signal(topic=topic, type=kind, payload=b"{}", subject=subject)


class FakeLog:
    """Streams with an epoch; `first` is the oldest offset that is still held."""

    def __init__(self) -> None:
        self.streams: dict[Topic, list[Event]] = {}
        self.epochs: dict[Topic, str] = {}
        self.firsts: dict[Topic, int] = {}
        self.failure: Exception | None = None
        self.reads: list[tuple[str, tuple[Topic, ...]]] = []
        self.while_reading: Callable[[], None] = lambda: None
        """Called between what `tops` or `missed` saw and its return."""

    def make(self, topic: Topic, epoch: str = "e1") -> None:
        self.streams[topic], self.epochs[topic], self.firsts[topic] = [], epoch, 1

    def append(self, topic: Topic = ROOM, count: int = 1) -> list[Event]:
        stream = self.streams[topic]
        fresh = [event(len(stream) + 1 + i, topic=topic) for i in range(count)]
        stream.extend(fresh)
        return fresh

    async def tops(self, topics: Sequence[Topic]) -> Mapping[Topic, StreamTop]:
        self._read("tops", topics)
        found = {
            topic: StreamTop(
                position=Position(offset=len(self.streams[topic]), epoch=self.epochs[topic]),
                first_offset=self.firsts[topic],
            )
            for topic in topics
            if topic in self.streams
        }
        self.while_reading()
        return found

    async def missed(self, wanted: Mapping[Topic, int], *, per_topic: int) -> Mapping[Topic, Sequence[Event]]:
        self._read("missed", list(wanted))
        found = {
            topic: [e for e in self.streams.get(topic, ()) if e.offset > after and e.offset >= self.firsts[topic]][
                : per_topic + 1
            ]
            for topic, after in wanted.items()
        }
        self.while_reading()
        return found

    def _read(self, what: str, topics: Sequence[Topic]) -> None:
        self.reads.append((what, tuple(topics)))
        if self.failure is not None:
            raise self.failure


class FakeBroker:
    """Delivers what the test hands to `relay.receive`; keeps subscriptions."""

    def __init__(self) -> None:
        self.connected = True
        self.topics: set[Topic] = set()
        self.failure: Exception | None = None
        self.calls: list[tuple[str, tuple[Topic, ...]]] = []
        self.published: list[Announcement] = []
        self.receive: Callable[[Announcement], None] = lambda _: None
        self.restored: Callable[[], None] = lambda: None

    def connect(self, on_announcement: Callable[[Announcement], None], on_restored: Callable[[], None]) -> None:
        self.receive, self.restored = on_announcement, on_restored

    async def subscribe(self, topics: Sequence[Topic]) -> None:
        self.calls.append(("subscribe", tuple(topics)))
        if self.failure is not None:
            raise self.failure
        self.topics |= set(topics)

    async def unsubscribe(self, topics: Sequence[Topic]) -> None:
        self.calls.append(("unsubscribe", tuple(topics)))
        self.topics -= set(topics)
        if self.failure is not None:
            raise self.failure

    def publish(self, announcements: Sequence[Announcement]) -> None:
        self.published += announcements

    async def run(self) -> None: ...

    async def ping(self) -> None: ...

    async def ask(self, topic: Topic, question: bytes, *, patience: float) -> list[bytes]:
        return []

    def answer(self, responder: Callable[[Topic, bytes], bytes | None]) -> None: ...


class OffsetEncoder:
    """Frames that say what they are of; counts how often it is asked."""

    def __init__(self, name: str = "test.plain", *, silent: Iterable[str] = (), inclusive: bool = False) -> None:
        self.id = name
        self.inclusive = inclusive
        self.asked = 0
        self._silent = set(silent)

    def encode(self, announcement: Announcement) -> bytes | None:
        self.asked += 1
        if announcement.type in self._silent:
            return None
        offset = announcement.offset if isinstance(announcement, Event) else 0
        return f"{announcement.topic} {announcement.type} {offset}".encode()


@dataclass(eq=False, slots=True)
class FakeReader:
    """Its own link; keeps frames and evictions in one list, in order."""

    user_sid: UserSid = USER
    got: list[bytes | tuple[Topic, Eviction]] = field(default_factory=list)

    @property
    def link(self) -> Link:
        return self

    def send(self, frame: bytes) -> None:
        self.got.append(frame)

    def evicted(self, topic: Topic, cause: Eviction) -> None:
        self.got.append((topic, cause))

    @property
    def offsets(self) -> list[int]:
        """Of the events in its frames."""
        return [int(frame.rpartition(b" ")[2]) for frame in self.got if isinstance(frame, bytes)]


@dataclass(eq=False, slots=True)
class FakeListener:
    heard: list[Announcement] = field(default_factory=list)
    lost_topics: list[Topic] = field(default_factory=list)

    def hear(self, announcement: Announcement) -> None:
        self.heard.append(announcement)

    def lost(self, topic: Topic) -> None:
        self.lost_topics.append(topic)


def fan_out(links: Iterable[Link], frame: bytes) -> int:
    count = 0
    for link in links:
        link.send(frame)
        count += 1
    return count


class Node:
    """One relay over a broker and a log."""

    def __init__(self, log: FakeLog | None = None) -> None:
        self.log = log or FakeLog()
        self.broker = FakeBroker()
        self.hub = Hub(fan_out)
        self.repairs: list[str] = []
        self.restored = 0
        self.encoder: Encoder = OffsetEncoder()
        self.relay = Relay(
            self.hub,
            self.broker,
            self.log,
            LoopClock(),
            on_repair=self.repairs.append,
            on_restored=self._on_restored,
        )

    def _on_restored(self) -> None:
        self.restored += 1

    async def read(self, reader: FakeReader, topic: Topic = ROOM) -> None:
        await self.relay.hold([topic])
        self.hub.attach(topic, reader, self.encoder)

    def leave(self, reader: FakeReader, topic: Topic = ROOM) -> None:
        self.hub.detach(topic, reader, self.encoder)
        self.relay.release([topic])

    def hear(self, *announcements: Announcement) -> None:
        """The broker delivers, in this order."""
        for announcement in announcements:
            self.broker.receive(announcement)


AWAY = ChatError(Code.UNAVAILABLE, "no database")


@contextlib.asynccontextmanager
async def running(node: Node) -> AsyncIterator[None]:
    task = asyncio.create_task(node.relay.run())
    try:
        yield
    finally:
        assert not task.done(), "the relay goes on whatever happens"
        task.cancel()
        await asyncio.wait([task])


def has(reader: FakeReader, offset: int) -> bool:
    return reader.offsets[-1:] == [offset]
