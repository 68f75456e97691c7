"""Tokens as applications make them: with the official server library, or as a plain JWT."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import jwt
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import ChatGrant

from tests.support.cluster import BOOTSTRAP

ACCOUNT = BOOTSTRAP["CHAT_BOOTSTRAP_ACCOUNT_SID"]
AUTH_TOKEN = BOOTSTRAP["CHAT_BOOTSTRAP_AUTH_TOKEN"]
KEY = BOOTSTRAP["CHAT_BOOTSTRAP_API_KEY_SID"]
SECRET = BOOTSTRAP["CHAT_BOOTSTRAP_API_KEY_SECRET"]
SERVICE = BOOTSTRAP["CHAT_BOOTSTRAP_SERVICE_SID"]


def access_token(
    identity: str,
    *,
    ttl: int = 3600,
    service: str = SERVICE,
    key: str = KEY,
    secret: str = SECRET,
    endpoint: str | None = None,
    push_credential: str | None = None,
    **more: Any,
) -> str:
    """A Twilio access token; `more` goes to the library (nbf, …). A negative ttl is one that ended."""
    token = AccessToken(ACCOUNT, key, secret, identity=identity, ttl=max(ttl, 1), **more)
    grant = ChatGrant(service_sid=service, endpoint_id=endpoint, push_credential_sid=push_credential)
    token.add_grant(grant)
    if ttl > 0:
        return str(token.to_jwt())
    claims = jwt.decode(token.to_jwt(), secret, ["HS256"])
    claims |= {"exp": int(time.time()) + ttl, "nbf": int(time.time()) + ttl - 3600}
    return jwt.encode(claims, secret, "HS256", headers={"cty": "twilio-fpa;v=1"})


def native_token(identity: str, *, ttl: int = 3600, service: str = SERVICE, **claims: Any) -> str:
    """A plain JWT with the claims of the Centrifuge protocol."""
    payload: Mapping[str, Any] = {"sub": identity, "aud": service, "exp": int(time.time()) + ttl} | claims
    return jwt.encode(dict(payload), SECRET, "HS256", headers={"kid": KEY})
