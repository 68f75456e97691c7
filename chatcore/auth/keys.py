"""Accounts' auth tokens and API keys: how they look, and whom they stand for.

Twilio REST API: the user name is an account SID with the account's auth token, or an API key SID with the key's
secret. An API key's secret also signs access tokens, which is why secrets are stored sealed and not hashed.
"""

from __future__ import annotations

import hmac
import secrets
import string
from dataclasses import dataclass
from typing import Protocol

from chatcore.domain.ids import AccountSid, KeySid, ServiceSid, is_sid
from chatcore.ports.clock import Clock

from .remembered import Remembered
from .secrets import SecretBox

_ALPHANUMERIC = string.ascii_letters + string.digits


def new_auth_token() -> str:
    """32 hexadecimal digits, 128 random bits."""
    return secrets.token_hex(16)


def new_key_secret() -> str:
    """32 letters and digits, 190 random bits; also long enough for HS256 (RFC 7518 section 3.2)."""
    return "".join(secrets.choice(_ALPHANUMERIC) for _ in range(32))


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedSecret:
    """An account's auth token or an API key's secret as the database keeps it."""

    account_sid: AccountSid
    sealed: bytes
    revoked: bool = False
    account_suspended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """The same, readable. `repr` does not show the secret, so no log can."""

    account_sid: AccountSid
    secret: str
    revoked: bool
    account_suspended: bool

    def __repr__(self) -> str:
        return f"KeyRecord(account_sid={self.account_sid!r}, revoked={self.revoked})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Whose objects a REST caller sees. `key_sid` is None for the account's own auth token."""

    account_sid: AccountSid
    key_sid: KeySid | None = None
    suspended: bool = False


class KeyStore(Protocol):
    """Where the secrets lie. Answers None for what never existed."""

    async def account_secret(self, sid: AccountSid) -> SealedSecret | None: ...

    async def key_secret(self, sid: KeySid) -> SealedSecret | None: ...


class Credentials(Protocol):
    """Who a REST caller is."""

    async def check(self, sid: str, secret: str) -> Principal | None:
        """None unless `sid` exists, is not revoked and has that secret; takes the same time for every wrong secret."""
        ...


class ServiceStore(Protocol):
    async def service_account(self, sid: ServiceSid) -> AccountSid | None: ...


class ServiceAccounts:
    """Whose service it is, at most a second old."""

    def __init__(self, store: ServiceStore, clock: Clock) -> None:
        self._accounts: Remembered[ServiceSid, AccountSid] = Remembered(store.service_account, clock)

    async def service_account(self, sid: ServiceSid) -> AccountSid | None:
        return await self._accounts.get(sid)


class KeyRing:
    """Credentials for REST and keys for token checks, at most a second old."""

    def __init__(self, store: KeyStore, box: SecretBox, clock: Clock) -> None:
        self._store = store
        self._box = box
        self._records: Remembered[str, KeyRecord] = Remembered(self._read, clock)

    async def check(self, sid: str, secret: str) -> Principal | None:
        record = await self._records.get(sid) if is_sid("AC", sid) or is_sid("SK", sid) else None
        matches = hmac.compare_digest(record.secret.encode() if record else b"", secret.encode())
        if record is None or record.revoked or not matches:
            return None
        key_sid = KeySid(sid) if sid.startswith("SK") else None
        return Principal(account_sid=record.account_sid, key_sid=key_sid, suspended=record.account_suspended)

    async def key(self, sid: KeySid) -> KeyRecord | None:
        """The API key with this SID, revoked ones included."""
        return await self._records.get(sid) if is_sid("SK", sid) else None

    def invalidate(self, sid: str) -> None:
        """Forget what is cached of the key or account, so that this node sees a change at once."""
        self._records.forget(sid)

    async def _read(self, sid: str) -> KeyRecord | None:
        if is_sid("AC", sid):
            found = await self._store.account_secret(AccountSid(sid))
        else:
            found = await self._store.key_secret(KeySid(sid))
        if found is None:
            return None
        return KeyRecord(
            account_sid=found.account_sid,
            secret=self._box.open(found.sealed),
            revoked=found.revoked,
            account_suspended=found.account_suspended,
        )
