"""What a client is about to ask for, read ahead.

Once a client has read its own channels it opens four objects of each. Their answers are read for all channels of the
page together, in two statements, and kept for half a minute; what changes meanwhile is read again by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chatcore.domain.events import Announcement, Topic, channel_topic
from chatcore.domain.ids import ChannelSid, UserSid
from chatcore.domain.model import Member
from chatcore.ports.sync import ChannelRoot
from gateway.hub.hub import Hub
from gateway.hub.relay import Relay
from gateway.sdkhttp.session import SdkSession

from .services import SyncServices

SECONDS = 30.0
ROSTER_MAX = 50
"""Members of one channel that are read ahead; larger rosters are read when they are asked for."""


class _Expected:
    """One channel of one user. Valid until its room hears anything."""

    __slots__ = ("members", "root", "topic", "valid")

    def __init__(self, root: ChannelRoot, members: Sequence[Member] | None, topic: Topic) -> None:
        self.root = root
        self.members = members
        self.topic = topic
        self.valid = True

    def hear(self, announcement: Announcement) -> None:
        self.valid = False

    def lost(self, topic: Topic) -> None:
        self.valid = False


@dataclass(slots=True)
class _Batch:
    """What one page brought; it goes as a whole."""

    user_sid: UserSid
    expected: list[_Expected]


class Prefetch:
    """Of one node. Rooms are held meanwhile: the client is going to subscribe them anyway."""

    def __init__(self, services: SyncServices) -> None:
        self._services = services
        self._found: dict[tuple[UserSid, ChannelSid], _Expected] = {}

    def root(self, user_sid: UserSid, sid: ChannelSid) -> ChannelRoot | None:
        expected = self._valid(user_sid, sid)
        return expected.root if expected is not None else None

    def roster(self, user_sid: UserSid, sid: ChannelSid) -> Sequence[Member] | None:
        """The whole roster by SID."""
        expected = self._valid(user_sid, sid)
        return expected.members if expected is not None else None

    async def expect(self, session: SdkSession, sids: Sequence[ChannelSid]) -> None:
        """Reads ahead for channels that the session's user has joined. They are read behind the hold: what is kept is
        no older than what the rooms have heard."""
        missing = [sid for sid in sids if self._valid(session.user_sid, sid) is None]
        if not missing:
            return
        services, topics = self._services, [channel_topic(sid) for sid in missing]
        await services.relay.hold(topics)
        batch = _Batch(session.user_sid, [])
        listening: list[_Expected] = []
        try:
            offsets = {topic: services.relay.room(topic).offset for topic in topics}
            watch = _Watch(services.hub, topics)
            try:
                roots = await services.reads.roots(session.actor.service_sid, session.user_sid, missing)
                rosters = await services.reads.first_rosters(missing, ROSTER_MAX + 1)
            finally:
                watch.stop()
            if session.closed:
                raise ConnectionResetError("the connection closed meanwhile")
            for sid, topic in zip(missing, topics, strict=True):
                root, members = roots.get(sid), rosters.get(sid, ())
                if root is None or topic in watch.heard or offsets[topic] != root.channel.stream.offset:
                    continue
                whole = len(members) <= ROSTER_MAX and not root.channel.guests_count
                expected = _Expected(root, members if whole else None, topic)
                services.hub.listen(topic, expected)
                listening.append(expected)
                self._found[session.user_sid, sid] = expected
            batch.expected = listening
        except ConnectionResetError:
            services.relay.release(topics)
            return
        except BaseException:
            services.relay.release(topics)
            raise
        session.alarm(SECONDS, lambda: self._drop(batch, topics, services.hub, services.relay))

    def _valid(self, user_sid: UserSid, sid: ChannelSid) -> _Expected | None:
        expected = self._found.get((user_sid, sid))
        return expected if expected is not None and expected.valid else None

    def _drop(self, batch: _Batch, topics: Sequence[Topic], hub: Hub, relay: Relay) -> None:
        for expected in batch.expected:
            hub.unlisten(expected.topic, expected)
            key = batch.user_sid, expected.root.channel.sid
            if self._found.get(key) is expected:
                del self._found[key]
        relay.release(topics)


class _Watch:
    """Which topics were heard of."""

    def __init__(self, hub: Hub, topics: Sequence[Topic]) -> None:
        self._hub = hub
        self._topics = topics
        self.heard: set[Topic] = set()
        for topic in topics:
            hub.listen(topic, self)

    def hear(self, announcement: Announcement) -> None:
        self.heard.add(announcement.topic)

    def lost(self, topic: Topic) -> None:
        self.heard.add(topic)

    def stop(self) -> None:
        for topic in self._topics:
            self._hub.unlisten(topic, self)
