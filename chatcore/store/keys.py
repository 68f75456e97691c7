"""Secrets of accounts and API keys, as they are stored: sealed."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

import asyncpg

from chatcore.domain.ids import AccountSid, KeySid, ServiceSid

from .queries import load
from .session import PoolSession, Row

_SQL = load("accounts")

T_co = TypeVar("T_co", covariant=True)


class MakeSecret(Protocol[T_co]):
    """The type in which the reader wants to have a stored secret."""

    def __call__(self, *, account_sid: AccountSid, sealed: bytes, revoked: bool, account_suspended: bool) -> T_co: ...


class Keys(Generic[T_co]):
    """Looks secrets up; nothing is cached. Raises ChatError(UNAVAILABLE)."""

    def __init__(self, pool: asyncpg.Pool, make: MakeSecret[T_co]) -> None:
        self._session = PoolSession(pool)
        self._make = make

    async def account_secret(self, sid: AccountSid) -> T_co | None:
        """The account's auth token."""
        return self._made(await self._session.row(_SQL["secret"], sid))

    async def key_secret(self, sid: KeySid) -> T_co | None:
        """The API key's secret, of revoked keys too."""
        return self._made(await self._session.row(_SQL["key_secret"], sid))

    async def service_account(self, sid: ServiceSid) -> AccountSid | None:
        """Whose service it is; None for one that is deleted."""
        row = await self._session.row(_SQL["service_account"], sid)
        return AccountSid(row["account_sid"]) if row is not None else None

    def _made(self, row: Row | None) -> T_co | None:
        if row is None:
            return None
        return self._make(
            account_sid=row["account_sid"],
            sealed=row["secret"],
            revoked=row["revoked"],
            account_suspended=row["suspended"],
        )
