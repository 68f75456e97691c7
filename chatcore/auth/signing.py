"""What requests of an account are signed with, so that receivers know them from forgeries."""

from __future__ import annotations

import logging

from chatcore.domain.ids import AccountSid
from chatcore.ports.clock import Clock

from .keys import CACHE_SECONDS, CACHE_SIZE, KeyStore
from .secrets import SecretBox, SecretUnreadableError

logger = logging.getLogger(__name__)


class AuthTokens:
    """Auth tokens of accounts, remembered for CACHE_SECONDS: opening a sealed one costs more than a signature."""

    def __init__(self, store: KeyStore, box: SecretBox, clock: Clock) -> None:
        self._store = store
        self._box = box
        self._clock = clock
        self._known: dict[AccountSid, tuple[float, str]] = {}  # SID → (monotonic deadline, token)

    async def of(self, sid: AccountSid) -> str | None:
        """None where there is no such account, or its token was sealed with a key that is not configured any more.
        Raises ChatError(UNAVAILABLE)."""
        now = self._clock.monotonic()
        known = self._known.get(sid)
        if known is not None and now < known[0]:
            return known[1]
        found = await self._store.account_secret(sid)
        if found is None:
            return None
        if len(self._known) >= CACHE_SIZE:
            self._known.clear()
        try:
            token = self._box.open(found.sealed)
        except SecretUnreadableError as error:
            logger.error("Requests of %s cannot be signed: %s", sid, error, extra={"action": "secret_unreadable"})
            return None
        self._known[sid] = (now + CACHE_SECONDS, token)
        return token
