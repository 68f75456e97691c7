"""Participants without identity as rows, and what is known of deliveries to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from chatcore.domain.guests import DeliveryReceipt, DeliveryStatus, Guest, MessagingBinding
from chatcore.domain.ids import ChannelSid
from chatcore.domain.paging import Cursor, Page, Window

from . import pages
from .queries import load
from .session import Row, Session

_SQL = load("guests")
_RECEIPTS = load("receipts")


def guest_from(row: Row, prefix: str = "") -> Guest:
    """From columns whose names start with `prefix`."""
    binding = MessagingBinding(
        type=row[f"{prefix}type"],
        address=row[f"{prefix}address"],
        proxy_address=row[f"{prefix}proxy_address"],
        projected_address=row[f"{prefix}projected_address"],
        name=row[f"{prefix}name"],
        level=row[f"{prefix}level"],
    )
    return Guest(
        binding=binding,
        sid=row[f"{prefix}sid"],
        service_sid=row[f"{prefix}service_sid"],
        channel_sid=row[f"{prefix}channel_sid"],
        role_sid=row[f"{prefix}role_sid"],
        attributes=row[f"{prefix}attributes"],
        last_read_message_index=row[f"{prefix}last_read_message_index"],
        last_read_timestamp=row[f"{prefix}last_read_timestamp"],
        date_created=row[f"{prefix}date_created"],
        date_updated=row[f"{prefix}date_updated"],
        rev=row[f"{prefix}rev"],
        roster_created=row[f"{prefix}roster_created"],
        roster_position=row[f"{prefix}roster_position"],
    )


class Guests:
    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def insert(self, guest: Guest) -> None:
        await self._session.run(
            _SQL["insert"],
            guest.sid,
            guest.service_sid,
            guest.channel_sid,
            guest.binding.type,
            guest.binding.address,
            guest.binding.proxy_address,
            guest.binding.projected_address,
            guest.binding.name,
            guest.binding.level,
            guest.role_sid,
            guest.attributes,
            guest.last_read_message_index,
            guest.last_read_timestamp,
            guest.date_created,
            guest.date_updated,
            guest.rev,
            guest.roster_created,
            guest.roster_position,
        )

    async def get(self, channel_sid: ChannelSid, sid: str) -> Guest | None:
        row = await self._session.row(_SQL["by_sid"], channel_sid, sid)
        return guest_from(row) if row is not None else None

    async def all_of(self, channel_sid: ChannelSid) -> Sequence[Guest]:
        return [guest_from(row) for row in await self._session.rows(_SQL["of_channel"], channel_sid)]

    async def of_channels(self, sids: Sequence[ChannelSid]) -> Mapping[ChannelSid, Sequence[Guest]]:
        found: dict[ChannelSid, list[Guest]] = {}
        for row in await self._session.rows(_SQL["of_channels"], sids):
            found.setdefault(row["channel_sid"], []).append(guest_from(row))
        return found

    async def update(self, guest: Guest) -> None:
        await self._session.run(
            _SQL["update"],
            guest.sid,
            guest.binding.proxy_address,
            guest.binding.projected_address,
            guest.role_sid,
            guest.attributes,
            guest.last_read_message_index,
            guest.last_read_timestamp,
            guest.date_created,
            guest.date_updated,
            guest.rev,
            guest.roster_position,
        )

    async def release(self, channel_sid: ChannelSid) -> None:
        await self._session.run(_SQL["release"], channel_sid)

    async def delete(self, sid: str) -> None:
        await self._session.run(_SQL["delete"], sid)


def receipt_from(row: Row) -> DeliveryReceipt:
    return DeliveryReceipt(
        sid=row["sid"],
        service_sid=row["service_sid"],
        channel_sid=row["channel_sid"],
        message_sid=row["message_sid"],
        participant_sid=row["participant_sid"],
        channel_message_sid=row["channel_message_sid"],
        status=DeliveryStatus(row["status"]),
        error_code=row["error_code"],
        date_created=row["date_created"],
        date_updated=row["date_updated"],
    )


def _receipt_cursor(receipt: DeliveryReceipt) -> Cursor:
    return receipt.date_created, receipt.sid


class Receipts:
    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def put(self, receipt: DeliveryReceipt) -> DeliveryReceipt:
        row = await self._session.row(
            _RECEIPTS["put"],
            receipt.sid,
            receipt.service_sid,
            receipt.channel_sid,
            receipt.message_sid,
            receipt.participant_sid,
            receipt.channel_message_sid,
            receipt.status.value,
            receipt.error_code,
            receipt.date_created,
            receipt.date_updated,
        )
        assert row is not None, "an upsert answers"
        return receipt_from(row)

    async def get(self, message_sid: str, sid: str) -> DeliveryReceipt | None:
        row = await self._session.row(_RECEIPTS["by_sid"], message_sid, sid)
        return receipt_from(row) if row is not None else None

    async def list(self, message_sid: str, window: Window) -> Page[DeliveryReceipt]:
        after = partial(self._session.rows, _RECEIPTS["list_after"], message_sid)
        before = partial(self._session.rows, _RECEIPTS["list_before"], message_sid)
        return await pages.read(window, after, before, receipt_from, _receipt_cursor)

    async def statuses(self, message_sids: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for row in await self._session.rows(_RECEIPTS["statuses"], message_sids):
            found.setdefault(row["message_sid"], {})[row["status"]] = row["count"]
        return found
