"""Twilsock frames as bytes, and the one that tells clients something they did not ask for."""

from __future__ import annotations

import uuid
from enum import StrEnum

import msgspec

from gateway.sockets.frames import frame


class MessageType(StrEnum):
    """Notifications this server sends; clients register for each type."""

    SYNC_EVENT = "twilio.sync.event"
    TYPING = "twilio.ipmsg.typing_indicator"


class _Header(msgspec.Struct):
    method: str
    id: str
    message_type: str
    payload_size: int
    payload_type: str


def pack(header: bytes, payload: bytes = b"") -> bytes:
    """One Twilsock frame; sizes count bytes. The header is JSON text that already tells `payload_size`."""
    return b"TWILSOCK V3.0 %d\r\n%b\r\n%b" % (len(header), header, payload)


def fresh_id() -> str:
    """Ids of frames must be unique per connection; the same one may go to many."""
    return f"TM{uuid.uuid4().hex}"


def notification(message_type: str, payload: bytes) -> bytes:
    """A Twilsock frame around JSON text."""
    header = _Header(
        method="notification",
        id=fresh_id(),
        message_type=message_type,
        payload_size=len(payload),
        payload_type="application/json",
    )
    return pack(msgspec.json.encode(header), payload)


def notification_frame(message_type: str, payload: bytes) -> bytes:
    """The same as a whole WebSocket frame, built once for any number of connections."""
    return frame(notification(message_type, payload), False)
