"""When a push that was not accepted is sent again, and when it is given up. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from chatcore.domain.devices import PushType

from .providers.outcomes import CredentialBad, TryLater

ATTEMPTS: Final = 12
UNSURE: Final = 2
"""Further attempts of a push that may have arrived."""
FIRST_UNSURE: Final = 5.0
LEAST: Final = 1.0
MOST: Final = 3600.0
HELD: Final = 10.0
"""Seconds a push waits that was held back for an unknown time."""

_BACK_OFF: Final = {PushType.APN: (2.0, 600.0), PushType.FCM: (10.0, 3600.0), PushType.GCM: (10.0, 3600.0)}
"""First delay and longest."""

HOPELESS: Final = frozenset({"legacy_key"})
"""What makes a credential useless for good."""


def delay(
    outcome: TryLater | CredentialBad,
    kind: PushType,
    *,
    attempts: int,
    unsure: int,
    dice: Callable[[float, float], float] = random.uniform,
) -> float | None:
    """Seconds until the next attempt; None gives up. `attempts` and `unsure` (those that may have arrived) include the
    one that ended so."""
    if outcome.reason in HOPELESS:
        return None
    least = min(MOST, max(LEAST, outcome.after)) if outcome.after is not None else None
    if isinstance(outcome, CredentialBad) or not outcome.counts:
        return least if least is not None else HELD
    if attempts >= ATTEMPTS:
        return None
    if outcome.maybe_sent:
        if unsure > UNSURE:
            return None
        if unsure == 1:
            return max(FIRST_UNSURE, least or 0.0)
    first, longest = _BACK_OFF[kind]
    backed_off = min(longest, first * 2.0 ** (attempts - 1)) * dice(0.5, 1.5)
    return max(backed_off, least or 0.0)
