"""From a position to the live stream of a room, without a hole and without a repetition.

Live delivery of a room starts at the position the room has on this node at that moment. So everything between the
client's position and the room's is collected first, partly from the room's memory, partly from the log, and the last
step — take the rest from memory, attach, answer — runs without waiting for anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from chatcore.commands.history import PAGE_MAX, History
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.events import Event, EventType, Topic
from chatcore.domain.paging import PAGE_BYTES
from chatcore.domain.values import value
from gateway.hub.relay import Relay
from gateway.hub.room import Room

from .messages import Publication, SubscribeRequest, SubscribeResult

ROUNDS = 5


@value
class Want:
    """One stream to be subscribed. `base` is the offset at which the right to read it was checked, `epoch` the stream's
    as the database named it then; empty where nothing is recovered."""

    name: str
    topic: Topic
    base: int
    epoch: str
    request: SubscribeRequest | None  # present when the client asks for recovery

    def first(self, room: Room) -> int:
        """The offset after which events are needed."""
        if self.request is not None and self.recoverable(room):
            return min(self.base, self.request.offset)
        return self.base

    def recoverable(self, room: Room) -> bool:
        """Whether the position can be continued at all; the log may still have to give way."""
        request = self.request
        if request is None or not request.recover:
            return False
        known = not request.epoch or request.epoch == room.epoch
        return known and 0 <= room.offset - request.offset <= PAGE_MAX


@value
class Caught:
    """What is known about one stream at the moment of attaching; `events` follow each other up to the room's offset,
    or are None if the log did not reach back."""

    want: Want
    room: Room
    events: Sequence[Event] | None

    @property
    def certain(self) -> bool:
        """Whether everything since the right to read was checked is known."""
        return not self.room.streamed or self.events is not None or self.room.since(self.want.base) is not None

    def lost_access(self, user_sid: str) -> bool:
        """Whether the right to read ended after it was checked."""
        if not self.room.streamed:
            return True
        gone = False
        for event in self.room.since(self.want.base) or self.events or ():
            if event.offset <= self.want.base:
                continue
            if event.type is EventType.CHANNEL_DELETED:
                return True
            if event.subject == user_sid and event.type is EventType.MEMBER_LEFT:
                gone = True
            elif event.subject == user_sid and event.type is EventType.MEMBER_JOINED:
                gone = False
        return gone

    def missed(self) -> Sequence[Event] | None:
        """What the client missed, or None where recovery is impossible."""
        request = self.want.request
        if request is None or self.events is None or not self.want.recoverable(self.room):
            return None
        return [event for event in self.events if event.offset > request.offset]


async def collect(relay: Relay, history: History, wants: Sequence[Want]) -> list[Caught]:
    """Everything needed to attach to the (held) rooms. Valid until the caller next waits for something."""
    await relay.trust({want.topic: want.epoch for want in wants if want.epoch})
    read: dict[Topic, Sequence[Event]] = {}
    for _ in range(ROUNDS):
        await relay.bring_up({want.topic: want.base for want in wants})
        caught = [_join(want, relay.room(want.topic), read.get(want.topic)) for want in wants]
        short = {c.want.topic: c.want.first(c.room) for c in caught if c.events is None and c.want.topic not in read}
        behind = {
            c.want.topic: c.want.first(c.room)
            for c in caught
            if c.events is None and (rest := read.get(c.want.topic)) and rest[0].offset == c.want.first(c.room) + 1
        }
        if not short and not behind:
            if all(c.certain for c in caught):
                return caught
            break
        read.update(await _read(history, {**short, **behind}))
    raise ChatError(Code.UNAVAILABLE, "Too much is happening, try again")


async def _read(history: History, wanted: Mapping[Topic, int]) -> dict[Topic, Sequence[Event]]:
    found = await history.missed(wanted, per_topic=PAGE_MAX)
    return {topic: found.get(topic, ()) for topic in wanted}


def _join(want: Want, room: Room, read: Sequence[Event] | None) -> Caught:
    """Memory alone if it reaches back, else what was read and memory behind it."""
    first = want.first(room)
    events = room.since(first)
    if events is None and read and read[0].offset == first + 1:
        rest = room.since(read[-1].offset)
        if rest is not None:
            events = [*(event for event in read if event.offset <= room.offset), *rest]
    return Caught(want=want, room=room, events=events)


class Budget:
    """Bytes of publications that one reply may carry."""

    def __init__(self, room: int = PAGE_BYTES) -> None:
        self._left = room

    def spend(self, events: Iterable[Event]) -> bool:
        """Takes the size of all of them, or nothing."""
        size = sum(len(event.payload) for event in events)
        if size > self._left:
            return False
        self._left -= size
        return True


def result(caught: Caught, budget: Budget) -> SubscribeResult:
    """The answer to a subscription that starts at the room's present position.

    A refused recovery names the top of the stream, a successful one repeats the request's offset.
    """
    room, request = caught.room, caught.want.request
    missed = caught.missed()
    if missed is not None and request is not None and budget.spend(missed):
        return SubscribeResult(
            recoverable=True,
            positioned=True,
            epoch=room.epoch,
            offset=request.offset,
            publications=tuple(Publication(data=e.payload, offset=e.offset) for e in missed),
            recovered=True,
            was_recovering=True,
        )
    return SubscribeResult(
        recoverable=True,
        positioned=True,
        epoch=room.epoch,
        offset=room.offset,
        was_recovering=request is not None and request.recover,
    )
