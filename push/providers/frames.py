"""HTTP/2 frames as bytes (RFC 9113, section 4 and 6)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

DATA, HEADERS, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 5, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
TABLE_SIZE, ENABLE_PUSH, MAX_STREAMS, INITIAL_WINDOW, MAX_FRAME = 1, 2, 3, 4, 5
NO_ERROR, PROTOCOL_ERROR, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR = 0, 1, 3, 6
REFUSED_STREAM, CANCEL, COMPRESSION_ERROR = 7, 8, 9

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
LARGEST: Final = 2**31 - 1
"""Stream, and window."""
FRAME: Final = 16384
"""The longest payload that we take, and send until told otherwise."""
BLOCK: Final = 64 * 1024
"""The longest header block that we take."""

_HEAD = struct.Struct("!HBBBI")
_WORD = struct.Struct("!I")
SETTING = struct.Struct("!HI")


class PeerError(Exception):
    """The peer broke the protocol; `code` tells it how."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    length = len(payload)
    return _HEAD.pack(length >> 8, length & 255, kind, flags, stream) + payload


def headers(stream: int, flags: int, block: bytes, longest: int) -> bytes:
    """One HEADERS frame, and as many CONTINUATIONs as it takes."""
    if len(block) <= longest:
        return frame(HEADERS, flags | END_HEADERS, stream, block)
    parts = [block[at : at + longest] for at in range(0, len(block), longest)]
    kinds = [HEADERS] + [CONTINUATION] * (len(parts) - 1)
    every = [flags] + [0] * (len(parts) - 1)
    every[-1] |= END_HEADERS
    return b"".join(frame(kind, bits, stream, part) for kind, bits, part in zip(kinds, every, parts, strict=True))


def word(value: int) -> bytes:
    return _WORD.pack(value)


def word_of(payload: bytes) -> int:
    """Of a frame that is nothing else."""
    if len(payload) != 4:
        raise PeerError(FRAME_SIZE_ERROR, "frame of another length")
    value: int = _WORD.unpack(payload)[0]
    return value


def last_and_code(payload: bytes) -> tuple[int, int]:
    """Of GOAWAY."""
    if len(payload) < 8:
        raise PeerError(FRAME_SIZE_ERROR, "GOAWAY too short")
    last, code = _WORD.unpack_from(payload)[0], _WORD.unpack_from(payload, 4)[0]
    return last & LARGEST, code


def settings(payload: bytes) -> list[tuple[int, int]]:
    if len(payload) % 6:
        raise PeerError(FRAME_SIZE_ERROR, "SETTINGS in pieces")
    return list(SETTING.iter_unpack(payload))


def unpadded(payload: bytes, flags: int) -> bytes:
    if not flags & PADDED:
        return payload
    if not payload or payload[0] >= len(payload):
        raise PeerError(PROTOCOL_ERROR, "more padding than frame")
    return payload[1 : len(payload) - payload[0]]


class FrameReader:
    """Bytes in, frames out: kind, flags, stream, payload. A header block comes whole and without padding, as one
    HEADERS frame."""

    def __init__(self) -> None:
        self._rest = b""
        self._block: tuple[int, int, bytearray] | None = None  # stream, flags, what there is of a header block

    def read(self, data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
        """Raises PeerError."""
        if self._rest:
            data = self._rest + data
        at, end = 0, len(data)
        while end - at >= 9:
            high, low, kind, flags, stream = _HEAD.unpack_from(data, at)
            length = high << 8 | low
            if length > FRAME:
                raise PeerError(FRAME_SIZE_ERROR, "frame too long")
            if end - at < 9 + length:
                break
            payload = data[at + 9 : at + 9 + length]
            at += 9 + length
            stream &= LARGEST
            if kind in (HEADERS, CONTINUATION) or self._block is not None:
                whole = self._headers(kind, flags, stream, payload)
                if whole is None:
                    continue
                flags, payload = whole
                kind = HEADERS
            yield kind, flags, stream, payload
        self._rest = data[at:]

    def _headers(self, kind: int, flags: int, stream: int, payload: bytes) -> tuple[int, bytes] | None:
        if self._block is None:
            if kind != HEADERS:
                raise PeerError(PROTOCOL_ERROR, "CONTINUATION of nothing")
            payload = unpadded(payload, flags)
            if flags & PRIORITY:
                payload = payload[5:]
            if flags & END_HEADERS:
                return flags, payload
            self._block = (stream, flags, bytearray(payload))
            return None
        begun, first, block = self._block
        if kind != CONTINUATION or stream != begun:
            raise PeerError(PROTOCOL_ERROR, "header block interrupted")
        block += payload
        if len(block) > BLOCK:
            raise PeerError(COMPRESSION_ERROR, "header block too long")
        if not flags & END_HEADERS:
            return None
        self._block = None
        return first, bytes(block)
