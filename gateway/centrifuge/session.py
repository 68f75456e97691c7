"""An authenticated connection: what it subscribed, and what reaches it by itself.

The user's own stream comes through `hear`. Most of its events are queued at once; after `channel.joined` the room has
to be subscribed first, so that event and whatever follows it wait in line while a task does that.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence

from chatcore.auth.tokens import Grant
from chatcore.domain import serial
from chatcore.domain.errors import ChatError
from chatcore.domain.events import (
    Announcement,
    Event,
    EventType,
    Topic,
    channel_topic,
    user_topic,
)
from chatcore.domain.ids import ChannelSid, Identity, KeySid, ServiceSid, UserSid
from chatcore.domain.model import Actor, User
from chatcore.ports.presence import Session as LiveSession
from gateway.hub.ports import Eviction
from gateway.hub.standing import Lost
from gateway.sockets.close import Close
from gateway.sockets.endpoint import Cancellable, Link

from .encode import Encoders
from .messages import ClientInfo, Push, UnsubscribePush
from .names import room_name
from .room_services import REFRESH_GRACE, REFRESH_MIN, RoomServices
from .subscriptions import UNSUBSCRIBE, Subscriptions

logger = logging.getLogger(__name__)

_EVICTIONS = {
    "left": Eviction.LEFT,
    "removed": Eviction.REMOVED,
    "deleted": Eviction.DELETED,
}

_LOST = {
    Lost.KEY_REVOKED: Close.INVALID_TOKEN,
    Lost.ACCOUNT_SUSPENDED: Close.INVALID_TOKEN,
    Lost.SERVICE_DELETED: Close.FORCE_DISCONNECT,
    Lost.USER_DELETED: Close.FORCE_DISCONNECT,
}


class Footing:
    """What a session rests on, as its entry in the node's standing."""

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def key_sid(self) -> KeySid:
        return self._session.grant.key_sid

    @property
    def service_sid(self) -> ServiceSid:
        return self._session.grant.service_sid

    @property
    def user_sid(self) -> UserSid:
        return self._session.user_sid

    def lost(self, why: Lost) -> None:
        self._session.link.close(*_LOST[why].value)


class Session:
    """State of one authenticated connection; a Reader of rooms and a Listener of its own topic."""

    __slots__ = (
        "_own",
        "_services",
        "activity_only",
        "actor",
        "client",
        "closed",
        "encoders",
        "expiry",
        "footing",
        "grant",
        "holding",
        "link",
        "reachability",
        "subscriptions",
        "user_sid",
    )

    def __init__(
        self, services: RoomServices, link: Link, encoders: Encoders, client: str, grant: Grant, user: User
    ) -> None:
        self._services = services
        self.link = link
        self.encoders = encoders
        self.client = client  # connection id
        self.grant = grant
        self.user_sid: UserSid = user.sid
        self.actor = Actor(
            account_sid=grant.account_sid, service_sid=grant.service_sid, identity=grant.identity, user_sid=user.sid
        )
        self.subscriptions = Subscriptions(services.hub, services.relay, self, encoders)
        self.footing = Footing(self)
        self.activity_only = False  # feed mode: rooms are subscribed by the application
        self.reachability = False
        self.expiry: Cancellable | None = None
        self.closed = False
        self.holding = False  # its own topic is held at the relay
        self._own: deque[Event] | None = None  # own events that wait for a room to be subscribed

    @property
    def topics(self) -> tuple[Topic, ...]:
        """Where it listens for what concerns itself. Held from connect to close."""
        return (user_topic(self.user_sid),)

    @property
    def live(self) -> LiveSession:
        """Its entry in presence."""
        return LiveSession(
            connection=self.client, service_sid=self.grant.service_sid, identity=Identity(self.grant.identity)
        )

    def info(self) -> ClientInfo:
        return ClientInfo(user=self.grant.identity, client=self.client, conn_info=self.grant.info or b"")

    def push(self, push: Push) -> None:
        self.link.send(self.link.frame(self.encoders.codec.encode_push(push)))

    def listen(self, *, waiting: bool) -> None:
        """From now on own announcements arrive; with `waiting` they stand in line until `resume`."""
        if waiting:
            self._own = deque()
        for topic in self.topics:
            self._services.hub.listen(topic, self)

    def expire_with_grant(self) -> None:
        """Closes the connection when its token ran out and was not renewed within the grace."""
        if self.expiry is not None:
            self.expiry.cancel()
            self.expiry = None
        if self.grant.expires_at is not None and not self.closed:
            left = (self.grant.expires_at - self._services.clock.now()).total_seconds()
            self.expiry = self.link.alarm(max(left + REFRESH_GRACE, REFRESH_MIN), self._expired)

    def _expired(self) -> None:
        self.link.close(*Close.EXPIRED.value)

    def close(self, *, goodbye: bool = False) -> None:
        """Leaves standing, hub, relay and presence at once. `goodbye`: the client wanted to."""
        if self.closed:
            return
        self.closed = True
        self._services.standing.leave(self.footing)
        if self.expiry is not None:
            self.expiry.cancel()
        self.subscriptions.close()
        for topic in self.topics:
            self._services.hub.unlisten(topic, self)
        if self.holding:
            self._services.relay.release(self.topics)
        reachability = self.reachability
        self._services.attendance.leave(self.live, self.user_sid, reachability=reachability, goodbye=goodbye)

    # Reader and Listener.

    def evicted(self, topic: Topic, cause: Eviction) -> None:
        server_side = any(s.topic == topic and s.server_side for s in self.subscriptions.rooms.values())
        push = self.subscriptions.evicted(topic, cause)
        if push is None:
            return
        if cause is Eviction.POSITION_LOST and server_side:
            self.link.close(*Close.INSUFFICIENT_STATE.value)
        else:
            self.push(push)

    def lost(self, topic: Topic) -> None:
        self.link.close(*Close.INSUFFICIENT_STATE.value)

    def hear(self, announcement: Announcement) -> None:
        if not isinstance(announcement, Event):
            return
        if self._own is not None:
            self._own.append(announcement)
        elif announcement.type is EventType.CHANNEL_JOINED:
            self._own = deque([announcement])
            self._services.start(self._catch_up_own(), "own events")
        else:
            self._tell(announcement)

    # The user's own stream.

    async def resume(self, missed: Sequence[Event]) -> None:
        """Applies to the subscriptions what own events did while the connection was being set up; their publications
        were answered otherwise. Live ones wait in line until then."""
        for event in missed:
            if self.closed:
                return
            if event.type is EventType.CHANNEL_JOINED:
                await self._follow(event)
            elif event.type is EventType.CHANNEL_LEFT:
                self._unfollow(event)
        await self._catch_up_own()

    async def _catch_up_own(self) -> None:
        assert self._own is not None, "the queue exists while this runs"
        while self._own:
            event = self._own[0]
            if event.type is EventType.CHANNEL_JOINED:
                await self._follow(event)
            if self.subscriptions.closed:
                return
            self._own.popleft()
            self._tell(event)
        self._own = None

    def _tell(self, event: Event) -> None:
        if event.type is EventType.CHANNEL_LEFT:
            self._unfollow(event)
        self.link.send(self.encoders.me.encode(event))

    async def _follow(self, event: Event) -> None:
        """Subscribes the room of a fresh membership; if that cannot be done now the client comes back and recovers."""
        sid = ChannelSid(event.subject)
        base = int(serial.decode(event.payload)["member"]["rev"])
        try:
            if self.activity_only:
                if room_name(sid) not in self.subscriptions.rooms:
                    await self.subscriptions.note_activity(self._services.chat.history, {channel_topic(sid): base})
                return
            followed = await self.subscriptions.follow(self._services.chat.history, sid, base, self.user_sid)
        except ConnectionResetError:
            return
        except ChatError as error:
            logger.info("Could not follow a membership: %s", error.message, extra={"action": "follow_failed"})
            self.link.close(*Close.INSUFFICIENT_STATE.value)
            return
        if followed is not None:
            push, events = followed
            self.push(push)
            for missed in events:
                if (frame := self.encoders.room.encode(missed)) is not None:
                    self.link.send(frame)

    def _unfollow(self, event: Event) -> None:
        """The membership is over. The room itself may have said so before."""
        sid = ChannelSid(event.subject)
        self.subscriptions.ignore_activity(channel_topic(sid))
        name = room_name(sid)
        payload = serial.decode(event.payload)
        subscription = self.subscriptions.rooms.get(name)
        if subscription is not None and subscription.base < payload["rev"]:
            self.subscriptions.drop(name)
            code, text = UNSUBSCRIBE[_EVICTIONS.get(payload["reason"], Eviction.ACCESS_LOST)]
            self.push(UnsubscribePush(channel=name, code=code, reason=text))
