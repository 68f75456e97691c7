"""Outgoing frames. A server never masks (RFC 6455 section 5.1), so one frame serves every reader of an encoding."""

from __future__ import annotations

import struct
from typing import Final

_TEXT: Final = 0x81
_BINARY: Final = 0x82

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


def is_ping(data: bytes) -> bool:
    """Whether a frame is an RFC 6455 ping, which the client answers with an RFC 6455 pong."""
    return data[:1] == PING_FRAME[:1]
