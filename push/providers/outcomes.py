"""What a provider made of one push. `status` is that of its HTTP answer, where there was one: for the log, not for
decisions, so outcomes that differ in nothing else are equal."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Scope(StrEnum):
    """What has to wait."""

    PUSH = "push"
    DEVICE = "device"
    CREDENTIAL = "credential"


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took it."""

    status: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenGone:
    """The address is no longer to be used; it was dead at `since` already. A `doubtful` answer also follows from a
    wrong environment, topic or project of ours: many of them speak against the credential."""

    reason: str
    since: datetime | None = None
    doubtful: bool = False
    status: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TryLater:
    """Not now, and not before `after` seconds where given. `maybe_sent`: the device may have it all the same. What does
    not `count` was held back by a limit of ours or of the credential and is no attempt."""

    reason: str
    after: float | None = None
    scope: Scope = Scope.PUSH
    maybe_sent: bool = False
    counts: bool = True
    status: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class CredentialBad:
    """Nothing sent with this credential can succeed now; where given, the next attempt is due after so many seconds."""

    reason: str
    after: float | None = None
    status: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """This push can never succeed; the device may be fine."""

    reason: str
    status: int | None = field(default=None, compare=False)


Outcome = Sent | TokenGone | TryLater | CredentialBad | Rejected
