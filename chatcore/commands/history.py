"""Reading the event logs: positions, pages, and what a returning client missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from chatcore.domain.events import Event, Topic
from chatcore.domain.ids import ChannelSid, UserSid
from chatcore.domain.model import Position
from chatcore.domain.paging import fitting
from chatcore.ports.store import Repositories, Store
from chatcore.ports.views import StreamTop

from .joint_reads import JointReads

Joined = Sequence[tuple[ChannelSid, StreamTop]]

PAGE_MAX = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Events of one stream, with its top when they were read. `complete` when nothing was cut off."""

    events: Sequence[Event]
    top: Position
    complete: bool


class PositionLost(Exception):
    """The log cannot continue from the position: other epoch, too old, or never reached."""


class History:
    """Access has been checked by the caller: these are reads by topic."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._joined = JointReads(self._read_joined)
        self._missed: dict[int, JointReads[Topic, int, Sequence[Event]]] = {}  # by the most of each topic

    @property
    def reads(self) -> Repositories:
        """For callers that check access themselves."""
        return self._store.read

    async def joined(self, user_sid: UserSid) -> Joined:
        """A user's channels with their positions, most recently active first."""
        return (await self._joined.get({user_sid: None})).get(user_sid, ())

    async def _read_joined(
        self, users: Mapping[UserSid, None]
    ) -> Mapping[UserSid, Sequence[tuple[ChannelSid, StreamTop]]]:
        return await self._store.read.channels.joined(list(users))

    async def tops(self, topics: Sequence[Topic]) -> Mapping[Topic, StreamTop]:
        return await self._store.read.events.tops(topics)

    async def missed(self, wanted: Mapping[Topic, int], *, per_topic: int) -> Mapping[Topic, Sequence[Event]]:
        """Events after the given offsets, at most per_topic + 1 of each."""
        joint = self._missed.get(per_topic)
        if joint is None:
            read = partial(self._store.read.events.missed, per_topic=per_topic)
            joint = self._missed[per_topic] = JointReads(read)
        found = await joint.get(wanted)
        return {topic: found.get(topic, ()) for topic in wanted}

    async def page(self, topic: Topic, *, since: tuple[int, str] | None, limit: int, reverse: bool = False) -> Stretch:
        """At most `limit` events (negative: PAGE_MAX), cut at PAGE_BYTES but never to none; limit 0 reads the position
        only. Without `since` from the oldest held event, in reverse from the newest. Raises PositionLost."""
        tops = await self._store.read.events.tops([topic])
        top = tops.get(topic)
        if top is None:
            raise PositionLost
        newest, oldest = top.position.offset, top.first_offset
        if since is None:
            start = newest + 1 if reverse else oldest - 1
        else:
            start, epoch = since
            lost = start > newest + (1 if reverse else 0) or (not reverse and start < oldest - 1)
            if lost or (epoch and epoch != top.position.epoch):
                raise PositionLost
        count = PAGE_MAX if limit < 0 else min(limit, PAGE_MAX)
        if count == 0:
            return Stretch(events=(), top=top.position, complete=True)
        events = await self._store.read.events.since(topic, start, limit=count + 1, reverse=reverse)
        if since is not None and not reverse and events and events[0].offset != start + 1:
            raise PositionLost  # cleared away between the two reads
        kept = fitting(events[:count], lambda event: len(event.payload))
        # an event may have been logged since the top was read
        last = max([newest, *(event.offset for event in kept)])
        position = Position(offset=last, epoch=top.position.epoch)
        return Stretch(events=kept, top=position, complete=len(kept) == len(events))
