"""HTTP Basic authentication of the Twilio REST API."""

from __future__ import annotations

import base64
import binascii

from chatcore.auth.keys import Credentials, Principal

from .errors import AUTHENTICATION_FAILED, FORBIDDEN, HttpError

__all__ = ["Credentials", "Principal", "authenticate", "parse_basic"]

REALM = 'Basic realm="Twilio API"'


def parse_basic(authorization: str) -> tuple[str, str] | None:
    """User name and password of an `Authorization` header (RFC 7617, UTF-8); None when it has none."""
    scheme, _, encoded = authorization.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        pair = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    name, colon, password = pair.partition(":")
    return (name, password) if colon else None


async def authenticate(authorization: str | None, credentials: Credentials) -> Principal:
    """Raises HttpError: 401 without valid credentials, 403 for a suspended account."""
    pair = parse_basic(authorization or "")
    principal = await credentials.check(*pair) if pair is not None else None
    if principal is None:
        raise HttpError(401, AUTHENTICATION_FAILED, "Authenticate", {"WWW-Authenticate": REALM})
    if principal.suspended:
        raise HttpError(403, FORBIDDEN, "Account is suspended")
    return principal
