"""Messages as rows, and the one statement that writes a batch of them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict
from typing import Any, Final

from chatcore.domain.events import Event, topic_sid
from chatcore.domain.ids import ChannelSid, Identity, MessageSid
from chatcore.domain.jobs import Job
from chatcore.domain.model import Channel, Media, MediaCategory, Message, Order
from chatcore.domain.paging import Page
from chatcore.ports.views import Sender

from .outbox import job_columns, job_objects
from .queries import load
from .roles import held
from .session import Row, Session

_SQL = load("messages")
_SEPARATOR: Final = "\x1f"
_BELOW_ALL, _ABOVE_ALL = -1, 2**63 - 1


def message_from(row: Row) -> Message:
    media = row["media"]
    return Message(
        sid=row["sid"],
        channel_sid=row["channel_sid"],
        service_sid=row["service_sid"],
        index=row["index"],
        author=row["author"],
        body=row["body"],
        media=tuple(_media_from(entry) for entry in media) if media is not None else (),
        attributes=row["attributes"],
        was_edited=row["was_edited"],
        last_updated_by=row["last_updated_by"],
        client_ref=row["client_ref"],
        date_created=row["date_created"],
        date_updated=row["date_updated"],
        rev=row["rev"],
        created_rev=row["created_rev"],
        member_sid=row["member_sid"],
        subject=row["subject"],
        content_sid=row["content_sid"],
        content_variables=row["content_variables"],
    )


def _media_from(entry: Mapping[str, Any]) -> Media:  # Any: JSON
    return Media(**{**entry, "category": MediaCategory(entry["category"])})


def _media(media: Sequence[Media]) -> list[dict[str, object]] | None:
    return [asdict(entry) for entry in media] or None


def _media_text(media: Sequence[Media]) -> str | None:
    return json.dumps(_media(media), ensure_ascii=False) if media else None


class Messages:
    __slots__ = ("_planned_once", "_session")

    def __init__(self, session: Session, planned_once: Session) -> None:
        self._session = session
        self._planned_once = planned_once

    async def get(self, channel_sid: ChannelSid, key: MessageSid | int) -> Message | None:
        row = await self._session.row(_SQL["by_index" if isinstance(key, int) else "by_sid"], channel_sid, key)
        return message_from(row) if row is not None else None

    async def list(
        self,
        channel_sid: ChannelSid,
        *,
        limit: int,
        order: Order = Order.ASC,
        after: int | None = None,
        before: int | None = None,
        offset: int = 0,
    ) -> Page[Message]:
        """A range of the primary key: costs the same wherever in the channel it lies, but for `offset`."""
        low, high = _BELOW_ALL if after is None else after, _ABOVE_ALL if before is None else before
        statement = _SQL["list_up" if order is Order.ASC else "list_down"]
        rows = await self._session.rows(statement, channel_sid, low, high, limit + 1, offset)
        items = [message_from(row) for row in rows[:limit]]
        more = len(rows) > limit

        def edge(bound: int, end: int) -> int:
            """Where the page begins; an empty one begins at its bound, or at the end when all rows were skipped."""
            return items[0].index if items else end if offset else bound

        # What is left: the side we came from, and beyond the bound on the side we go to.
        if order is Order.ASC:
            has_before = await self._any_below(channel_sid, edge(low + 1, high), after, offset)
            has_after = more or await self._any_above(channel_sid, high - 1, before, 0)
        else:
            has_before = await self._any_above(channel_sid, edge(high - 1, low), before, offset)
            has_after = more or await self._any_below(channel_sid, low + 1, after, 0)
        return Page(items=items, has_before=has_before, has_after=has_after)

    async def _any_below(self, channel_sid: ChannelSid, index: int, bound: int | None, skipped: int) -> bool:
        return (bound is not None or skipped > 0) and await self._any_within(channel_sid, _BELOW_ALL, index)

    async def _any_above(self, channel_sid: ChannelSid, index: int, bound: int | None, skipped: int) -> bool:
        return (bound is not None or skipped > 0) and await self._any_within(channel_sid, index, _ABOVE_ALL)

    async def _any_within(self, channel_sid: ChannelSid, after: int, before: int) -> bool:
        return await self._session.row(_SQL["any_within"], channel_sid, after, before) is not None

    async def update(self, message: Message) -> None:
        await self._session.run(
            _SQL["update"],
            message.channel_sid,
            message.index,
            message.author,
            message.body,
            _media(message.media),
            message.attributes,
            message.was_edited,
            message.last_updated_by,
            message.subject,
            message.date_created,
            message.date_updated,
            message.rev,
        )

    async def delete(self, message: Message) -> None:
        await self._session.run(_SQL["delete"], message.channel_sid, message.index)

    async def newest(self, channel_sid: ChannelSid) -> Message | None:
        row = await self._session.row(_SQL["newest"], channel_sid)
        return message_from(row) if row is not None else None

    async def senders(self, pairs: Sequence[tuple[ChannelSid, Identity]]) -> Sequence[Sender]:
        """One for each pair, in any order; permissions are told of members only, because nobody else may send."""
        rows = await self._session.rows(
            _SQL["senders"], [channel for channel, _ in pairs], [identity for _, identity in pairs]
        )
        return [
            Sender(
                channel_sid=row["channel_sid"],
                identity=row["identity"],
                permissions=held(row),
                member_sid=row["member_sid"],
                invited=row["invited"],
            )
            for row in rows
        ]

    async def by_refs(self, refs: Sequence[tuple[ChannelSid, str, str]]) -> Sequence[Message]:
        channels, authors, client_refs = [r[0] for r in refs], [r[1] for r in refs], [r[2] for r in refs]
        rows = await self._session.rows(_SQL["by_refs"], channels, authors, client_refs)
        return [message_from(row) for row in rows]

    async def insert_many(
        self, messages: Sequence[Message], events: Sequence[Event], channels: Sequence[Channel], jobs: Sequence[Job]
    ) -> None:
        """Of the channels it writes what sending changes: indexes, last message, positions, date, state and timers."""
        columns = (
            [m.channel_sid for m in messages],
            [m.index for m in messages],
            [m.sid for m in messages],
            [m.service_sid for m in messages],
            [m.author for m in messages],
            [m.body for m in messages],
            [_media_text(m.media) for m in messages],
            [m.attributes for m in messages],
            [m.was_edited for m in messages],
            [m.last_updated_by for m in messages],
            [m.client_ref for m in messages],
            [m.member_sid for m in messages],
            [m.subject for m in messages],
            [m.content_sid for m in messages],
            [m.content_variables for m in messages],
            [m.date_created for m in messages],
            [m.date_updated for m in messages],
            [m.created_rev for m in messages],
            [m.rev for m in messages],
            [topic_sid(e.topic) for e in events],
            [e.offset for e in events],
            [e.type.value for e in events],
            [e.subject for e in events],
            [e.payload.decode() for e in events],
            [c.sid for c in channels],
            [c.next_index for c in channels],
            [c.last_message.index if c.last_message else None for c in channels],
            [c.last_message_sid for c in channels],
            [c.last_message.date_created if c.last_message else None for c in channels],
            [c.rev for c in channels],
            [c.stream.offset for c in channels],
            [c.date_updated for c in channels],
            [c.state.value for c in channels],
            [c.state_updated for c in channels],
            [c.timers.date_inactive for c in channels],
            [c.timers.date_closed for c in channels],
            *job_columns(jobs),
        )
        await self._session.run(_SQL["insert_many"], *columns)

    async def append(
        self,
        messages: Sequence[Message],
        events: Sequence[Event],
        channels: Sequence[tuple[int, Channel]],
        required: Sequence[tuple[ChannelSid, Identity, str]],
        jobs: Sequence[tuple[ChannelSid, Job]],
    ) -> Set[ChannelSid]:
        added = [
            (
                message.channel_sid,
                str(message.index),
                message.sid,
                message.member_sid or "",
                str(message.rev),
                message.author,
                message.attributes,
                message.client_ref or "",
                event.payload.decode(),
                message.body or "",
            )
            for message, event in zip(messages, events, strict=True)
        ]
        moved = [
            (c.sid, str(offset), str(c.stream.offset), str(c.next_index), c.last_message_sid or "")
            for offset, c in channels
        ]
        columns, separator = _joined((10, added), (5, moved), (3, required))
        columns += (job_objects(jobs), separator)
        rows = await self._planned_once.rows(_SQL["append"], *columns, messages[0].date_created)
        return {row["sid"] for row in rows}


def _joined(*tables: tuple[int, Sequence[tuple[str, ...]]]) -> tuple[list[str], str]:
    """The columns of tables (how many each has, and its rows) as one text each, with a separator after each place; and
    that separator, which occurs in none of the texts."""
    columns = _columns(_SEPARATOR, tables)
    if sum(column.count(_SEPARATOR) for column in columns) == sum(width * len(rows) for width, rows in tables):
        return columns, _SEPARATOR
    separator = secrets.token_hex(16)
    return _columns(separator, tables), separator


def _columns(separator: str, tables: Sequence[tuple[int, Sequence[tuple[str, ...]]]]) -> list[str]:
    return [separator.join(column) for width, rows in tables for column in zip(*rows, ("",) * width, strict=True)]
