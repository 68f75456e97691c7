"""Outgoing frames. A server never masks (RFC 6455 section 5.1), so one frame serves every reader of an encoding."""

from __future__ import annotations

import struct
from typing import Final

from websockets.frames import apply_mask  # type: ignore[attr-defined]  # in C where that was built

_TEXT: Final = 0x81
_BINARY: Final = 0x82

_WHOLE: Final = (_TEXT, _BINARY)
_MASKED: Final = 0x80
_SIXTEEN_BITS: Final = 126  # in place of the length: it follows
_SMALLEST: Final = 6

PING_FRAME: Final = b"\x89\x00"
"""RFC 6455 ping without payload, for protocols that have no ping of their own."""


def frame(payload: bytes, text: bool) -> bytes:
    """One whole, unfragmented and uncompressed data frame."""
    head = _TEXT if text else _BINARY
    size = len(payload)
    if size < 126:
        return bytes((head, size)) + payload
    if size < 65536:
        return struct.pack("!BBH", head, 126, size) + payload
    return struct.pack("!BBQ", head, 127, size) + payload


def whole_message(data: bytes, limit: int) -> bytes | None:
    """The payload, where `data` is exactly one masked data frame that is a whole message of at most `limit` (65,535 at
    most) bytes: nearly always. Anything else, None, is for the library to understand."""
    size = len(data)
    if size < _SMALLEST or data[0] not in _WHOLE:
        return None
    length = data[1] - _MASKED
    start = 6
    if length == _SIXTEEN_BITS and size > _SMALLEST + 2:
        length = data[2] << 8 | data[3]
        start = 8
    if length != size - start or length > limit:
        return None
    return apply_mask(data[start:], data[start - 4 : start])


def frame_size(payload: int) -> int:
    """Bytes of a masked frame with a payload of that many."""
    return payload + (6 if payload < _SIXTEEN_BITS else 8 if payload < 65536 else 14)


def is_ping(data: bytes) -> bool:
    """Whether a frame is an RFC 6455 ping, which the client answers with an RFC 6455 pong."""
    return data[:1] == PING_FRAME[:1]
