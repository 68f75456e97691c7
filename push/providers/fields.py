"""Header fields of requests, written for speed (RFC 7541 without Huffman coding).

Fields that all requests of a credential share go into the dynamic table once and cost a byte or two afterwards; what
differs with each request is a plain literal. Coding the same fields with a general encoder takes most of the time of a
push.
"""

from __future__ import annotations

from collections import deque
from functools import cache
from typing import Final, TypeAlias

Fields: TypeAlias = tuple[tuple[bytes, bytes], ...]

_STATIC_LENGTH: Final = 61
_STATIC: Final = {(b":method", b"POST"): 3, (b":scheme", b"https"): 7, (b":scheme", b"http"): 6}
_STATIC_NAMES: Final = {b":authority": 1, b":path": 4, b"authorization": 23, b"content-length": 28, b"content-type": 31}
DEFAULT_TABLE: Final = 4096
_LENGTHS: Final = [bytes((length,)) for length in range(127)]
_OVERHEAD: Final = 32  # RFC 7541, 4.1: what an entry counts beside its text


def number(value: int, bits: int, flags: int = 0) -> bytes:
    """An integer with a prefix of so many bits (RFC 7541, 5.1)."""
    most = (1 << bits) - 1
    if value < most:
        return bytes((flags | value,))
    out = bytearray((flags | most,))
    value -= most
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def text(value: bytes) -> bytes:
    return number(len(value), 7) + value


def literal(name: bytes, value: bytes) -> bytes:
    """A field that no table remembers."""
    length = len(value)
    return _begun(name) + (_LENGTHS[length] if length < 127 else number(length, 7)) + value


@cache
def _begun(name: bytes) -> bytes:
    index = _STATIC_NAMES.get(name)
    return number(index, 4) if index else b"\x00" + text(name)


class FieldWriter:
    """The sending half of one connection's header compression. Blocks must leave in the order of their making."""

    def __init__(self) -> None:
        self._limit = DEFAULT_TABLE
        self._size = 0
        self._inserted = 0  # ever
        self._entries: deque[tuple[bytes, bytes]] = deque()  # oldest first
        self._numbers: dict[tuple[bytes, bytes], int] = {}  # entry → how many had been inserted with it
        self._blocks: dict[Fields, bytes] = {}  # as long as no insertion moves the indices
        self._announce: list[int] = []

    def resize(self, limit: int) -> None:
        """What the peer's SETTINGS allow. More than the default is not made use of."""
        limit = min(limit, DEFAULT_TABLE)
        if limit == self._limit:
            return
        self._limit = limit
        self._announce = [*self._announce, limit][-2:] if limit >= min(self._announce, default=limit) else [limit]
        self._evict(0)

    def block(self, path: bytes, shared: Fields, own: Fields) -> bytes:
        """`shared` begins with its pseudo-fields; no table remembers `own`."""
        announced = b""
        if self._announce:
            announced = b"".join(number(limit, 5, 0x20) for limit in self._announce)
            self._announce = []
        written = self._blocks.get(shared)
        if written is None:
            written = self._write(shared)
        literals = [literal(name, value) for name, value in own]
        return b"".join((announced, b"\x04", number(len(path), 7), path, written, *literals))

    def _write(self, shared: Fields) -> bytes:
        before = self._inserted
        written = b"".join(self._field(field) for field in shared)
        if self._inserted == before:
            self._blocks[shared] = written
        return written

    def _field(self, field: tuple[bytes, bytes]) -> bytes:
        index = _STATIC.get(field)
        if index is None and (held := self._numbers.get(field)) is not None:
            index = _STATIC_LENGTH + self._inserted - held + 1
        if index is not None:
            return number(index, 7, 0x80)
        name, value = field
        size = len(name) + len(value) + _OVERHEAD
        if size > self._limit:
            return literal(name, value)
        self._evict(size)
        self._blocks.clear()
        self._inserted += 1
        self._entries.append(field)
        self._numbers[field] = self._inserted
        self._size += size
        known = _STATIC_NAMES.get(name)
        return (number(known, 6, 0x40) if known else b"\x40" + text(name)) + text(value)

    def _evict(self, wanted: int) -> None:
        while self._size + wanted > self._limit and self._entries:
            field = self._entries.popleft()
            del self._numbers[field]
            self._size -= len(field[0]) + len(field[1]) + _OVERHEAD
            self._blocks.clear()
