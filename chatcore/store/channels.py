"""Channels as rows, alone and as one user has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial

from chatcore.domain.ids import AccountSid, ChannelSid, Identity, ServiceSid, UserSid, is_sid
from chatcore.domain.model import (
    Channel,
    ChannelState,
    ChannelType,
    EmailBinding,
    LastMessage,
    Membership,
    MembershipStatus,
    Position,
    Timers,
)
from chatcore.domain.paging import Cursor, Page, Window
from chatcore.ports.views import Access, StreamTop

from . import pages
from .invites import invite_from
from .members import member_from
from .queries import load
from .roles import held
from .session import Row, Session

_SQL = load("channels")
_NO_TIMERS = Timers()


def channel_from(row: Row) -> Channel:
    index, email = row["last_message_index"], row["email"]
    return Channel(
        sid=row["sid"],
        service_sid=row["service_sid"],
        friendly_name=row["friendly_name"],
        unique_name=row["unique_name"],
        type=ChannelType(row["type"]),
        attributes=row["attributes"],
        created_by=row["created_by"],
        members_count=row["members_count"],
        messages_count=row["next_index"] - row["deleted_count"],
        next_index=row["next_index"],
        last_message=LastMessage(index=index, date_created=row["last_message_at"]) if index is not None else None,
        last_message_sid=row["last_message_sid"],
        date_created=row["date_created"],
        date_updated=row["date_updated"],
        rev=row["rev"],
        stream=Position(offset=row["last_seq"], epoch=row["epoch"]),
        messaging_service_sid=row["messaging_service_sid"],
        state=ChannelState(row["state"]),
        state_updated=row["state_updated"],
        timers=_timers_from(row),
        email=EmailBinding(**email) if email is not None else None,
        webhooks_count=row["webhooks_count"],
        guests_count=row["guests_count"],
        creator_left=row["creator_left"],
    )


def _timers_from(row: Row) -> Timers:
    inactive_after, closed_after = row["inactive_after"], row["closed_after"]
    if inactive_after is None and closed_after is None:
        return _NO_TIMERS
    return Timers(
        inactive_after=inactive_after,
        closed_after=closed_after,
        date_inactive=row["date_inactive"],
        date_closed=row["date_closed"],
    )


def top_from(row: Row) -> StreamTop:
    return StreamTop(
        position=Position(offset=row["last_seq"], epoch=row["epoch"]),
        first_offset=row["first_seq"],
    )


def _access_from(row: Row) -> Access:
    return Access(
        channel=channel_from(row),
        member=member_from(row, "member_") if row["member_sid"] is not None else None,
        invite=invite_from(row, "invite_") if row["invite_sid"] is not None else None,
        permissions=held(row),
    )


def _membership_from(row: Row) -> Membership:
    return Membership(
        channel=channel_from(row),
        member=member_from(row, "member_") if row["member_sid"] is not None else None,
        invite=invite_from(row, "invite_") if row["invite_sid"] is not None else None,
        unread_messages_count=row["unread"],
    )


def _cursor(channel: Channel) -> Cursor:
    return channel.date_created, channel.sid


def membership_cursor(membership: Membership) -> Cursor:
    entry = membership.member or membership.invite
    assert entry is not None, "a membership is joined or invited"
    return entry.date_created, entry.sid


def _state(channel: Channel) -> tuple[object, ...]:
    """What insert and save have in common, in their order."""
    last = channel.last_message
    return (
        channel.friendly_name,
        channel.unique_name,
        channel.type.value,
        channel.attributes,
        channel.created_by,
        channel.members_count,
        channel.next_index,
        channel.next_index - channel.messages_count,
        last.index if last is not None else None,
        channel.last_message_sid,
        last.date_created if last is not None else None,
        channel.rev,
        channel.stream.offset,
        channel.messaging_service_sid,
        channel.state.value,
        channel.state_updated,
        channel.timers.inactive_after,
        channel.timers.closed_after,
        channel.timers.date_inactive,
        channel.timers.date_closed,
        None if channel.email is None else asdict(channel.email),
        channel.webhooks_count,
        channel.guests_count,
    )


class Channels:
    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def create(self, channel: Channel) -> None:
        dates = channel.date_created, channel.date_updated
        await self._session.run(
            _SQL["insert"], channel.sid, channel.service_sid, *_state(channel), channel.stream.epoch, *dates
        )

    async def access(
        self, service_sid: ServiceSid, key: str, identity: Identity | None, *, lock: bool = False
    ) -> Access | None:
        """One statement; with `lock` and an identity two, because the second has to see what the first waited for."""
        by = "by_sid" if is_sid("CH", key) else "by_unique_name"  # no unique name looks like a SID
        if lock or identity is None:
            row = await self._session.row(_SQL[f"lock_{by}" if lock else by], service_sid, key)
            if row is None:
                return None
            if identity is None:
                return Access(channel=channel_from(row))
            by, key = "by_sid", row["sid"]
        row = await self._session.row(_SQL[f"access_{by}"], service_sid, key, identity)
        return _access_from(row) if row is not None else None

    async def list(
        self, service_sid: ServiceSid, window: Window, *, types: Sequence[ChannelType] = ()
    ) -> Page[Channel]:
        wanted = {kind.value for kind in types}
        if len(wanted) == 1:
            after = partial(self._session.rows, _SQL["list_typed_after"], service_sid, *wanted)
            before = partial(self._session.rows, _SQL["list_typed_before"], service_sid, *wanted)
        else:
            after = partial(self._session.rows, _SQL["list_after"], service_sid)
            before = partial(self._session.rows, _SQL["list_before"], service_sid)
        return await pages.read(window, after, before, channel_from, _cursor)

    async def save(self, channel: Channel) -> None:
        dates = channel.date_created, channel.date_updated
        await self._session.run(_SQL["save"], channel.sid, *_state(channel), channel.creator_left, *dates)

    async def due(self, now: datetime, limit: int) -> Sequence[tuple[AccountSid, ServiceSid, ChannelSid]]:
        rows = await self._session.rows(_SQL["due"], now, limit)
        return [(row["account_sid"], row["service_sid"], row["sid"]) for row in rows]

    async def delete(self, sid: ChannelSid, purge_at: datetime) -> None:
        await self._session.run(_SQL["delete"], sid, purge_at)

    async def lock(self, sids: Sequence[ChannelSid]) -> Mapping[ChannelSid, Channel]:
        rows = await self._session.rows(_SQL["lock"], sids)
        return {row["sid"]: channel_from(row) for row in rows}

    async def of_user(
        self,
        user_sid: UserSid,
        window: Window,
        *,
        status: MembershipStatus | None = None,
        kind: ChannelType | None = None,
    ) -> Page[Membership]:
        """The cursor is the date and SID of the member or invite."""
        joined, invited = status is not MembershipStatus.INVITED, status is not MembershipStatus.JOINED
        after = partial(self._session.rows, _SQL["of_user_after"], user_sid, joined, invited, kind)
        before = partial(self._session.rows, _SQL["of_user_before"], user_sid, joined, invited, kind)
        return await pages.read(window, after, before, _membership_from, membership_cursor)

    async def membership(self, user_sid: UserSid, channel_sid: ChannelSid) -> Membership | None:
        row = await self._session.row(_SQL["membership"], user_sid, channel_sid)
        return _membership_from(row) if row is not None else None

    async def joined(self, user_sids: Sequence[UserSid]) -> Mapping[UserSid, Sequence[tuple[ChannelSid, StreamTop]]]:
        found: dict[UserSid, list[tuple[ChannelSid, StreamTop]]] = {sid: [] for sid in user_sids}
        for row in await self._session.rows(_SQL["joined"], user_sids):
            found[row["user_sid"]].append((row["sid"], top_from(row)))
        return found

    async def unread_totals(self, user_sid: UserSid, limit: int) -> Sequence[tuple[ChannelSid, int]]:
        rows = await self._session.rows(_SQL["unread_totals"], user_sid, limit)
        return [(row["sid"], row["unread"]) for row in rows]
