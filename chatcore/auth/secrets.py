"""Secrets at rest: what the database keeps of auth tokens, API key secrets and webhook secrets."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_PURPOSE = b"chatcore stored secrets v1"


class SecretUnreadableError(Exception):
    """A stored secret was sealed with a key that is not configured any more."""


class SecretBox:
    """Seals with the first key, opens with any: prepend a key to rotate, drop the old one when nothing needs it.

    Keys are texts of any length with enough entropy of their own: they are expanded (HKDF), not stretched.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        """Raises ValueError without a key or with an empty one."""
        if not keys or not all(keys):
            raise ValueError("at least one secret key is needed, and none may be empty")
        self._fernet = MultiFernet([Fernet(_expand(key)) for key in keys])

    def seal(self, secret: str) -> bytes:
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """Raises SecretUnreadableError."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise SecretUnreadableError("a stored secret cannot be read with any of the configured keys") from None


def _expand(key: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(key.encode())
    return base64.urlsafe_b64encode(derived)
