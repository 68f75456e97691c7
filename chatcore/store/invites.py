"""Invites as rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from chatcore.domain.ids import ChannelSid, Identity, InviteSid, UserSid, is_sid
from chatcore.domain.model import Invite
from chatcore.domain.paging import Cursor, Page, Window

from . import pages
from .queries import load
from .session import Row, Session

_SQL = load("invites")


def invite_from(row: Row, prefix: str = "") -> Invite:
    """From columns whose names start with `prefix`."""
    return Invite(
        sid=row[f"{prefix}sid"],
        channel_sid=row[f"{prefix}channel_sid"],
        service_sid=row[f"{prefix}service_sid"],
        user_sid=row[f"{prefix}user_sid"],
        identity=row[f"{prefix}identity"],
        role_sid=row[f"{prefix}role_sid"],
        created_by=row[f"{prefix}created_by"],
        date_created=row[f"{prefix}date_created"],
        date_updated=row[f"{prefix}date_updated"],
        own_position=row[f"{prefix}own_position"],
    )


def _cursor(invite: Invite) -> Cursor:
    return invite.date_created, invite.sid


class Invites:
    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def insert(self, invite: Invite) -> None:
        await self._session.run(
            _SQL["insert"],
            invite.sid,
            invite.service_sid,
            invite.channel_sid,
            invite.user_sid,
            invite.identity,
            invite.role_sid,
            invite.created_by,
            invite.date_created,
            invite.date_updated,
            invite.own_position,
        )

    async def get(self, channel_sid: ChannelSid, key: str) -> Invite | None:
        row = await self._session.row(_SQL["by_sid"], channel_sid, key) if is_sid("IN", key) else None
        if row is None:  # an identity may look like an invite's SID
            row = await self._session.row(_SQL["by_identity"], channel_sid, key)
        return invite_from(row) if row is not None else None

    async def list(
        self, channel_sid: ChannelSid, window: Window, *, identities: Sequence[Identity] = ()
    ) -> Page[Invite]:
        if identities:
            after = partial(self._session.rows, _SQL["list_named_after"], channel_sid, identities)
            before = partial(self._session.rows, _SQL["list_named_before"], channel_sid, identities)
        else:
            after = partial(self._session.rows, _SQL["list_after"], channel_sid)
            before = partial(self._session.rows, _SQL["list_before"], channel_sid)
        return await pages.read(window, after, before, invite_from, _cursor)

    async def all_of(self, channel_sid: ChannelSid) -> Sequence[Invite]:
        """By date of invitation."""
        return [invite_from(row) for row in await self._session.rows(_SQL["of_channel"], channel_sid)]

    async def of_user(self, user_sid: UserSid) -> Sequence[Invite]:
        """By ascending SID of the channel, which is the order of locks."""
        return [invite_from(row) for row in await self._session.rows(_SQL["of_user"], user_sid)]

    async def take(self, channel_sid: ChannelSid, identity: Identity) -> Invite | None:
        row = await self._session.row(_SQL["take"], channel_sid, identity)
        return invite_from(row) if row is not None else None

    async def delete(self, sid: InviteSid) -> None:
        await self._session.run(_SQL["delete"], sid)
