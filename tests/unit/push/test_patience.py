from __future__ import annotations

from typing import Any

import pytest

from chatcore.domain.devices import PushType
from push import patience
from push.providers.outcomes import CredentialBad, TryLater


def even(low: float, high: float) -> float:
    return (low + high) / 2


def delay(kind: PushType = PushType.APN, *, attempts: int = 1, unsure: int = 0, **fields: Any) -> float | None:
    # Any: fields of TryLater
    outcome = TryLater(reason="503", **fields)
    return patience.delay(outcome, kind, attempts=attempts, unsure=unsure, dice=even)


@pytest.mark.parametrize(
    ("kind", "delays"),
    [(PushType.APN, [2, 4, 8, 600]), (PushType.FCM, [10, 20, 40, 3600]), (PushType.GCM, [10, 20, 40, 3600])],
)
def test_delays_double_up_to_a_cap(kind: PushType, delays: list[float]) -> None:
    assert [delay(kind, attempts=attempts) for attempts in (1, 2, 3, 11)] == delays


def test_the_twelfth_attempt_is_the_last() -> None:
    assert delay(attempts=11) is not None
    assert delay(attempts=12) is None


def test_the_providers_wish_is_a_lower_bound_within_reason() -> None:
    assert delay(after=30.0) == 30
    assert delay(attempts=6, after=30.0) == 64
    assert delay(after=-5.0) == 2
    assert delay(after=1e9) == 3600


def test_dice_spread_the_delays() -> None:
    found = {patience.delay(TryLater(reason="x"), PushType.APN, attempts=1, unsure=0) for _ in range(20)}
    assert len(found) > 1
    assert all(found_one is not None and 1 <= found_one <= 3 for found_one in found)


def test_what_may_have_arrived_waits_five_seconds_and_has_two_more_attempts() -> None:
    assert delay(unsure=1, maybe_sent=True) == 5
    assert delay(attempts=2, unsure=2, maybe_sent=True) == 4
    assert delay(attempts=3, unsure=3, maybe_sent=True) is None


def test_what_does_not_count_waits_as_long_as_it_is_told() -> None:
    assert delay(attempts=0, counts=False, after=7.0) == 7
    assert delay(attempts=50, counts=False) == patience.HELD


def test_bad_credentials() -> None:
    assert patience.delay(CredentialBad("expired", 30.0), PushType.APN, attempts=0, unsure=0) == 30
    assert patience.delay(CredentialBad("legacy_key", 30.0), PushType.FCM, attempts=0, unsure=0) is None
