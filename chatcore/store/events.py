"""The event log: one stream per channel, one per user. Payloads pass through as the text they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from chatcore.domain.events import Event, EventType, Topic, channel_topic, is_channel, is_user, topic_sid, user_topic
from chatcore.ports.views import StreamTop

from .channels import top_from
from .queries import load
from .session import Row, Session

_SQL = load("events")


def _event_from(topic: Topic, row: Row) -> Event:
    return Event(
        topic=topic,
        offset=row["seq"],
        type=EventType(row["type"]),
        payload=row["payload"].encode(),
        subject=row["subject"],
    )


class Events:
    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def append(self, events: Sequence[Event], now: datetime) -> None:
        """One statement for each kind of stream that is concerned."""
        for statement, chosen in (
            ("append_to_channels", [e for e in events if is_channel(e.topic)]),
            ("append_to_users", [e for e in events if not is_channel(e.topic)]),
        ):
            if chosen:
                await self._session.run(
                    _SQL[statement],
                    [topic_sid(e.topic) for e in chosen],
                    [e.offset for e in chosen],
                    [e.type.value for e in chosen],
                    [e.subject for e in chosen],
                    [e.payload.decode() for e in chosen],
                    now,
                )

    async def since(self, topic: Topic, offset: int, *, limit: int, reverse: bool = False) -> Sequence[Event]:
        kind = "channel" if is_channel(topic) else "user"
        statement = _SQL[f"{kind}_{'before' if reverse else 'after'}"]
        rows = await self._session.rows(statement, topic_sid(topic), offset, limit)
        return [_event_from(topic, row) for row in rows]

    async def tops(self, topics: Sequence[Topic]) -> Mapping[Topic, StreamTop]:
        names = {topic_sid(topic): topic for topic in topics if is_channel(topic) or is_user(topic)}
        channels = [sid for sid, topic in names.items() if is_channel(topic)]
        users = [sid for sid, topic in names.items() if is_user(topic)]
        rows = await self._session.rows(_SQL["tops"], channels, users)
        return {names[row["sid"]]: top_from(row) for row in rows}

    async def missed(self, wanted: Mapping[Topic, int], *, per_topic: int) -> Mapping[Topic, Sequence[Event]]:
        """The log may have lost its oldest events since the caller looked: whoever needs all of them checks that the
        first one follows the wanted offset."""
        found: dict[Topic, list[Event]] = {topic: [] for topic in wanted}
        for statement, named, chosen in (
            ("missed_of_channels", channel_topic, [topic for topic in wanted if is_channel(topic)]),
            ("missed_of_users", user_topic, [topic for topic in wanted if is_user(topic)]),
        ):
            if chosen:
                sids, offsets = [topic_sid(topic) for topic in chosen], [wanted[topic] for topic in chosen]
                for row in await self._session.rows(_SQL[statement], sids, offsets, per_topic + 1):
                    topic = named(row["sid"])
                    found[topic].append(_event_from(topic, row))
        for events in found.values():
            events.sort(key=lambda event: event.offset)  # sorted already, but SQL does not promise it
        return found
