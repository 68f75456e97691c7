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

from .secrets import SecretBox

CACHE_SECONDS = 1.0
"""How long a revoked key may live on at other nodes. One second spares nearly all decryption and SQL of a busy key."""

CACHE_SIZE = 4096

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
    """Whose service it is, remembered for CACHE_SECONDS. Absent ones are not: a new service works at once."""

    def __init__(self, store: ServiceStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._cache: dict[ServiceSid, tuple[float, AccountSid]] = {}  # with the monotonic deadline

    async def service_account(self, sid: ServiceSid) -> AccountSid | None:
        now = self._clock.monotonic()
        cached = self._cache.get(sid)
        if cached is not None and now < cached[0]:
            return cached[1]
        found = await self._store.service_account(sid)
        if found is None:
            self._cache.pop(sid, None)
            return None
        if len(self._cache) >= CACHE_SIZE:
            self._cache.clear()
        self._cache[sid] = (now + CACHE_SECONDS, found)
        return found


class KeyRing:
    """Credentials for REST and keys for token checks, cached for CACHE_SECONDS.

    Absent SIDs are not cached: a new key works at once. Readers that miss together each ask the store.
    """

    def __init__(self, store: KeyStore, box: SecretBox, clock: Clock) -> None:
        self._store = store
        self._box = box
        self._clock = clock
        self._cache: dict[str, tuple[float, KeyRecord]] = {}  # SID → (monotonic deadline, record)

    async def check(self, sid: str, secret: str) -> Principal | None:
        if is_sid("AC", sid):
            record = await self._record(sid, account=True)
        elif is_sid("SK", sid):
            record = await self._record(sid, account=False)
        else:
            record = None
        matches = hmac.compare_digest(record.secret.encode() if record else b"", secret.encode())
        if record is None or record.revoked or not matches:
            return None
        key_sid = KeySid(sid) if sid.startswith("SK") else None
        return Principal(account_sid=record.account_sid, key_sid=key_sid, suspended=record.account_suspended)

    async def key(self, sid: KeySid) -> KeyRecord | None:
        """The API key with this SID, revoked ones included."""
        return await self._record(sid, account=False) if is_sid("SK", sid) else None

    def invalidate(self, sid: str) -> None:
        """Forget what is cached of the key or account, so that this node sees a change at once."""
        self._cache.pop(sid, None)

    async def _record(self, sid: str, *, account: bool) -> KeyRecord | None:
        now = self._clock.monotonic()
        cached = self._cache.get(sid)
        if cached is not None and now < cached[0]:
            return cached[1]
        if account:
            found = await self._store.account_secret(AccountSid(sid))
        else:
            found = await self._store.key_secret(KeySid(sid))
        if found is None:
            self._cache.pop(sid, None)
            return None
        record = KeyRecord(
            account_sid=found.account_sid,
            secret=self._box.open(found.sealed),
            revoked=found.revoked,
            account_suspended=found.account_suspended,
        )
        if len(self._cache) >= CACHE_SIZE:
            self._cache.clear()  # rare, and refilled within a second
        self._cache[sid] = (now + CACHE_SECONDS, record)
        return record
