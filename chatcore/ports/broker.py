"""Between nodes: announcements by topic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from chatcore.domain.events import Announcement, Topic


class Publisher(Protocol):
    """The side a command sees.

    Called after the commit. May lose anything, may reorder what different nodes publish, never raises and never
    blocks: readers compare positions and repair from the log.
    """

    def publish(self, announcements: Sequence[Announcement]) -> None:
        """Queues; all of one call leave in one pipeline, in order."""
        ...


class Broker(Publisher, Protocol):
    """The side a node sees."""

    async def subscribe(self, topics: Sequence[Topic]) -> None:
        """Returns once the server confirmed: what is published to the topics from then on arrives here."""
        ...

    async def unsubscribe(self, topics: Sequence[Topic]) -> None: ...

    def connect(self, on_announcement: Callable[[Announcement], None], on_restored: Callable[[], None]) -> None:
        """Sets the receivers, before `run`. `on_restored` is called whenever the connection came back after a loss:
        all topics are subscribed again, and anything may have been missed meanwhile."""
        ...

    async def run(self) -> None:
        """Receives until cancelled; reconnects for ever."""
        ...

    @property
    def connected(self) -> bool: ...

    async def ping(self) -> None:
        """Raises ConnectionError unless the broker answers within a second."""
        ...

    async def ask(self, topic: Topic, question: bytes, *, patience: float) -> list[bytes]:
        """The answers of the nodes that hold the topic, this one included, that came within `patience` seconds."""
        ...

    def answer(self, responder: Callable[[Topic, bytes], bytes | None]) -> None:
        """Sets what answers the questions of other nodes; None stays silent."""
        ...
