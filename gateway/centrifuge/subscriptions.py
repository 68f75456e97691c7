"""What one connection reads: its rooms, its own stream, the users it watches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chatcore.commands.history import History
from chatcore.domain.events import Event, Topic, profile_topic, topic_sid
from chatcore.domain.ids import ChannelSid, UserSid
from chatcore.domain.model import Position
from gateway.hub.hub import Hub
from gateway.hub.ports import Eviction, Reader
from gateway.hub.relay import Relay

from .catching_up import Budget, Caught, Want, collect, result
from .encode import Encoders
from .messages import SubscribePush, SubscribeRequest, SubscribeResult, UnsubscribePush
from .names import room_name, room_topic

UNSUBSCRIBE = {
    Eviction.LEFT: (2100, "left"),
    Eviction.REMOVED: (2101, "removed"),
    Eviction.DELETED: (2102, "channel deleted"),
    Eviction.ACCESS_LOST: (2103, "access lost"),
    Eviction.POSITION_LOST: (2500, "insufficient state"),
}
"""Codes below 2500 are final, from there on SDKs subscribe again with recovery."""


WATCHED_MAX = 1_000
"""Users that a connection may watch at a time."""


class TooManyWatched(Exception):
    """Nobody of those asked for is watched in addition."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscribed room. Server-side ones were made by the server and follow the membership; `base` is the offset at
    which the membership was checked."""

    topic: Topic
    server_side: bool
    base: int


class Subscriptions:
    """Rooms of one connection. Every topic in `rooms`, `activity` and `watched` is held at the relay once."""

    __slots__ = ("_encoders", "_hub", "_reader", "_relay", "activity", "closed", "rooms", "watched")

    def __init__(self, hub: Hub, relay: Relay, reader: Reader, encoders: Encoders) -> None:
        self._hub = hub
        self._relay = relay
        self._reader = reader
        self._encoders = encoders
        self.rooms: dict[str, Subscription] = {}
        self.activity: set[Topic] | None = None  # channels of which only activity is told
        self.watched: set[Topic] | None = None
        self.closed = False

    def attach(self, caught: Caught, budget: Budget, *, server_side: bool) -> SubscribeResult:
        """Starts live delivery at the room's position; the answer must be queued before anything else happens."""
        topic = caught.want.topic
        self._hub.attach(topic, self._reader, self._encoders.room)
        self.rooms[caught.want.name] = Subscription(topic, server_side, caught.want.base)
        return result(caught, budget)

    def drop(self, name: str) -> None:
        """Ends a subscription; nothing of the room is queued from now on."""
        subscription = self.rooms.pop(name, None)
        if subscription is not None:
            self._hub.detach(subscription.topic, self._reader, self._encoders.room)
            self._relay.release([subscription.topic])

    async def follow(
        self, history: History, sid: ChannelSid, base: int, user_sid: UserSid
    ) -> tuple[SubscribePush, Sequence[Event]] | None:
        """Subscribes a room the user has just joined, from where its membership began: what happened since follows the
        push. None where it is subscribed or already lost again. Attached when it returns: answer at once."""
        name = room_name(sid)
        if name in self.rooms:
            return None
        self.ignore_activity(room_topic(name))
        want = Want(name=name, topic=room_topic(name), base=base, epoch="", request=None)
        caught = await self._collect(history, want)
        if caught.lost_access(user_sid) or name in self.rooms:
            self._relay.release([want.topic])
            return None
        answer = self.attach(caught, Budget(), server_side=True)
        since = caught.room.since(base)
        events = [event for event in (caught.events or () if since is None else since) if event.offset > base]
        start = events[0].offset - 1 if events else answer.offset
        push = SubscribePush(channel=name, recoverable=True, positioned=True, epoch=answer.epoch, offset=start)
        return push, events

    async def subscribe(
        self, history: History, request: SubscribeRequest, base: Position, user_sid: UserSid
    ) -> SubscribeResult | None:
        """For a member that asked; None if the membership ended meanwhile. Attached when it returns: answer at once."""
        topic = room_topic(request.channel)
        want = Want(
            name=request.channel,
            topic=topic,
            base=base.offset,
            epoch=base.epoch,
            request=request if request.recover else None,
        )
        caught = await self._collect(history, want)
        if request.channel in self.rooms:  # the server subscribed it meanwhile
            self._relay.release([topic])
            raise AlreadySubscribed
        unrecoverable = request.recover and request.rejects_unrecovered and caught.missed() is None
        if caught.lost_access(user_sid) or unrecoverable:
            self._relay.release([topic])
            if unrecoverable:
                raise UnrecoverablePosition
            return None
        self.ignore_activity(topic)
        return self.attach(caught, Budget(), server_side=False)

    async def _hold(self, topics: Sequence[Topic]) -> None:
        await self._relay.hold(topics)
        try:
            self._check_open()
        except BaseException:
            self._relay.release(topics)
            raise

    def _check_open(self) -> None:
        if self.closed:
            raise ConnectionResetError("the connection closed meanwhile")

    async def _collect(self, history: History, want: Want) -> Caught:
        """Holds the room. Raises ConnectionResetError if the connection closed meanwhile."""
        await self._hold([want.topic])
        try:
            (caught,) = await collect(self._relay, history, [want])
            self._check_open()
        except BaseException:
            self._relay.release([want.topic])
            raise
        return caught

    async def note_activity(self, history: History, channels: Mapping[Topic, int]) -> None:
        """Tells only that there is something new in these channels, given with the offsets at which the memberships
        were checked."""
        fresh = {t: base for t, base in channels.items() if self.activity is None or t not in self.activity}
        await self._hold(list(fresh))
        try:
            await self._relay.bring_up(fresh)
            self._check_open()
        except BaseException:
            self._relay.release(fresh)
            raise
        if self.activity is None:
            self.activity = set()
        for topic in fresh:
            if topic in self.activity or room_name(topic_sid(topic)) in self.rooms:  # since it was waited for
                self._relay.release([topic])
                continue
            self.activity.add(topic)
            self._hub.attach(topic, self._reader, self._encoders.activity)

    def ignore_activity(self, topic: Topic) -> None:
        if self.activity is not None and topic in self.activity:
            self.activity.remove(topic)
            self._hub.detach(topic, self._reader, self._encoders.activity)
            self._relay.release([topic])

    async def watch(self, users: Sequence[UserSid]) -> None:
        """Raises TooManyWatched."""
        topics = [profile_topic(sid) for sid in users]
        fresh = [topic for topic in topics if self.watched is None or topic not in self.watched]
        if len(self.watched or ()) + len(fresh) > WATCHED_MAX:
            raise TooManyWatched
        await self._hold(fresh)
        if self.watched is None:
            self.watched = set()
        for topic in fresh:
            self.watched.add(topic)
            self._hub.attach(topic, self._reader, self._encoders.watch)

    def unwatch(self, users: Sequence[UserSid]) -> None:
        for topic in (profile_topic(sid) for sid in users):
            if self.watched is not None and topic in self.watched:
                self.watched.remove(topic)
                self._hub.detach(topic, self._reader, self._encoders.watch)
                self._relay.release([topic])

    def evicted(self, topic: Topic, cause: Eviction) -> UnsubscribePush | None:
        """The hub took the connection out of the topic. What the client is told, if it had subscribed."""
        if self.activity is not None and topic in self.activity:
            if cause is Eviction.POSITION_LOST:  # what is told of activity has no position
                self._hub.attach(topic, self._reader, self._encoders.activity)
            else:
                self.activity.remove(topic)
                self._relay.release([topic])
        for name, subscription in self.rooms.items():
            if subscription.topic == topic:
                del self.rooms[name]
                self._relay.release([topic])
                code, reason = UNSUBSCRIBE[cause]
                return UnsubscribePush(channel=name, code=code, reason=reason)
        return None

    def close(self) -> None:
        """Leaves everything; what is still being subscribed gives up."""
        self.closed = True
        for name in list(self.rooms):
            self.drop(name)
        for topic in list(self.activity or ()):
            self.ignore_activity(topic)
        for topic in list(self.watched or ()):
            self._hub.detach(topic, self._reader, self._encoders.watch)
            self._relay.release([topic])
        self.watched = None


class AlreadySubscribed(Exception):
    """One subscription per channel and connection."""


class UnrecoverablePosition(Exception):
    """The client prefers no subscription to one that misses something."""
