"""Subscriptions: what was missed since the client's last event, then live delivery, without a hole in between.

Everything a replay needs is read first, in a number of statements that does not grow with the number of objects that
did not change. The last step — take what the rooms heard meanwhile from their memory, tell, attach — runs without
waiting for anything, at the position that the room has on this node.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from chatcore.domain import serial
from chatcore.domain.events import (
    Announcement,
    Signal,
    SignalType,
    Topic,
    channel_topic,
    profile_topic,
    user_topic,
)
from chatcore.domain.ids import ChannelSid, UserSid
from chatcore.domain.model import User
from chatcore.ports.sync import ChannelRoot
from gateway.http.errors import HttpError
from gateway.sdkhttp.names import Kind, Ref

from . import access, data, events, told
from .connection import Connection
from .events import SyncEvent, Told
from .missed import REPLAY_MAX, Missed, missed_messages
from .own import own_replay
from .roster import changes_since
from .services import SyncServices

OWN_MAX = 1000
"""Events of a user's stream that are looked at for a replay of the map of own channels."""

YOUNG = timedelta(seconds=10)
"""Read horizons are told up to a second after they are stored, so a client's position may be ahead of some."""


@dataclass(frozen=True, slots=True)
class Want:
    """`since` None: nothing is replayed."""

    ref: Ref
    since: int | None


@dataclass(slots=True, eq=False)
class _Recorder:
    """Keeps the signals of a room between the reading and the attaching."""

    signals: list[Signal] = field(default_factory=list)

    def hear(self, announcement: Announcement) -> None:
        if isinstance(announcement, Signal) and announcement.type is SignalType.READ_UPDATED:
            self.signals.append(announcement)

    def lost(self, topic: Topic) -> None:
        pass


class Subscriber:
    """Establishes subscriptions of one node."""

    def __init__(self, services: SyncServices) -> None:
        self._services = services

    async def establish(self, connection: Connection, wants: Sequence[Want], correlation_id: int) -> None:
        """Tells the result for every object. Raises ChatError(UNAVAILABLE), after which nothing is subscribed that
        was not before."""
        channels: dict[ChannelSid, list[Want]] = {}
        for want in wants:
            match want.ref.kind:
                case Kind.OWN:
                    await self._own(connection, want, correlation_id)
                case Kind.INFO:
                    pass
                case _:
                    channels.setdefault(ChannelSid(want.ref.subject), []).append(want)
        infos = [want for want in wants if want.ref.kind is Kind.INFO]
        if infos:
            await self._infos(connection, infos, correlation_id)
        if channels:
            await self._channels(connection, channels, correlation_id)

    def cancel(self, connection: Connection, refs: Sequence[Ref]) -> None:
        for ref in refs:
            match ref.kind:
                case Kind.OWN:
                    connection.unlisten()
                case Kind.INFO:
                    connection.unwatch(UserSid(ref.subject))
                case kind:
                    connection.detach(channel_topic(ChannelSid(ref.subject)), kind)

    # Channels.

    async def _channels(
        self, connection: Connection, channels: Mapping[ChannelSid, list[Want]], correlation_id: int
    ) -> None:
        services, session = self._services, connection.session
        topics = {sid: channel_topic(sid) for sid in channels}
        await services.relay.hold(list(topics.values()))
        recorders = {topic: _Recorder() for topic in topics.values()}
        for topic, recorder in recorders.items():
            services.hub.listen(topic, recorder)
        attached: set[Topic] = set()
        try:
            roots = await services.reads.roots(session.actor.service_sid, session.user_sid, list(channels))
            await services.relay.bring_up({topics[sid]: root.channel.stream.offset for sid, root in roots.items()})
            allowed, refused = _sort(channels, roots, connection)
            missed = await self._missed(allowed, roots)
            rosters = await self._rosters(allowed, roots)
            # The log may be ahead of this node, which would tell its newest events a second time.
            await services.relay.bring_up({topics[sid]: found.last for sid, found in missed.items()})
            if session.closed:
                return
            results: list[Told] = []
            for sid, asked in allowed.items():
                topic = topics[sid]
                attached.add(topic)
                heard = recorders[topic].signals
                results += self._attach(connection, roots[sid], asked, missed.get(sid), rosters.get(sid, ()), heard)
            connection.tell([*results, *refused], correlation_id)
        finally:
            for topic, recorder in recorders.items():
                services.hub.unlisten(topic, recorder)
            services.relay.release([topic for topic in topics.values() if topic not in attached])

    async def _missed(
        self, allowed: Mapping[ChannelSid, list[Want]], roots: Mapping[ChannelSid, ChannelRoot]
    ) -> Mapping[ChannelSid, Missed]:
        """What each messages list that is behind has to be told, in one statement for all of them."""
        behind: dict[ChannelSid, int] = {}
        for sid, asked in allowed.items():
            since = _since(asked, Kind.MESSAGES)
            if since is not None and since < roots[sid].channel.stream.offset:
                behind[sid] = since
        if not behind:
            return {}
        wanted = {channel_topic(sid): since for sid, since in behind.items()}
        found = await self._services.chat.history.missed(wanted, per_topic=REPLAY_MAX)
        return {
            sid: await missed_messages(self._services, roots[sid].channel, found.get(channel_topic(sid), ()), since)
            for sid, since in behind.items()
        }

    async def _rosters(
        self, allowed: Mapping[ChannelSid, list[Want]], roots: Mapping[ChannelSid, ChannelRoot]
    ) -> Mapping[ChannelSid, Sequence[Told]]:
        """What each roster missed, in one statement for all that nobody left or joined."""
        behind: dict[ChannelSid, int] = {}
        for sid, asked in allowed.items():
            since = _since(asked, Kind.ROSTER)
            if since is not None and since <= roots[sid].roster_position:
                behind[sid] = since
        return await changes_since(self._services.reads, roots, behind, self._services.clock.now() - YOUNG)

    def _attach(
        self,
        connection: Connection,
        root: ChannelRoot,
        asked: Sequence[Want],
        missed: Missed | None,
        roster: Sequence[Told],
        heard: Sequence[Signal],
    ) -> list[Told]:
        """Runs in one go. Tells the replays and answers with the results."""
        services, sid = self._services, root.channel.sid
        topic = channel_topic(sid)
        room = services.relay.room(topic)
        document = services.documents.enter(topic, root.channel)
        fresh = room.since(root.channel.stream.offset) or ()
        results: list[Told] = []
        kinds: list[Kind] = []
        for want in asked:
            position = room.offset
            match want.ref.kind:
                case Kind.CHANNEL:
                    if want.since is not None and want.since < document.position:
                        connection.tell(
                            [events.document_updated(want.ref, document.position, document.at, document.data)]
                        )
                case Kind.MESSAGES:
                    last = root.channel.stream.offset if missed is None else missed.last
                    rest = room.since(last) if want.since is not None else ()
                    connection.tell(missed.told if missed is not None else ())
                    if rest is None or (missed is not None and not missed.complete):
                        # Not attached: live events would move the client's position over the hole.
                        results.append(events.established(want.ref.sid, want.ref.type, last, complete=False))
                        continue
                    connection.tell(_of(rest, Kind.MESSAGES))
                case Kind.ROSTER:
                    live = [*_of(fresh, Kind.ROSTER), *_of(heard, Kind.ROSTER)]
                    replay = sorted([*roster, *live], key=_position)
                    connection.tell(replay)
                    position = max([root.roster_position, *map(_position, replay)])
                case _:
                    raise AssertionError("not an object of a channel")
            results.append(events.established(want.ref.sid, want.ref.type, position))
            kinds.append(want.ref.kind)
        connection.attach(topic, frozenset(kinds))
        return results

    # The user's own map, and profiles.

    async def _own(self, connection: Connection, want: Want, correlation_id: int) -> None:
        services, session = self._services, connection.session
        if want.ref.subject != session.user_sid:
            refused = access.forbidden()
            connection.tell([_failed(want.ref, refused)], correlation_id)
            return
        replay, position = await self._own_replay(connection, want)
        if session.closed:
            connection.unlisten()
            return
        connection.tell(replay)
        connection.tell([events.established(want.ref.sid, want.ref.type, position)], correlation_id)
        if connection.queue:
            services.start(connection.catch_up(), "own channels map")
        else:
            connection.queue = None

    async def _own_replay(self, connection: Connection, want: Want) -> tuple[list[Told], int]:
        """Listens, and answers with what was missed until now and the position of that."""
        services, session = self._services, connection.session
        topic = user_topic(session.user_sid)
        await services.relay.hold([topic])
        if session.closed:
            services.relay.release([topic])
            return [], 0
        if connection.queue is None:
            connection.queue = deque()
        connection.listen()
        try:
            users = await services.reads.users(session.actor.service_sid, [session.user_sid])
            position = users[session.user_sid].stream.offset if session.user_sid in users else 0
            if want.since is None or want.since >= position:
                return [], position
            found = await services.chat.history.missed({topic: want.since}, per_topic=OWN_MAX)
            log = found.get(topic, ())
            return await own_replay(services, session, log, want.since), max(position, log[-1].offset if log else 0)
        except BaseException:
            connection.unlisten()
            connection.queue = None
            raise

    async def _infos(self, connection: Connection, wants: Sequence[Want], correlation_id: int) -> None:
        services, session = self._services, connection.session
        topics = {UserSid(want.ref.subject): profile_topic(UserSid(want.ref.subject)) for want in wants}
        await services.relay.hold(list(topics.values()))
        watched: set[Topic] = set()
        try:
            users = await services.reads.users(session.actor.service_sid, list(topics))
            if session.closed:
                return
            results = []
            for want in wants:
                user = users.get(UserSid(want.ref.subject))
                if user is None:
                    results.append(_failed(want.ref, access.absent(want.ref.type)))
                    continue
                topic = topics[user.sid]
                if topic not in watched:
                    watched.add(topic)
                    connection.watch(topic)
                top = told.info_top(user.info_position)
                if want.since is not None and want.since < top:
                    connection.tell(_profile(want.ref, user))
                results.append(events.established(want.ref.sid, want.ref.type, top))
            connection.tell(results, correlation_id)
        finally:
            services.relay.release([topic for topic in topics.values() if topic not in watched])


def _sort(
    channels: Mapping[ChannelSid, list[Want]], roots: Mapping[ChannelSid, ChannelRoot], connection: Connection
) -> tuple[dict[ChannelSid, list[Want]], list[Told]]:
    """What may be subscribed, and the refusals of the rest."""
    allowed: dict[ChannelSid, list[Want]] = {}
    refused: list[Told] = []
    for sid, asked in channels.items():
        root = roots.get(sid)
        for want in asked:
            if root is None:
                refused.append(_failed(want.ref, access.absent(want.ref.type)))
            elif not access.may_open(root, want.ref.kind, connection.session.actor):
                refused.append(_failed(want.ref, access.forbidden()))
            else:
                allowed.setdefault(sid, []).append(want)
    return allowed, refused


def _failed(ref: Ref, error: HttpError) -> Told:
    return events.failed(ref.sid, ref.type.value, error.status, error.code, error.message)


def _since(asked: Sequence[Want], kind: Kind) -> int | None:
    return next((want.since for want in asked if want.ref.kind is kind), None)


def _of(announcements: Sequence[Announcement], kind: Kind) -> list[Told]:
    return [entry for each in announcements for entry in told.of_channel(each, (kind,), None)]


def _position(entry: Told) -> int:
    position = entry[1]["id"]
    assert isinstance(position, int), "events of items have their position as id"
    return position


def _profile(ref: Ref, user: User) -> list[Told]:
    """All that the profile says; newer than what the client has, or dropped by it."""
    base, at = user.info_position * told.INFO_STEP, serial.date(user.date_updated)
    steps = {data.FRIENDLY_NAME: told.FRIENDLY_NAME_STEP, data.ATTRIBUTES: told.ATTRIBUTES_STEP}
    return [
        events.item(SyncEvent.MAP_ITEM_UPDATED, ref, base + steps[key], at, key, value)
        for key, value in data.user(user).items()
    ]
