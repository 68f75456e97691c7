"""Roles as rows."""

from __future__ import annotations

from functools import partial

from chatcore.domain.ids import RoleSid, ServiceSid
from chatcore.domain.model import Role
from chatcore.domain.paging import Cursor, Page, Window
from chatcore.domain.permissions import RoleType

from . import pages
from .queries import load
from .session import Row, Session

_SQL = load("roles")


def role_from(row: Row) -> Role:
    return Role(
        sid=row["sid"],
        service_sid=row["service_sid"],
        friendly_name=row["friendly_name"],
        type=RoleType(row["type"]),
        permissions=tuple(row["permissions"]),
        date_created=row["date_created"],
        date_updated=row["date_updated"],
    )


def held(row: Row) -> frozenset[str]:
    """What deployment role and channel role allow together, in a row that has both."""
    return frozenset(row["deployment_permissions"] or ()).union(row["channel_permissions"] or ())


def _cursor(role: Role) -> Cursor:
    return role.date_created, role.sid


class Roles:
    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def create(self, role: Role) -> None:
        await self._session.run(
            _SQL["insert"],
            role.sid,
            role.service_sid,
            role.friendly_name,
            role.type.value,
            role.permissions,
            role.date_created,
            role.date_updated,
        )

    async def get(self, service_sid: ServiceSid, sid: str) -> Role | None:
        row = await self._session.row(_SQL["get"], service_sid, sid)
        return role_from(row) if row is not None else None

    async def list(self, service_sid: ServiceSid, window: Window) -> Page[Role]:
        after = partial(self._session.rows, _SQL["list_after"], service_sid)
        before = partial(self._session.rows, _SQL["list_before"], service_sid)
        return await pages.read(window, after, before, role_from, _cursor)

    async def update(self, role: Role) -> None:
        await self._session.run(_SQL["update"], role.sid, role.friendly_name, role.permissions, role.date_updated)

    async def delete(self, sid: RoleSid, replacement: RoleSid) -> None:
        """Several statements: needs a transaction to be atomic."""
        await self._session.run(_SQL["replace_of_users"], sid, replacement)
        await self._session.run(_SQL["replace_of_members"], sid, replacement)
        await self._session.run(_SQL["replace_of_invites"], sid, replacement)
        await self._session.run(_SQL["replace_of_guests"], sid, replacement)
        await self._session.run(_SQL["delete"], sid)
