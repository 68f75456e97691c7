"""What one connection has subscribed, and what reaches it from there.

Channels and info maps are read from the hub, by encoders shared with all connections. The map of own channels is the
connection's alone: its events say what happened to which channel, and what the map shows then is read again.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence

from chatcore.domain.errors import ChatError
from chatcore.domain.events import (
    Announcement,
    Event,
    Topic,
    profile_topic,
    user_topic,
)
from chatcore.domain.ids import UserSid
from gateway.hub.ports import Eviction
from gateway.sdkhttp.names import Kind
from gateway.sdkhttp.notification import MessageType
from gateway.sdkhttp.session import SdkSession
from gateway.sockets.close import Close
from gateway.sockets.endpoint import Link

from .encode import InfoEncoder, RoomEncoder
from .events import Told, notifications
from .own import SHOWN, own_changes
from .services import SyncServices

logger = logging.getLogger(__name__)


class Connection:
    """A Reader of channels and profiles, a Listener of its user's own stream. Every topic it has is held once."""

    def __init__(self, services: SyncServices, session: SdkSession) -> None:
        self._services = services
        self.session = session
        self.version = 3
        self.channels: dict[Topic, RoomEncoder] = {}
        self.infos: dict[Topic, InfoEncoder] = {}
        self.own = False
        self.queue: deque[Event] | None = None  # own events that wait for their turn
        session.on_close(self.close)

    # Reader.

    @property
    def user_sid(self) -> UserSid:
        return self.session.user_sid

    @property
    def link(self) -> Link:
        return self.session.link

    def evicted(self, topic: Topic, cause: Eviction) -> None:
        encoder = self.channels.get(topic)
        document = self._services.documents.get(topic)
        public = document is not None and document.data["type"] == "public"
        if encoder is not None and public and cause in (Eviction.LEFT, Eviction.REMOVED):
            self._services.hub.attach(topic, self, encoder)  # whoever left may go on reading
            return
        if encoder is not None:
            self._forget(topic)
        if cause is Eviction.POSITION_LOST:
            self.link.close(*Close.INSUFFICIENT_STATE.value)

    # Listener.

    def hear(self, announcement: Announcement) -> None:
        if not isinstance(announcement, Event) or announcement.type not in SHOWN:
            return
        if self.queue is None:
            self.queue = deque([announcement])
            self._services.start(self.catch_up(), "own channels map")
        else:
            self.queue.append(announcement)

    def lost(self, topic: Topic) -> None:
        self.link.close(*Close.INSUFFICIENT_STATE.value)

    async def catch_up(self) -> None:
        """Tells the own events that wait, in order, with the map's items as they are by now."""
        assert self.queue is not None, "the queue exists while this runs"
        try:
            while self.queue and not self.session.closed:
                batch = list(self.queue)
                told = await own_changes(self._services, self.session, batch)
                for _ in batch:
                    self.queue.popleft()
                self.tell(told)
        except ChatError as error:
            logger.info("Own channels could not be read: %s", error.message, extra={"action": "own_map_failed"})
            self.link.close(*Close.INSUFFICIENT_STATE.value)
        finally:
            self.queue = None

    # Subscriptions.

    def attach(self, topic: Topic, kinds: frozenset[Kind]) -> None:
        """From now on the objects of the channel's (held) room are told. The document is entered by the caller, and
        one hold of the room is the connection's from then on."""
        held = self.channels.get(topic)
        if held is not None:
            self._services.hub.detach(topic, self, held)
            self._services.documents.leave(topic)
            self._services.relay.release([topic])
            kinds |= held.kinds
        typing = self.session.wants(MessageType.TYPING)
        encoder = self._services.encoders.room(kinds, self.version, typing=typing)
        self.channels[topic] = encoder
        self._services.hub.attach(topic, self, encoder)

    def detach(self, topic: Topic, kind: Kind) -> None:
        """One object less."""
        held = self.channels.get(topic)
        if held is None or kind not in held.kinds:
            return
        self._services.hub.detach(topic, self, held)
        kinds = held.kinds - {kind}
        if kinds:
            encoder = self._services.encoders.room(kinds, held.version, typing=held.typing)
            self.channels[topic] = encoder
            self._services.hub.attach(topic, self, encoder)
        else:
            self._forget(topic)

    def watch(self, topic: Topic) -> None:
        """From now on the user's info map is told; one hold of the topic is the connection's."""
        held = self.infos.get(topic)
        if held is not None:
            self._services.hub.detach(topic, self, held)
            self._services.relay.release([topic])
        self.infos[topic] = encoder = self._services.encoders.info(self.version)
        self._services.hub.attach(topic, self, encoder)

    def unwatch(self, sid: UserSid) -> None:
        topic = profile_topic(sid)
        held = self.infos.pop(topic, None)
        if held is not None:
            self._services.hub.detach(topic, self, held)
            self._services.relay.release([topic])

    def listen(self) -> None:
        """From now on own events arrive; they wait in line until `catch_up`. One hold of the topic is taken over."""
        topic = user_topic(self.user_sid)
        if self.own:
            self._services.relay.release([topic])
        self.own = True
        self._services.hub.listen(topic, self)

    def unlisten(self) -> None:
        if self.own:
            topic = user_topic(self.user_sid)
            self.own = False
            self._services.hub.unlisten(topic, self)
            self._services.relay.release([topic])

    def tell(self, told: Sequence[Told], correlation_id: int | None = None) -> None:
        for payload in notifications(told, self.version, correlation_id):
            self.session.notify(MessageType.SYNC_EVENT, payload)

    def close(self) -> None:
        """Leaves hub and relay."""
        for topic, encoder in list(self.channels.items()):
            self._services.hub.detach(topic, self, encoder)
            self._forget(topic)
        for topic in list(self.infos):
            self._services.hub.detach(topic, self, self.infos.pop(topic))
            self._services.relay.release([topic])
        self.unlisten()

    def _forget(self, topic: Topic) -> None:
        del self.channels[topic]
        self._services.documents.leave(topic)
        self._services.relay.release([topic])
