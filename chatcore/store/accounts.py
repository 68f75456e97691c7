"""What stands in where a caller names no key and no service."""

from __future__ import annotations

import asyncpg

from chatcore.domain.ids import AccountSid, KeySid, ServiceSid

from .queries import load
from .session import PoolSession

_SQL = load("accounts")


class Accounts:
    """Raises ChatError(UNAVAILABLE)."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._session = PoolSession(pool)

    async def signing_key(self, account_sid: AccountSid) -> KeySid | None:
        """The oldest API key in force."""
        row = await self._session.row(_SQL["first_key"], account_sid)
        return None if row is None else KeySid(row["sid"])

    async def default_service(self, account_sid: AccountSid) -> ServiceSid | None:
        """The one that is configured, else the oldest."""
        row = await self._session.row(_SQL["first_service"], account_sid)
        return None if row is None else ServiceSid(row["sid"])
