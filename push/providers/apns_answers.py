"""What an answer of APNs means."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Final

import msgspec
from aioapns.common import NotificationResult

from .exchange import Answer
from .outcomes import CredentialBad, Outcome, Rejected, Scope, Sent, TokenGone, TryLater
from .retry_after import seconds

BUSY_DEVICE: Final = 10.0
BUSY_CREDENTIAL: Final = 60.0

_CREDENTIAL: Final = frozenset(
    {
        "MissingTopic",
        "TopicDisallowed",
        "BadTopic",
        "BadCertificate",
        "BadCertificateEnvironment",
        "InvalidProviderToken",
        "MissingProviderToken",
        "Forbidden",
        "UnrelatedKeyIdInToken",
        "BadEnvironmentKeyIdInToken",
    }
)
_DEVICE: Final = frozenset({"BadDeviceToken", "DeviceTokenNotForTopic"})
_GONE: Final = frozenset({"Unregistered", "ExpiredToken"})
OUR_BUGS: Final = frozenset(
    {
        "PayloadTooLarge",
        "PayloadEmpty",
        "BadCollapseId",
        "BadExpirationDate",
        "BadMessageId",
        "BadPriority",
        "DuplicateHeaders",
        "InvalidPushType",
        "MissingDeviceToken",
        "BadPath",
        "MethodNotAllowed",
    }
)


class Special(Enum):
    """What only the sender can act on."""

    EXPIRED_TOKEN = auto()


class _Said(msgspec.Struct):
    reason: str = ""
    timestamp: float | None = None


_said = msgspec.json.Decoder(_Said)


def result(answer: Answer) -> NotificationResult:
    """Whatever the body is."""
    try:
        said = _said.decode(answer.body) if answer.body else _Said()
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = _Said()
    timestamp = None if said.timestamp is None else int(said.timestamp)
    return NotificationResult("", str(answer.status), said.reason[:100] or None, timestamp)


def goes_elsewhere(answer: Answer) -> bool:
    """The server leaves and has not acted on the push."""
    if answer.status not in (400, 503):
        return False
    reason = result(answer).description
    return (answer.status, reason) in ((503, "Shutdown"), (400, "IdleTimeout"))


def outcome(answer: Answer, now: datetime) -> Outcome | Special:
    if answer.status == 200:
        return Sent(status=200)
    found = result(answer)
    status, reason = answer.status, found.description or ""
    why = f"{status} {reason}".rstrip()
    if status == 410 and reason in _GONE:
        return TokenGone(reason=reason, since=_moment(found.timestamp), status=status)
    if status == 400 and reason in _DEVICE:
        return TokenGone(reason=reason, doubtful=True, status=status)
    if status == 403 and reason == "ExpiredProviderToken":
        return Special.EXPIRED_TOKEN
    if status in (400, 403) and reason in _CREDENTIAL:
        return CredentialBad(reason, status=status)
    if status == 429:
        return _too_many(reason, why, answer.headers, now)
    if status >= 500:
        return TryLater(reason=why, after=seconds(answer.headers, now), status=status)
    return Rejected(why, status=status)


def _too_many(reason: str, why: str, headers: Mapping[bytes, bytes], now: datetime) -> Outcome:
    if reason == "TooManyRequests":
        return TryLater(reason=why, after=seconds(headers, now) or BUSY_DEVICE, scope=Scope.DEVICE, status=429)
    if reason == "TooManyProviderTokenUpdates":
        return TryLater(reason=why, after=BUSY_CREDENTIAL, scope=Scope.CREDENTIAL, counts=False, status=429)
    return Rejected(why, status=429)


def _moment(milliseconds: int | None) -> datetime | None:
    if milliseconds is None:
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
