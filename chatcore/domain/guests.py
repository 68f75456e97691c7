"""Participants without identity: reached by an address through a messaging gateway, they never log in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .ids import ChannelSid, MemberSid, ReceiptSid, RoleSid, ServiceSid


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagingBinding:
    """`type` follows from the address: sms, whatsapp, messenger, email."""

    type: str
    address: str
    proxy_address: str | None = None
    projected_address: str | None = None
    name: str | None = None
    level: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A participant of a conversation that is a messaging address; shares SIDs and roster positions with members."""

    sid: MemberSid
    channel_sid: ChannelSid
    service_sid: ServiceSid
    binding: MessagingBinding
    role_sid: RoleSid | None
    attributes: str
    last_read_message_index: int | None
    last_read_timestamp: datetime | None
    date_created: datetime
    date_updated: datetime
    rev: int
    roster_created: int
    roster_position: int


class DeliveryStatus(StrEnum):
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNDELIVERED = "undelivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReceipt:
    """What the messaging gateway said of one message and one guest. `error_code` 0: none."""

    sid: ReceiptSid
    service_sid: ServiceSid
    channel_sid: ChannelSid
    message_sid: str
    participant_sid: MemberSid
    channel_message_sid: str | None
    status: DeliveryStatus
    error_code: int
    date_created: datetime
    date_updated: datetime
