"""Reads behind the Sync objects of the Twilio SDKs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import asyncpg

from chatcore.domain.guests import Guest
from chatcore.domain.ids import ChannelSid, ServiceSid, UserSid
from chatcore.domain.model import Member, User
from chatcore.ports.sync import ChannelRoot

from .channels import channel_from
from .guests import guest_from
from .invites import invite_from
from .members import member_from
from .queries import load
from .session import PoolSession, Row
from .users import user_from

_SQL = load("sync")
_BELOW_ALL, _ABOVE_ALL = "", "~"


def _root_from(row: Row) -> ChannelRoot:
    return ChannelRoot(
        channel=channel_from(row),
        roster_position=row["roster_position"],
        member=member_from(row, "member_") if row["member_sid"] is not None else None,
        invite=invite_from(row, "invite_") if row["invite_sid"] is not None else None,
    )


def _bound(start: str | None, *, up: bool) -> str:
    return start if start is not None else _BELOW_ALL if up else _ABOVE_ALL


class SyncReads:
    """Raises ChatError(UNAVAILABLE)."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._session = PoolSession(pool)

    async def roots(
        self, service_sid: ServiceSid, user_sid: UserSid, channel_sids: Sequence[ChannelSid]
    ) -> Mapping[ChannelSid, ChannelRoot]:
        rows = await self._session.rows(_SQL["roots"], service_sid, user_sid, channel_sids)
        return {row["sid"]: _root_from(row) for row in rows}

    async def own_page(self, user_sid: UserSid, *, start: str | None, limit: int, up: bool) -> Sequence[ChannelRoot]:
        statement = _SQL["own_up" if up else "own_down"]
        rows = await self._session.rows(statement, user_sid, _bound(start, up=up), limit)
        return [_root_from(row) for row in rows]

    async def roster_page(
        self, channel_sid: ChannelSid, *, start: str | None, limit: int, up: bool, guests: bool
    ) -> Sequence[Member | Guest]:
        way, bound = "up" if up else "down", _bound(start, up=up)
        rows = await self._session.rows(_SQL[f"members_{way}"], channel_sid, bound, limit)
        found: list[Member | Guest] = [member_from(row) for row in rows]
        if guests:
            rows = await self._session.rows(_SQL[f"guests_{way}"], channel_sid, bound, limit)
            found += [guest_from(row) for row in rows]
            found.sort(key=lambda entry: entry.sid, reverse=not up)
        return found[:limit]

    async def first_rosters(
        self, channel_sids: Sequence[ChannelSid], limit: int
    ) -> Mapping[ChannelSid, Sequence[Member]]:
        found: dict[ChannelSid, list[Member]] = {}
        for row in await self._session.rows(_SQL["first_members"], channel_sids, limit):
            found.setdefault(row["channel_sid"], []).append(member_from(row))
        return found

    async def changed_rosters(
        self, positions: Mapping[ChannelSid, int], young: datetime
    ) -> Mapping[ChannelSid, Sequence[Member]]:
        found: dict[ChannelSid, list[Member]] = {}
        statement = _SQL["changed_rosters"]
        for row in await self._session.rows(statement, list(positions), list(positions.values()), young):
            found.setdefault(row["channel_sid"], []).append(member_from(row))
        return found

    async def changed_guests(self, channel_sid: ChannelSid, position: int) -> Sequence[Guest]:
        return [guest_from(row) for row in await self._session.rows(_SQL["changed_guests"], channel_sid, position)]

    async def left(self, channel_sid: ChannelSid, position: int, limit: int) -> Sequence[bytes]:
        rows = await self._session.rows(_SQL["left"], channel_sid, position, limit)
        return [row["payload"].encode() for row in rows]

    async def users(self, service_sid: ServiceSid, user_sids: Sequence[UserSid]) -> Mapping[UserSid, User]:
        rows = await self._session.rows(_SQL["users"], service_sid, user_sids)
        return {row["sid"]: user_from(row) for row in rows}
