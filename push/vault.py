"""Credentials, opened."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping

from chatcore.auth.credentials import PushSecrets
from chatcore.auth.secrets import SecretUnreadableError
from chatcore.domain.devices import Credential
from chatcore.domain.ids import CredentialSid

from .providers.port import SendingCredential
from .recent import Recent

logger = logging.getLogger(__name__)

Read = Callable[[CredentialSid], Awaitable[tuple[Credential, bytes] | None]]


class Vault:
    """Changed credentials are noticed within seconds."""

    def __init__(self, read: Read, unseal: Callable[[bytes], PushSecrets]) -> None:
        self._read = read
        self._unseal = unseal
        self._recent = Recent(self._open)

    async def of(self, sids: Iterable[CredentialSid]) -> Mapping[CredentialSid, SendingCredential | None]:
        """Those that do not exist (any more) are left out; None: unreadable."""
        found: dict[CredentialSid, SendingCredential | None] = {}
        for sid in dict.fromkeys(sids):
            known, credential = await self._recent.get(sid)
            if known:
                found[sid] = credential
        return found

    async def _open(self, sid: CredentialSid) -> tuple[bool, SendingCredential | None]:
        row = await self._read(sid)
        if row is None:
            return False, None
        credential, sealed = row
        try:
            secrets = self._unseal(sealed)
        except SecretUnreadableError:
            extra = {"action": "credential_unreadable", "credential": sid}
            logger.error("The secrets of credential %s cannot be read with CHAT_SECRET_KEY", sid, extra=extra)
            return True, None
        return True, SendingCredential(sid=sid, kind=credential.type, sandbox=bool(credential.sandbox), secrets=secrets)
