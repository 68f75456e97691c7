"""Summaries of receipts."""

from __future__ import annotations

import pytest

from chatcore.domain.delivery import Amount, Delivery, summary

CASES: list[tuple[int, dict[str, int], tuple[str, ...]]] = [
    (2, {}, ("none", "none", "none", "none", "none")),
    (2, {"sent": 1}, ("some", "none", "none", "none", "none")),
    (2, {"sent": 1, "read": 1}, ("all", "some", "some", "none", "none")),
    (2, {"read": 2}, ("all", "all", "all", "none", "none")),
    (2, {"delivered": 1, "failed": 1}, ("some", "some", "none", "some", "none")),
    (1, {"undelivered": 1}, ("none", "none", "none", "none", "all")),
    (0, {}, ("none", "none", "none", "none", "none")),
]


@pytest.mark.parametrize(("expected", "statuses", "amounts"), CASES)
def test_amounts(expected: int, statuses: dict[str, int], amounts: tuple[str, ...]) -> None:
    sent, delivered, read, failed, undelivered = (Amount(amount) for amount in amounts)
    assert summary(expected, statuses) == Delivery(
        total=expected, sent=sent, delivered=delivered, read=read, failed=failed, undelivered=undelivered
    )


def test_receipts_of_who_has_left_still_count() -> None:
    assert summary(0, {"delivered": 2}).total == 2
    assert summary(1, {"delivered": 2}).delivered is Amount.ALL
