"""Bytes ↔ messages. One Twilsock frame is one WebSocket message:

TWILSOCK V3.0 <N>\\r\\n<header: N bytes of JSON>\\r\\n<payload: payload_size bytes>
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar, assert_never

import msgspec

from gateway.sdkhttp.notification import fresh_id, pack

from .messages import (
    OK,
    Close,
    Closing,
    DeleteContext,
    HttpReply,
    Ignored,
    Incoming,
    Init,
    InitReply,
    Message,
    Outgoing,
    PutContext,
    Reply,
    Status,
    TokenAboutToExpire,
    Update,
    words,
)

FRAME_MAX: Final = 1024 * 1024
"""Bytes of one frame from a client."""

_PREAMBLE: Final = b"TWILSOCK V3.0 "
_DIGITS: Final = len(str(FRAME_MAX))
_END: Final = b"\r\n"
_ACKNOWLEDGEMENT: Final = b'"method":"reply"'
"""As all SDKs write it. They acknowledge every notification, so that must cost no parsing."""

T = TypeVar("T")


class BadFrame(Exception):
    """Not a frame: there is nothing to answer to. The text quotes nothing the client sent."""


class BadMessage(Exception):
    """A frame whose content cannot be understood; `frame_id` is whose."""

    def __init__(self, frame_id: str, reason: str) -> None:
        super().__init__(reason)
        self.frame_id = frame_id
        self.reason = reason


class _Head(msgspec.Struct):
    method: str
    id: str | None = None
    payload_size: int | None = None


class _ContextTypes(msgspec.Struct):
    message_types: list[str] = []


def split(data: bytes) -> tuple[bytes, bytes]:
    """Header and everything behind it. Raises BadFrame."""
    if not data.startswith(_PREAMBLE):
        raise BadFrame("frame does not begin like one")
    start = len(_PREAMBLE)
    end = data.find(_END, start, start + _DIGITS + len(_END))
    digits = data[start:end] if end > start else b""
    if not digits.isdigit():
        raise BadFrame("header size is not a number")
    begin, size = end + len(_END), int(digits)
    if data[begin + size : begin + size + len(_END)] != _END:
        raise BadFrame("header does not end where it says")
    return data[begin : begin + size], data[begin + size + len(_END) :]


def decode(data: bytes) -> Incoming:
    """Raises BadFrame and BadMessage."""
    header, rest = split(data)
    if _ACKNOWLEDGEMENT in header:
        return Ignored()
    try:
        head = msgspec.json.decode(header, type=_Head)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise BadFrame("header is not the JSON object it must be") from None
    # Without a size there is no payload, whatever follows: so do the SDKs.
    size = head.payload_size or 0
    if not 0 <= size <= len(rest):
        raise BadFrame("payload size is wrong")
    match head.method:
        case "reply" | "telemetry.v1":
            return Ignored()
        case "close":
            return Closing()
    if head.id is None:
        raise BadFrame("frame has no id")
    return _asking(head.method, head.id, header, rest[:size])


def _asking(method: str, frame_id: str, header: bytes, payload: bytes) -> Incoming:
    match method:
        case "message":
            message = _read(Message, frame_id, header)
            message.payload = payload
            return message
        case "init":
            return _read(Init, frame_id, header)
        case "update":
            return _read(Update, frame_id, header)
        case "put_notification_ctx":
            context = _read(PutContext, frame_id, header)
            context.message_types = _read(_ContextTypes, frame_id, payload or b"{}").message_types
            return context
        case "delete_notification_ctx":
            return _read(DeleteContext, frame_id, header)
    raise BadMessage(frame_id, "method is unknown")


def _read(kind: type[T], frame_id: str, text: bytes) -> T:
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError as error:
        raise BadMessage(frame_id, str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadMessage(frame_id, "content is not valid JSON") from None


class _HttpStatus(msgspec.Struct):
    code: int
    status: str


class _Header(msgspec.Struct, omit_defaults=True):
    """Of every frame the server sends, in the order in which members are written."""

    method: str
    id: str
    status: Status | None = None
    client_update_type: str | None = None
    continuation_token: str | None = None
    continuation_token_status: Mapping[str, Any] | None = None  # fixed text
    capabilities: tuple[str, ...] | None = None
    init_registrations: list[Mapping[str, str]] | None = None
    http_status: _HttpStatus | None = None
    http_headers: Mapping[str, str] | None = None
    payload_type: str | None = None
    payload_size: int = -1  # never that: always written


_JSON = "application/json"
_REISSUED: Mapping[str, Any] = {"reissued": True, "reissue_message": ""}


def encode(message: Outgoing) -> bytes:
    """A Twilsock frame."""
    payload = b""
    if isinstance(message, HttpReply):
        payload = message.payload
        header = _Header(
            method="reply",
            id=message.id,
            status=OK,
            http_status=_HttpStatus(message.code, words(message.code)),
            http_headers={"Content-Type": _JSON, **message.headers},
        )
    elif isinstance(message, Reply):
        payload = message.payload
        header = _Header(method="reply", id=message.id, status=message.status)
    elif isinstance(message, InitReply):
        header = _Header(
            method="reply",
            id=message.id,
            status=OK,
            continuation_token=message.continuation_token,
            continuation_token_status=_REISSUED,
            # No telemetry.v1: clients would send some. No offline_storage: browsers would resume from stale roots.
            capabilities=("client_update",),
            init_registrations=[{"product": product, "status": "registered"} for product in message.registered],
        )
    elif isinstance(message, TokenAboutToExpire):
        header = _Header(method="client_update", id=fresh_id(), client_update_type="token_about_to_expire")
    elif isinstance(message, Close):
        header = _Header(method="close", id=fresh_id(), status=message.status)
        if message.reconnect_min_ms is not None:
            payload = backoff(message.reconnect_min_ms)
    else:
        assert_never(message)
    header.payload_size = len(payload)
    if payload:
        header.payload_type = _JSON
    return pack(msgspec.json.encode(header), payload)


def backoff(reconnect_min_ms: int) -> bytes:
    """Payload that sets when the client comes back."""
    return b'{"backoff_policy":{"reconnect_min_ms":%d}}' % reconnect_min_ms
