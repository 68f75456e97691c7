"""Tokens of client connections: JWTs that an application mints with an API key.

Two kinds, told apart by their header. An *access token* is what the Twilio helper libraries make (`cty:
twilio-fpa;v=1`, or neither `cty` nor `kid`); a *native token* is a plain JWT in the claims of the Centrifuge
protocol, whose `kid` names the API key. Both are signed by HMAC with the key's secret. The checks run in a fixed
order and the first failure names the code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Any, Protocol

import jwt

from chatcore.domain import limits
from chatcore.domain.errors import ChatError
from chatcore.domain.ids import AccountSid, Identity, KeySid, RoleSid, ServiceSid, is_sid
from chatcore.ports.clock import Clock

from .compact import MalformedError, Unsigned, split
from .keys import KeyRecord

CONTENT_TYPE = "twilio-fpa;v=1"
LEEWAY = 30
"""Seconds that clocks of applications may differ from ours."""

MAX_LIFETIME = 86_400
"""Seconds an access token may live."""


class TokenCode(IntEnum):
    """Why a token is refused: the numbers of the Twilio REST API."""

    INVALID = 20101
    HEADER_INVALID = 20102
    ISSUER_INVALID = 20103
    EXPIRED = 20104
    NOT_YET_VALID = 20105
    GRANTS_INVALID = 20106
    SIGNATURE_INVALID = 20107
    AUTHENTICATION_FAILED = 20151
    EXPIRY_INVALID = 20156
    EXPIRY_TOO_FAR = 20157
    MALFORMED = 20160
    FORBIDDEN = 20403
    NOT_FOUND = 20404

    @property
    def status(self) -> int:
        """The HTTP status that goes with the code."""
        return {TokenCode.FORBIDDEN: 403, TokenCode.NOT_FOUND: 404}.get(self, 401)


class TokenError(Exception):
    """A token was refused. The message never repeats anything of the token."""

    def __init__(self, code: TokenCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class TokenKind(StrEnum):
    ACCESS = "access"
    NATIVE = "native"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a valid token says. `expires_at` is when the connection ends unless renewed; None = never."""

    kind: TokenKind
    account_sid: AccountSid
    key_sid: KeySid
    service_sid: ServiceSid
    identity: Identity
    expires_at: datetime | None
    endpoint_id: str | None = None
    deployment_role_sid: RoleSid | None = None
    push_credential_sid: str | None = None
    info: bytes | None = None  # UTF-8 JSON


class KeyLookup(Protocol):
    async def key(self, sid: KeySid) -> KeyRecord | None:
        """The API key with this SID, revoked ones included."""
        ...


class ServiceLookup(Protocol):
    async def service_account(self, service_sid: ServiceSid) -> AccountSid | None:
        """The account that owns the service; None for one that does not exist (any more)."""
        ...


class TokenVerifier:
    """Checks tokens of both kinds. Costs at most one key and one service lookup."""

    def __init__(self, keys: KeyLookup, services: ServiceLookup, clock: Clock) -> None:
        self._keys = keys
        self._services = services
        self._clock = clock

    async def verify(self, token: str) -> Grant:
        """Raises TokenError, and whatever the lookups raise when their source is unavailable."""
        try:
            unsigned = split(token)
        except MalformedError as error:
            raise TokenError(TokenCode.MALFORMED, str(error)) from None
        payload = unsigned.payload
        kind, issuer = _kind(unsigned)
        key = await self._keys.key(KeySid(issuer)) if issuer is not None else None
        if issuer is None or key is None or key.revoked:
            raise TokenError(TokenCode.ISSUER_INVALID, "token issuer is not a valid API key")
        if kind is TokenKind.ACCESS and payload.get("sub") != key.account_sid:
            raise TokenError(TokenCode.ISSUER_INVALID, "token subject is not the account of its API key")
        if not unsigned.signed_with(key.secret):
            raise TokenError(TokenCode.SIGNATURE_INVALID, "token signature is wrong")
        now = self._clock.now().timestamp()
        expires_at = _expiry(payload, kind, now)
        if kind is TokenKind.NATIVE:
            identity, service_sid = _identity(payload.get("sub")), _service(_audience(payload.get("aud")))
            chat: Mapping[str, Any] = {}
        else:
            identity, chat = _grants(payload)
            service_sid = _service(chat.get("service_sid"))
        if await self._services.service_account(service_sid) != key.account_sid:
            raise TokenError(TokenCode.GRANTS_INVALID, "token names no service of its account")
        if payload.get("nbf") is not None and _number(payload["nbf"]) is None:
            raise TokenError(TokenCode.INVALID, "token's nbf is not a number")
        role_sid = _text(chat, "deployment_role_sid")
        grant = Grant(
            kind=kind,
            account_sid=key.account_sid,
            key_sid=KeySid(issuer),
            service_sid=service_sid,
            identity=identity,
            expires_at=_connection_expiry(payload, now, expires_at) if kind is TokenKind.NATIVE else expires_at,
            endpoint_id=_text(chat, "endpoint_id"),
            deployment_role_sid=None if role_sid is None else RoleSid(role_sid),
            push_credential_sid=_text(chat, "push_credential_sid"),
            info=_info(payload) if kind is TokenKind.NATIVE else None,
        )
        if key.account_suspended:
            raise TokenError(TokenCode.FORBIDDEN, "account is suspended")
        return grant


def _kind(unsigned: Unsigned) -> tuple[TokenKind, str | None]:
    """The kind of token and the API key it names."""
    header = unsigned.header
    if header is None or "crit" in header:  # RFC 7515 section 4.1.11: an extension we do not know must be refused
        raise TokenError(TokenCode.HEADER_INVALID, "token header is unreadable")
    kind = TokenKind.NATIVE if "kid" in header and "cty" not in header else TokenKind.ACCESS
    # Several JWT libraries leave `typ` out (RFC 7519 section 5.1 makes it optional); the helper libraries never do.
    if header.get("typ", "JWT" if kind is TokenKind.NATIVE else None) != "JWT":
        raise TokenError(TokenCode.HEADER_INVALID, "token type must be JWT")
    if not unsigned.known_algorithm:
        raise TokenError(TokenCode.HEADER_INVALID, "token algorithm must be HS256, HS384 or HS512")
    if kind is TokenKind.ACCESS and header.get("cty", CONTENT_TYPE) != CONTENT_TYPE:
        raise TokenError(TokenCode.HEADER_INVALID, f"token content type must be {CONTENT_TYPE}")
    issuer = header["kid"] if kind is TokenKind.NATIVE else unsigned.payload.get("iss")
    return kind, issuer if isinstance(issuer, str) else None


def _expiry(payload: Mapping[str, Any], kind: TokenKind, now: float) -> datetime:
    """Checks the time claims. `now` in seconds since the epoch."""
    exp, nbf = payload.get("exp"), _number(payload.get("nbf"))
    moment = _moment(exp)
    if moment is None or not isinstance(exp, int):
        raise TokenError(TokenCode.EXPIRY_INVALID, "token needs an expiry in whole seconds")
    if kind is TokenKind.ACCESS and exp - _start(nbf, _number(payload.get("iat")), now) > MAX_LIFETIME:
        raise TokenError(TokenCode.EXPIRY_TOO_FAR, f"token lives longer than {MAX_LIFETIME} seconds")
    if now >= exp + LEEWAY:
        raise TokenError(TokenCode.EXPIRED, "token expired")
    if nbf is not None and nbf > now + LEEWAY:
        raise TokenError(TokenCode.NOT_YET_VALID, "token is not valid yet")
    return moment


def _start(nbf: float | None, iat: float | None, now: float) -> float:
    """Where a lifetime is measured from. An `iat` ahead of our clock must not stretch it."""
    if nbf is not None:
        return nbf
    return now + LEEWAY if iat is None else min(iat, now + LEEWAY)


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _moment(seconds: object) -> datetime | None:
    if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds < 0:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _connection_expiry(payload: Mapping[str, Any], now: float, token_expiry: datetime) -> datetime | None:
    """Centrifuge protocol: `expire_at` decides when the connection expires; 0 = never."""
    expire_at = payload.get("expire_at")
    if expire_at is None:
        return token_expiry
    moment = _moment(expire_at)
    if moment is None:
        raise TokenError(TokenCode.INVALID, "token's expire_at is not a time in whole seconds")
    if expire_at == 0:
        return None
    if now >= expire_at + LEEWAY:
        raise TokenError(TokenCode.EXPIRED, "token's connection expired")
    return moment


def _grants(payload: Mapping[str, Any]) -> tuple[Identity, Mapping[str, Any]]:
    """The identity and the chat grant; `ip_messaging` is what older libraries call it."""
    grants = payload.get("grants")
    if not isinstance(grants, dict):
        raise TokenError(TokenCode.GRANTS_INVALID, "token has no grants")
    chat = grants.get("chat")
    if chat is None:
        chat = grants.get("ip_messaging")
    identity = _identity(grants.get("identity"))
    if not isinstance(chat, dict):
        raise TokenError(TokenCode.GRANTS_INVALID, "token has no chat grant")
    return identity, chat


def _identity(value: object) -> Identity:
    if not isinstance(value, str):
        raise TokenError(TokenCode.GRANTS_INVALID, "token has no identity")
    try:
        return Identity(limits.identity(value))
    except ChatError as error:
        raise TokenError(TokenCode.GRANTS_INVALID, error.message) from None


def _service(value: object) -> ServiceSid:
    if not isinstance(value, str) or not is_sid("IS", value):
        raise TokenError(TokenCode.GRANTS_INVALID, "token names no service")
    return ServiceSid(value)


def _audience(value: object) -> object:
    """RFC 7519 section 4.1.3: an array, or in the special case of one audience a string."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _text(chat: Mapping[str, Any], name: str) -> str | None:
    value = chat.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise TokenError(TokenCode.INVALID, f"token's {name} is not a string")
    try:
        return limits.clean(name, value)
    except ChatError as error:
        raise TokenError(TokenCode.INVALID, error.message) from None


def _info(payload: Mapping[str, Any]) -> bytes | None:
    if "b64info" in payload:
        raise TokenError(TokenCode.INVALID, "b64info is not supported: put JSON into info")
    info = payload.get("info")
    if info is None:
        return None
    try:
        return json.dumps(info, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except (ValueError, RecursionError):  # a lone surrogate; 1e999, which reads as infinity
        raise TokenError(TokenCode.INVALID, "token's info is not valid JSON") from None


def mint(
    *,
    account_sid: AccountSid,
    key_sid: KeySid,
    secret: str,
    service_sid: ServiceSid,
    identity: str,
    now: datetime,
    ttl: int = 3600,
    endpoint_id: str | None = None,
    deployment_role_sid: str | None = None,
    push_credential_sid: str | None = None,
) -> str:
    """An access token in the shape of the Twilio helper libraries; unset members are left out. `ttl` in seconds."""
    issued = int(now.timestamp())
    chat = {
        "service_sid": service_sid,
        "endpoint_id": endpoint_id,
        "deployment_role_sid": deployment_role_sid,
        "push_credential_sid": push_credential_sid,
    }
    payload = {
        "jti": f"{key_sid}-{issued}",
        "iss": key_sid,
        "sub": account_sid,
        "nbf": issued,
        "exp": issued + ttl,
        "grants": {"identity": identity, "chat": {name: value for name, value in chat.items() if value}},
    }
    return jwt.encode(payload, secret, algorithm="HS256", headers={"cty": CONTENT_TYPE})
