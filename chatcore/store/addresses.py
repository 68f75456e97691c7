"""Address configurations as rows."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

from chatcore.domain.account import AddressConfiguration, AutoCreation
from chatcore.domain.ids import AccountSid, is_sid
from chatcore.domain.paging import Cursor, Page, Window

from . import pages
from .queries import load
from .session import Row, Session

_SQL = load("addresses")


def _address_from(row: Row) -> AddressConfiguration:
    stored = dict(row["auto_creation"])
    filters = stored.pop("webhook_filters", None)
    return AddressConfiguration(
        sid=row["sid"],
        account_sid=row["account_sid"],
        type=row["type"],
        address=row["address"],
        address_country=row["address_country"],
        friendly_name=row["friendly_name"],
        auto_creation=AutoCreation(**stored, webhook_filters=None if filters is None else tuple(filters)),
        date_created=row["date_created"],
        date_updated=row["date_updated"],
    )


def _cursor(configuration: AddressConfiguration) -> Cursor:
    return configuration.date_created, configuration.sid


class Addresses:
    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def insert(self, configuration: AddressConfiguration) -> None:
        await self._session.run(
            _SQL["insert"],
            configuration.sid,
            configuration.account_sid,
            configuration.type,
            configuration.address,
            configuration.address_country,
            configuration.friendly_name,
            asdict(configuration.auto_creation),
            configuration.date_created,
            configuration.date_updated,
        )

    async def get(self, account_sid: AccountSid, key: str, *, lock: bool = False) -> AddressConfiguration | None:
        by = "by_sid" if is_sid("IG", key) else "by_address"  # no address looks like a SID
        row = await self._session.row(_SQL[f"lock_{by}" if lock else by], account_sid, key)
        return _address_from(row) if row is not None else None

    async def list(
        self, account_sid: AccountSid, window: Window, *, kind: str | None = None
    ) -> Page[AddressConfiguration]:
        after = partial(self._session.rows, _SQL["list_after"], account_sid, kind)
        before = partial(self._session.rows, _SQL["list_before"], account_sid, kind)
        return await pages.read(window, after, before, _address_from, _cursor)

    async def update(self, configuration: AddressConfiguration) -> None:
        await self._session.run(
            _SQL["update"],
            configuration.sid,
            configuration.friendly_name,
            asdict(configuration.auto_creation),
            configuration.date_updated,
        )

    async def delete(self, sid: str) -> None:
        await self._session.run(_SQL["delete"], sid)
