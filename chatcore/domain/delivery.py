"""How far a message has come on its way to the participants without identity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .guests import DeliveryStatus


class Amount(StrEnum):
    """Of the participants that a message has to reach."""

    NONE = "none"
    SOME = "some"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Whoever has read a message counts as one that got it, and to whom it was sent."""

    total: int
    sent: Amount
    delivered: Amount
    read: Amount
    failed: Amount
    undelivered: Amount


_IMPLIED: Final = {
    DeliveryStatus.SENT: (DeliveryStatus.SENT, DeliveryStatus.DELIVERED, DeliveryStatus.READ),
    DeliveryStatus.DELIVERED: (DeliveryStatus.DELIVERED, DeliveryStatus.READ),
    DeliveryStatus.READ: (DeliveryStatus.READ,),
    DeliveryStatus.FAILED: (DeliveryStatus.FAILED,),
    DeliveryStatus.UNDELIVERED: (DeliveryStatus.UNDELIVERED,),
}


def summary(expected: int, statuses: Mapping[str, int]) -> Delivery:
    """`expected`: how many are to get the message. `statuses`: how many receipts have which status; some may be of
    participants that have left."""
    total = max(expected, sum(statuses.values()))

    def amount(status: DeliveryStatus) -> Amount:
        count = sum(statuses.get(implying, 0) for implying in _IMPLIED[status])
        return Amount.NONE if not count else Amount.ALL if count >= total else Amount.SOME

    return Delivery(
        total=total,
        sent=amount(DeliveryStatus.SENT),
        delivered=amount(DeliveryStatus.DELIVERED),
        read=amount(DeliveryStatus.READ),
        failed=amount(DeliveryStatus.FAILED),
        undelivered=amount(DeliveryStatus.UNDELIVERED),
    )
