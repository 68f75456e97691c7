"""What an answer of FCM means: its error details count, not its status."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from .exchange import Answer
from .outcomes import CredentialBad, Outcome, Rejected, Scope, Sent, TokenGone, TryLater
from .retry_after import seconds

QUOTA: Final = 60.0
UNAVAILABLE: Final = 10.0

_FCM_ERROR: Final = "google.firebase.fcm.v1.FcmError"
_BAD_REQUEST: Final = "google.rpc.BadRequest"


class Unauthorized:
    """The access token was refused."""


class _Accepted(msgspec.Struct):
    name: str


class _Error(msgspec.Struct):
    message: str = ""
    status: str = ""
    details: list[Any] = []  # Any: members of many kinds, and of kinds to come


class _Refused(msgspec.Struct):
    error: _Error


_accepted = msgspec.json.Decoder(_Accepted)
_refused = msgspec.json.Decoder(_Refused)


def outcome(answer: Answer, now: datetime) -> Outcome | Unauthorized:
    status = answer.status
    if status == 200:
        try:
            _accepted.decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return TryLater(reason="200 unreadable", after=UNAVAILABLE, maybe_sent=True, status=status)
        return Sent(status=status)
    try:
        error = _refused.decode(answer.body).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        error = _Error()
    code, fields = _code(error), _fields(error)
    wait = seconds(answer.headers, now)
    if code == "UNREGISTERED":
        return TokenGone(reason=code, status=status)
    if code == "SENDER_ID_MISMATCH":
        return TokenGone(reason=code, doubtful=True, status=status)
    if code == "INVALID_ARGUMENT":
        if "registration token" in error.message.lower() or fields == ["message.token"]:
            return TokenGone(reason=code, doubtful=True, status=status)
        return Rejected(_why(code, fields), status=status)
    if code == "THIRD_PARTY_AUTH_ERROR":
        return CredentialBad(code, status=status)
    if code == "QUOTA_EXCEEDED" or (code is None and status == 429):
        why = code or f"429 {error.status}".rstrip()
        return TryLater(reason=why, after=wait or QUOTA, scope=Scope.CREDENTIAL, counts=False, status=status)
    if code in ("UNAVAILABLE", "INTERNAL", "UNSPECIFIED_ERROR") or status >= 500:
        return TryLater(reason=code or str(status), after=wait or UNAVAILABLE, status=status)
    if code is None and status in (403, 404):
        return CredentialBad(f"{status} {error.status}".rstrip(), status=status)
    if code is None and status == 401:
        return Unauthorized()
    return Rejected(_why(code or f"{status} {error.status}".rstrip(), fields), status=status)


def _why(code: str, fields: list[str]) -> str:
    return f"{code}: {', '.join(fields)}" if fields else code


def _code(error: _Error) -> str | None:
    for detail in error.details:
        if isinstance(detail, dict) and str(detail.get("@type", "")).endswith(_FCM_ERROR):
            return str(detail.get("errorCode", "UNSPECIFIED_ERROR"))[:100]
    return None


def _fields(error: _Error) -> list[str]:
    """Names only: what is said about them may quote what was sent."""
    violations = [
        violation
        for detail in error.details
        if isinstance(detail, dict) and str(detail.get("@type", "")).endswith(_BAD_REQUEST)
        for violation in _list(detail.get("fieldViolations"))
    ]
    return [str(violation.get("field"))[:100] for violation in violations[:5] if isinstance(violation, dict)]


def _list(value: object) -> list[Any]:  # Any: JSON
    return value if isinstance(value, list) else []
