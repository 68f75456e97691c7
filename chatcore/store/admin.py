"""What operators do with the `chatcore` command: accounts, keys, services, epochs."""

from __future__ import annotations

import secrets
import string
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import asyncpg

from chatcore.domain.blueprint import new_service
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import AccountSid, KeySid, ServiceSid, new_sid
from chatcore.ports.clock import SystemClock

from .queries import load
from .services import Services
from .session import ConnectionSession, PoolSession, Session

_SQL = load("accounts")
_BOOTSTRAP_LOCK = 0x63686175
_EPOCHS = 2000  # streams renewed in one step
_ALPHANUMERIC = string.ascii_letters + string.digits


class Box(Protocol):
    """Keeps secrets unreadable in the database."""

    def seal(self, secret: str) -> bytes: ...

    def open(self, sealed: bytes) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSecrets:
    sid: AccountSid
    auth_token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySecrets:
    sid: KeySid
    secret: str = field(repr=False)


class Admin:
    """SIDs and secrets that are not given are chosen at random. Raises ChatError(UNAVAILABLE)."""

    def __init__(self, pool: asyncpg.Pool, box: Box) -> None:
        self._pool = pool
        self._box = box

    async def create_account(
        self, friendly_name: str, sid: str | None = None, auth_token: str | None = None
    ) -> AccountSecrets:
        """Raises ChatError(CONFLICT) when the SID is taken."""
        return await self._insert_account(PoolSession(self._pool), friendly_name, sid, auth_token)

    async def create_key(
        self, account_sid: str, friendly_name: str, sid: str | None = None, secret: str | None = None
    ) -> KeySecrets:
        """Raises ChatError(CONFLICT) when the SID is taken, ChatError(NOT_FOUND) without such an account."""
        return await self._insert_key(PoolSession(self._pool), account_sid, friendly_name, sid, secret)

    async def revoke_key(self, sid: str) -> bool:
        """Whether there was such a key in force."""
        return await PoolSession(self._pool).row(_SQL["revoke_key"], sid) is not None

    async def create_service(self, account_sid: str, friendly_name: str, sid: str | None = None) -> ServiceSid:
        """With its default roles. The first one of an account becomes its default service."""
        async with self._transaction() as session:
            return await self._insert_service(session, account_sid, friendly_name, sid)

    async def renew_epochs(self) -> int:
        """Gives every stream a new epoch, in steps; returns the number of streams.

        For a database that was restored: clients that saw events which are lost now must not mix two histories.
        """
        renewed, session = 0, PoolSession(self._pool)
        for statement in ("renew_channel_epochs", "renew_user_epochs"):
            last = ""
            while rows := await session.rows(_SQL[statement], last, _EPOCHS):
                renewed += len(rows)
                last = max(row["sid"] for row in rows)
        return renewed

    async def bootstrap(
        self,
        account_sid: str | None = None,
        auth_token: str | None = None,
        api_key_sid: str | None = None,
        api_key_secret: str | None = None,
        service_sid: str | None = None,
    ) -> dict[str, str]:
        """The first account, key and service, made where they do not exist; returns all five values as they are.

        A SID that is not given stands for the oldest that exists. Secrets of what exists do not change. Concurrent
        callers wait for each other. Raises ChatError(CONFLICT) if a given key or service belongs to another account.
        """
        async with self._transaction() as session:
            await session.rows(_SQL["lock_bootstrap"], _BOOTSTRAP_LOCK)
            account = await self._account(session, account_sid, auth_token)
            key = await self._key(session, account.sid, api_key_sid, api_key_secret)
            return {
                "account_sid": account.sid,
                "auth_token": account.auth_token,
                "api_key_sid": key.sid,
                "api_key_secret": key.secret,
                "service_sid": await self._service(session, account.sid, service_sid),
            }

    async def _account(self, session: Session, sid: str | None, auth_token: str | None) -> AccountSecrets:
        sid = sid or await _first(session, "first")
        row = await session.row(_SQL["secret"], sid) if sid else None
        if row is None:
            return await self._insert_account(session, "Default account", sid, auth_token)
        return AccountSecrets(sid=row["account_sid"], auth_token=self._box.open(row["secret"]))

    async def _key(self, session: Session, account_sid: str, sid: str | None, secret: str | None) -> KeySecrets:
        sid = sid or await _first(session, "first_key", account_sid)
        row = await session.row(_SQL["key_secret"], sid) if sid else None
        if sid is None or row is None:
            return await self._insert_key(session, account_sid, "Default key", sid, secret)
        if row["account_sid"] != account_sid:
            raise ChatError(Code.CONFLICT, f"The API key {sid} belongs to another account")
        return KeySecrets(sid=KeySid(sid), secret=self._box.open(row["secret"]))

    async def _service(self, session: Session, account_sid: str, sid: str | None) -> ServiceSid:
        sid = sid or await _first(session, "first_service", account_sid)
        owner = await session.row(_SQL["service_account"], sid) if sid else None
        if sid is None or owner is None:
            return await self._insert_service(session, account_sid, "Default service", sid)
        if owner["account_sid"] != account_sid:
            raise ChatError(Code.CONFLICT, f"The service {sid} belongs to another account")
        return ServiceSid(sid)

    async def _insert_account(
        self, session: Session, friendly_name: str, sid: str | None, auth_token: str | None
    ) -> AccountSecrets:
        account = AccountSecrets(sid=AccountSid(sid or new_sid("AC")), auth_token=auth_token or secrets.token_hex(16))
        await session.run(_SQL["insert"], account.sid, friendly_name, self._box.seal(account.auth_token))
        return account

    async def _insert_key(
        self, session: Session, account_sid: str, friendly_name: str, sid: str | None, secret: str | None
    ) -> KeySecrets:
        key = KeySecrets(
            sid=KeySid(sid or new_sid("SK")),
            secret=secret or "".join(secrets.choice(_ALPHANUMERIC) for _ in range(32)),
        )
        await session.run(_SQL["insert_key"], key.sid, account_sid, friendly_name, self._box.seal(key.secret))
        return key

    async def _insert_service(
        self, session: Session, account_sid: str, friendly_name: str, sid: str | None
    ) -> ServiceSid:
        service, roles = new_service(
            AccountSid(account_sid), friendly_name, ServiceSid(sid or new_sid("IS")), SystemClock().now()
        )
        await Services(session).create(service, roles)
        await session.run(_SQL["set_default_service"], account_sid, service.sid)
        return service.sid

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Session]:
        async with self._pool.acquire() as connection, connection.transaction():
            yield ConnectionSession(connection)


async def _first(session: Session, statement: str, *args: object) -> str | None:
    row = await session.row(_SQL[statement], *args)
    return row["sid"] if row is not None else None
