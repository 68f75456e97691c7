"""Push credentials as rows. Their secrets are sealed before they come here."""

from __future__ import annotations

from functools import partial

from chatcore.domain.devices import Credential, PushType
from chatcore.domain.ids import AccountSid, CredentialSid
from chatcore.domain.paging import Cursor, Page, Window

from . import pages
from .queries import load
from .session import Row, Session

_SQL = load("credentials")


def credential_from(row: Row) -> Credential:
    return Credential(
        sid=row["sid"],
        account_sid=row["account_sid"],
        friendly_name=row["friendly_name"],
        type=PushType(row["type"]),
        sandbox=row["sandbox"],
        date_created=row["date_created"],
        date_updated=row["date_updated"],
    )


def _cursor(credential: Credential) -> Cursor:
    return credential.date_created, credential.sid


class Credentials:
    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def insert(self, credential: Credential, sealed: bytes) -> None:
        await self._session.run(
            _SQL["insert"],
            credential.sid,
            credential.account_sid,
            credential.friendly_name,
            credential.type.value,
            credential.sandbox,
            sealed,
            credential.date_created,
            credential.date_updated,
        )

    async def get(self, account_sid: AccountSid, sid: str) -> Credential | None:
        row = await self._session.row(_SQL["by_sid"], account_sid, sid)
        return credential_from(row) if row is not None else None

    async def lock(self, account_sid: AccountSid, sid: str) -> tuple[Credential, bytes] | None:
        row = await self._session.row(_SQL["lock"], account_sid, sid)
        return (credential_from(row), row["secret"]) if row is not None else None

    async def list(self, account_sid: AccountSid, window: Window) -> Page[Credential]:
        after = partial(self._session.rows, _SQL["list_after"], account_sid)
        before = partial(self._session.rows, _SQL["list_before"], account_sid)
        return await pages.read(window, after, before, credential_from, _cursor)

    async def update(self, credential: Credential, sealed: bytes) -> None:
        await self._session.run(
            _SQL["update"],
            credential.sid,
            credential.friendly_name,
            credential.type.value,
            credential.sandbox,
            sealed,
            credential.date_updated,
        )

    async def delete(self, sid: CredentialSid) -> None:
        await self._session.run(_SQL["delete"], sid)
