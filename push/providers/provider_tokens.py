"""Tokens with which APNs knows a team: one per key for all workers, because Apple refuses teams that mint too many."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from aioapns.connection import JWTAuthorizationHeaderProvider

from chatcore.auth.credentials import PushSecrets

from .port import SharedText

LIFE: Final = 50 * 60.0
"""Seconds until a token is renewed; Apple takes it for an hour."""
YOUNGEST: Final = 20 * 60.0
"""A token is never replaced before."""
_PATIENCE: Final = 2.0


@dataclass(frozen=True, slots=True)
class ProviderToken:
    """`header` is the value of the field `authorization`."""

    header: str
    minted: float  # by the loop's clock, which no change of the wall clock moves


class ProviderTokens:
    """Shares tokens through `shared`; while that is away this process mints its own."""

    def __init__(self, shared: SharedText | None) -> None:
        self._shared = shared
        self._held: dict[str, ProviderToken] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def held(self, secrets: PushSecrets) -> ProviderToken | None:
        """One that is good for now, without waiting."""
        token = self._held.get(_key(secrets))
        return token if token is not None and _age(token) < LIFE else None

    async def get(self, secrets: PushSecrets) -> ProviderToken:
        key = _key(secrets)
        async with self._locks.setdefault(key, asyncio.Lock()):
            token = self.held(secrets)
            if token is None:
                token = self._held[key] = await self._fresh(key, secrets)
            return token

    async def renew(self, secrets: PushSecrets, expired: ProviderToken) -> ProviderToken | None:
        """Another one than `expired`; None where that is too young to be replaced."""
        key = _key(secrets)
        async with self._locks.setdefault(key, asyncio.Lock()):
            token = self._held.get(key)
            if token is not None and token.header != expired.header:
                return token  # somebody else has been here
            if _age(expired) < YOUNGEST:
                return None
            fresh = _mint(secrets)
            if self._shared is not None:
                try:
                    async with asyncio.timeout(_PATIENCE):
                        if not await self._shared.replace(key, expired.header, fresh.header, LIFE):
                            fresh = await self._fresh(key, secrets)
                except (ConnectionError, TimeoutError):
                    pass
            self._held[key] = fresh
            return fresh

    async def _fresh(self, key: str, secrets: PushSecrets) -> ProviderToken:
        if self._shared is None:
            return _mint(secrets)
        fresh = None
        try:
            async with asyncio.timeout(_PATIENCE):
                for _ in range(2):  # between the two questions a value may come or go
                    if (found := await self._shared.get(key)) is not None:
                        return ProviderToken(found[0], _now() - (LIFE - found[1]))
                    fresh = fresh or _mint(secrets)
                    if await self._shared.put_if_absent(key, fresh.header, LIFE):
                        return fresh
        except (ConnectionError, TimeoutError):
            pass
        return fresh or _mint(secrets)


def _mint(secrets: PushSecrets) -> ProviderToken:
    provider = JWTAuthorizationHeaderProvider(secrets.private_key, secrets.key_id, secrets.team_id)
    return ProviderToken(provider.get_header(), _now())  # type: ignore[no-untyped-call]  # the library's types end here


@lru_cache(maxsize=1024)
def _key(secrets: PushSecrets) -> str:
    # With the key itself in the name: another account that claims the same IDs must not get hold of it, nor spoil it.
    digest = hashlib.blake2s((secrets.private_key or "").encode(), digest_size=8).hexdigest()
    return f"push:apns:{secrets.team_id}:{secrets.key_id}:{digest}"


def _age(token: ProviderToken) -> float:
    return _now() - token.minted


def _now() -> float:
    return asyncio.get_running_loop().time()
