"""One topic on this node: who reads it, and where its stream stands."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from chatcore.domain.events import Announcement, Event, Topic

from .ports import Encoder, Link, Listener, Reader

RING = 300
"""Events of an active room that are kept for recoveries."""


class Room:
    """State of a topic. Only the relay moves the position, only the hub changes the readers."""

    __slots__ = (
        "ahead",
        "check_at",
        "early",
        "epoch",
        "gap_timer",
        "holders",
        "idle_since",
        "listeners",
        "live",
        "offset",
        "opened",
        "readers",
        "ring",
        "streamed",
        "topic",
    )

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        self.holders = 0
        self.idle_since = 0.0  # when the last holder left; meaningful while holders == 0
        self.live = False  # subscribed on the broker and position known
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.early: list[Announcement] = []  # arrived before the position was known
        self.streamed = False  # has a log; topics of signals only have none
        self.offset = 0  # everything up to here was delivered to the readers
        self.epoch = ""
        self.ring: deque[Event] = deque(maxlen=RING)  # ends at `offset`, without holes
        self.ahead: dict[int, Event] = {}  # arrived before their predecessor
        self.gap_timer: asyncio.TimerHandle | None = None
        self.check_at = 0.0  # when to compare with the stored top
        self.readers: dict[Encoder, dict[Link, Reader]] = {}
        self.listeners: dict[Listener, None] = {}

    def since(self, offset: int) -> Sequence[Event] | None:
        """Events after `offset` up to the room's position, from memory; None if memory does not reach back so far."""
        missing = self.offset - offset
        if missing <= 0:
            return ()
        if missing > len(self.ring):
            return None
        return [self.ring[i] for i in range(len(self.ring) - missing, len(self.ring))]
