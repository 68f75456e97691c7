"""Members as rows, with their read horizons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import ChannelSid, Identity, MemberSid, UserSid, is_sid
from chatcore.domain.model import Member, NotificationLevel, Unread
from chatcore.domain.paging import Cursor, Page, Window
from chatcore.ports.views import Horizon, Moved

from . import pages
from .queries import load
from .session import Row, Session

_SQL = load("members")


def member_from(row: Row, prefix: str = "") -> Member:
    """From columns whose names start with `prefix`."""
    return Member(
        sid=row[f"{prefix}sid"],
        channel_sid=row[f"{prefix}channel_sid"],
        service_sid=row[f"{prefix}service_sid"],
        user_sid=row[f"{prefix}user_sid"],
        identity=row[f"{prefix}identity"],
        role_sid=row[f"{prefix}role_sid"],
        attributes=row[f"{prefix}attributes"],
        notification_level=NotificationLevel(row[f"{prefix}notification_level"]),
        last_consumed_message_index=row[f"{prefix}last_consumed_message_index"],
        last_consumption_timestamp=row[f"{prefix}last_consumption_timestamp"],
        date_created=row[f"{prefix}date_created"],
        date_updated=row[f"{prefix}date_updated"],
        rev=row[f"{prefix}rev"],
        roster_created=row[f"{prefix}roster_created"],
        roster_position=row[f"{prefix}roster_position"],
        own_created=row[f"{prefix}own_created"],
        own_position=row[f"{prefix}own_position"],
    )


def _cursor(member: Member) -> Cursor:
    return member.date_created, member.sid


def merged(horizons: Iterable[Horizon]) -> list[Horizon]:
    """One report for each member, with the effect of all of its reports one after the other."""
    merged: dict[tuple[ChannelSid, Identity], Horizon] = {}
    for new in horizons:
        key = new.channel_sid, new.identity
        old = merged.get(key)
        if old is None or new.force or new.index is None:
            merged[key] = new
        elif old.index is None:
            merged[key] = replace(new, force=True)  # cleared, then set: forwards from nothing
        elif new.index > old.index:
            merged[key] = replace(new, force=old.force)
    return list(merged.values())


class Members:
    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def insert(self, member: Member) -> None:
        await self._session.run(
            _SQL["insert"],
            member.sid,
            member.service_sid,
            member.channel_sid,
            member.user_sid,
            member.identity,
            member.role_sid,
            member.attributes,
            member.notification_level.value,
            member.last_consumed_message_index,
            member.last_consumption_timestamp,
            member.date_created,
            member.date_updated,
            member.rev,
            member.roster_created,
            member.roster_position,
            member.own_created,
            member.own_position,
        )

    async def get(self, channel_sid: ChannelSid, key: str) -> Member | None:
        row = await self._session.row(_SQL["by_sid"], channel_sid, key) if is_sid("MB", key) else None
        if row is None:  # an identity may look like a member's SID
            row = await self._session.row(_SQL["by_identity"], channel_sid, key)
        return member_from(row) if row is not None else None

    async def list(
        self, channel_sid: ChannelSid, window: Window, *, identities: Sequence[Identity] = ()
    ) -> Page[Member]:
        if identities:
            after = partial(self._session.rows, _SQL["list_named_after"], channel_sid, identities)
            before = partial(self._session.rows, _SQL["list_named_before"], channel_sid, identities)
        else:
            after = partial(self._session.rows, _SQL["list_after"], channel_sid)
            before = partial(self._session.rows, _SQL["list_before"], channel_sid)
        return await pages.read(window, after, before, member_from, _cursor)

    async def all_of(self, channel_sid: ChannelSid) -> Sequence[Member]:
        """By date of joining."""
        return [member_from(row) for row in await self._session.rows(_SQL["of_channel"], channel_sid)]

    async def of_user(self, user_sid: UserSid) -> Sequence[Member]:
        """By ascending SID of the channel, which is the order of locks."""
        return [member_from(row) for row in await self._session.rows(_SQL["of_user"], user_sid)]

    async def update(self, member: Member) -> None:
        """Leaves horizon and roster position as they are where a report came after `member` was read: one that has
        to change the horizon takes `next_roster_position` first, then reads the member."""
        await self._session.run(
            _SQL["update"],
            member.sid,
            member.role_sid,
            member.attributes,
            member.notification_level.value,
            member.last_consumed_message_index,
            member.last_consumption_timestamp,
            member.date_created,
            member.date_updated,
            member.rev,
            member.roster_position,
            member.own_position,
        )

    async def delete(self, sid: MemberSid) -> None:
        await self._session.run(_SQL["delete"], sid)

    async def next_roster_position(self, channel_sid: ChannelSid) -> int:
        """Raises ChatError(CHANNEL_NOT_FOUND)."""
        row = await self._session.row(_SQL["next_roster_position"], channel_sid)
        if row is None:
            raise ChatError(Code.CHANNEL_NOT_FOUND, f"Channel {channel_sid} was not found")
        position: int = row["position"]
        return position

    async def report(self, horizons: Sequence[Horizon], now: datetime) -> Sequence[Moved]:
        """Two statements, both inside one transaction; the first alone where nothing moves."""
        wanted = merged(horizons)
        reports = (
            [h.channel_sid for h in wanted],
            [h.identity for h in wanted],
            [h.index for h in wanted],
            [h.at for h in wanted],
            [h.force for h in wanted],
        )
        locked = [row["channel_sid"] for row in await self._session.rows(_SQL["lock_rosters"], *reports)]
        if not locked:
            return []
        rows = await self._session.rows(_SQL["report"], *reports, now, locked)
        return [Moved(member=member_from(row), unread_messages_count=row["unread"]) for row in rows]

    async def set_own_positions(self, positions: Mapping[MemberSid, int]) -> None:
        if positions:
            await self._session.run(_SQL["set_own_positions"], list(positions), list(positions.values()))

    async def unread(self, channel_sid: ChannelSid, identity: Identity) -> Unread | None:
        row = await self._session.row(_SQL["unread"], channel_sid, identity)
        if row is None:
            return None
        return Unread(
            messages_count=row["messages_count"],
            unread_messages_count=row["unread"],
            last_consumed_message_index=row["last_consumed_message_index"],
            last_consumption_timestamp=row["last_consumption_timestamp"],
        )
