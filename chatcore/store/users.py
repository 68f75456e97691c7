"""Users as rows: the profile, and the stream of what concerns the user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from chatcore.domain.ids import Identity, ServiceSid, UserSid, is_sid
from chatcore.domain.model import Position, User
from chatcore.domain.paging import Cursor, Page, Window
from chatcore.ports.store import TransactionConflict
from chatcore.ports.views import UserStream

from . import pages
from .queries import load
from .session import Row, Session

_SQL = load("users")


def user_from(row: Row) -> User:
    return User(
        sid=row["sid"],
        service_sid=row["service_sid"],
        identity=row["identity"],
        friendly_name=row["friendly_name"],
        attributes=row["attributes"],
        role_sid=row["role_sid"],
        joined_channels_count=row["joined_count"],
        date_created=row["date_created"],
        date_updated=row["date_updated"],
        rev=row["rev"],
        info_position=row["info_position"],
        stream=Position(offset=row["last_seq"], epoch=row["epoch"]),
    )


def _stream_from(row: Row) -> UserStream:
    return UserStream(
        user_sid=row["user_sid"],
        offset=row["last_seq"],
        epoch=row["epoch"],
        joined_count=row["joined_count"],
        info_position=row["info_position"],
    )


def _values(user: User) -> tuple[object, ...]:
    """The parameters of insert, in their order."""
    return (
        user.sid,
        user.service_sid,
        user.identity,
        user.friendly_name,
        user.attributes,
        user.role_sid,
        user.rev,
        user.date_created,
        user.date_updated,
        user.stream.offset,
        user.stream.epoch,
        user.joined_channels_count,
        user.info_position,
    )


def _cursor(user: User) -> Cursor:
    return user.date_created, user.sid


class Users:
    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def create(self, user: User) -> None:
        await self._session.run(_SQL["insert"], *_values(user))

    async def ensure(self, user: User) -> tuple[User, bool]:
        """One statement for a user that exists, two for one that does not."""
        found = await self._named(user.service_sid, user.identity)
        if found is not None:
            return found, False
        if await self._session.row(_SQL["insert_if_absent"], *_values(user)) is not None:
            return user, True
        found = await self._named(user.service_sid, user.identity)
        if found is None:
            raise TransactionConflict("the user was made and deleted by others in this moment")
        return found, False

    async def get(self, service_sid: ServiceSid, key: str) -> User | None:
        if not is_sid("US", key):  # no identity looks like that
            return await self._named(service_sid, key)
        row = await self._session.row(_SQL["by_sid"], service_sid, key)
        return user_from(row) if row is not None else None

    async def many(self, service_sid: ServiceSid, identities: Sequence[Identity]) -> Sequence[User]:
        rows = await self._session.rows(_SQL["by_identities"], service_sid, identities)
        return [user_from(row) for row in rows]

    async def list(self, service_sid: ServiceSid, window: Window) -> Page[User]:
        after = partial(self._session.rows, _SQL["list_after"], service_sid)
        before = partial(self._session.rows, _SQL["list_before"], service_sid)
        return await pages.read(window, after, before, user_from, _cursor)

    async def update(self, user: User) -> None:
        """The profile; what belongs to the stream is written by `save_streams`."""
        await self._session.run(
            _SQL["update"],
            user.sid,
            user.friendly_name,
            user.attributes,
            user.role_sid,
            user.rev,
            user.date_created,
            user.date_updated,
        )

    async def delete(self, sid: UserSid) -> None:
        await self._session.run(_SQL["delete"], sid)

    async def permissions(self, service_sid: ServiceSid, identity: Identity) -> frozenset[str] | None:
        row = await self._session.row(_SQL["permissions"], service_sid, identity)
        return frozenset(row["permissions"] or ()) if row is not None else None

    async def lock_streams(self, sids: Sequence[UserSid]) -> Mapping[UserSid, UserStream]:
        rows = await self._session.rows(_SQL["lock_streams"], sids)
        return {row["user_sid"]: _stream_from(row) for row in rows}

    async def save_streams(self, streams: Sequence[UserStream]) -> None:
        if not streams:
            return
        await self._session.run(
            _SQL["save_streams"],
            [s.user_sid for s in streams],
            [s.offset for s in streams],
            [s.epoch for s in streams],
            [s.joined_count for s in streams],
            [s.info_position for s in streams],
        )

    async def _named(self, service_sid: ServiceSid, identity: str) -> User | None:
        row = await self._session.row(_SQL["by_identities"], service_sid, [identity])
        return user_from(row) if row is not None else None
