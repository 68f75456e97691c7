"""The outside of a JWT (RFC 7515 compact serialisation): three parts, a header, a payload, an HMAC.

PyJWT decodes and checks in one go, in its own order; this server reports the first failure in an order of its own,
so it takes PyJWT's signature check alone.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from jwt.algorithms import HMACAlgorithm

MAX_CHARS = 64 * 1024
"""Longer texts are not looked at."""

_PART = re.compile(r"[A-Za-z0-9_-]*")
_ALGORITHMS = {
    "HS256": HMACAlgorithm(HMACAlgorithm.SHA256),
    "HS384": HMACAlgorithm(HMACAlgorithm.SHA384),
    "HS512": HMACAlgorithm(HMACAlgorithm.SHA512),
}


class MalformedError(Exception):
    """Not three base64url parts with a JSON payload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsigned:
    """A token taken apart; nothing in it is believed yet. `header` is None when it is not a JSON object."""

    header: Mapping[str, Any] | None
    payload: Mapping[str, Any]
    signed: bytes
    signature: bytes

    @property
    def known_algorithm(self) -> bool:
        return self._algorithm in _ALGORITHMS

    def signed_with(self, secret: str) -> bool:
        """Whether the HMAC of a known algorithm fits; constant time."""
        return _ALGORITHMS[self._algorithm].verify(self.signed, secret.encode(), self.signature)

    @property
    def _algorithm(self) -> str:
        name = self.header.get("alg") if self.header else None
        return name if isinstance(name, str) else ""


def split(token: str) -> Unsigned:
    """Raises MalformedError."""
    parts = token.split(".") if len(token) <= MAX_CHARS else []
    if len(parts) != 3:
        raise MalformedError("token does not have three parts")
    header, payload, signature = (_decode(part) for part in parts)
    claims = _object(payload)
    if claims is None:
        raise MalformedError("token payload is not a JSON object")
    signed = f"{parts[0]}.{parts[1]}".encode()
    return Unsigned(header=_object(header), payload=claims, signed=signed, signature=signature)


def _decode(part: str) -> bytes:
    try:
        if _PART.fullmatch(part):
            return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error:
        pass
    raise MalformedError("token is not base64url")


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(text.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refuse(text: str) -> NoReturn:
    raise ValueError(text)  # NaN and Infinity are not JSON
