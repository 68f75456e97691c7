"""Participants without identity, as the database keeps them, and what is known of deliveries to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from chatcore.domain.guests import DeliveryReceipt, Guest
from chatcore.domain.ids import ChannelSid
from chatcore.domain.paging import Page, Window


class Guests(Protocol):
    async def insert(self, guest: Guest) -> None:
        """Raises ChatError(GUEST_PAIR_TAKEN)."""
        ...

    async def get(self, channel_sid: ChannelSid, sid: str) -> Guest | None: ...

    async def all_of(self, channel_sid: ChannelSid) -> Sequence[Guest]:
        """By date of joining."""
        ...

    async def of_channels(self, sids: Sequence[ChannelSid]) -> Mapping[ChannelSid, Sequence[Guest]]:
        """By date of joining; channels without guests are left out."""
        ...

    async def update(self, guest: Guest) -> None:
        """Raises ChatError(GUEST_PAIR_TAKEN)."""
        ...

    async def delete(self, sid: str) -> None: ...

    async def release(self, channel_sid: ChannelSid) -> None:
        """The conversation is closed: its pairs of addresses may be used by another one."""
        ...


class Receipts(Protocol):
    async def put(self, receipt: DeliveryReceipt) -> DeliveryReceipt:
        """One for each message and guest: a second one replaces status, error code and date of update."""
        ...

    async def get(self, message_sid: str, sid: str) -> DeliveryReceipt | None: ...

    async def list(self, message_sid: str, window: Window) -> Page[DeliveryReceipt]: ...

    async def statuses(self, message_sids: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """For each message how many receipts have which status."""
        ...
