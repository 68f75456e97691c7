"""What requests of an account are signed with, so that receivers know them from forgeries."""

from __future__ import annotations

import logging

from chatcore.domain.ids import AccountSid
from chatcore.ports.clock import Clock

from .keys import KeyStore
from .remembered import Remembered
from .secrets import SecretBox, SecretUnreadableError

logger = logging.getLogger(__name__)


class AuthTokens:
    """Auth tokens of accounts, at most a second old: opening a sealed one costs more than a signature."""

    def __init__(self, store: KeyStore, box: SecretBox, clock: Clock) -> None:
        self._store = store
        self._box = box
        self._known: Remembered[AccountSid, str] = Remembered(self._read, clock)

    async def of(self, sid: AccountSid) -> str | None:
        """None where there is no such account, or its token was sealed with a key that is not configured any more.
        Raises ChatError(UNAVAILABLE)."""
        return await self._known.get(sid)

    async def _read(self, sid: AccountSid) -> str | None:
        found = await self._store.account_secret(sid)
        if found is None:
            return None
        try:
            return self._box.open(found.sealed)
        except SecretUnreadableError as error:
            logger.error("Requests of %s cannot be signed: %s", sid, error, extra={"action": "secret_unreadable"})
            return None
