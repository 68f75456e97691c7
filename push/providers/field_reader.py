"""Header fields of answers (RFC 7541). Most of their text comes again and again, so what was decoded is remembered."""

from __future__ import annotations

from collections import deque
from collections.abc import Set
from functools import lru_cache
from typing import Final

from hpack.exceptions import HPACKError
from hpack.huffman_table import decode_huffman
from hpack.table import HeaderTable

from .fields import DEFAULT_TABLE
from .frames import COMPRESSION_ERROR, PeerError

LONGEST: Final = 64 * 1024
"""All fields of a block together."""

_STATIC: Final = HeaderTable.STATIC_TABLE
_OVERHEAD: Final = 32
_INTEGER: Final = 2**32


class FieldReader:
    """The receiving half of one connection's header compression. Blocks must be read in the order of their arrival.
    `unread`: names whose fields are left out where no table remembers them. Decoding text costs a microsecond a
    letter or two, and what differs with every answer is not remembered."""

    def __init__(self, unread: Set[bytes] = frozenset()) -> None:
        self._unread = unread
        self._entries: deque[tuple[bytes, bytes]] = deque()  # newest first
        self._size = 0
        self._limit = DEFAULT_TABLE

    def read(self, block: bytes) -> dict[bytes, bytes]:
        """Of fields that occur twice the last one. Raises PeerError."""
        try:
            return self._read(block)
        except (IndexError, HPACKError):
            raise PeerError(COMPRESSION_ERROR, "header block unreadable") from None

    def _read(self, block: bytes) -> dict[bytes, bytes]:
        fields: dict[bytes, bytes] = {}
        at, end, total = 0, len(block), 0
        while at < end:
            first = block[at]
            if first & 0x80:
                index, at = _number(block, at, 0x7F)
                name, value = self._entry(index)
            elif first & 0xE0 == 0x20:
                self._limit, at = _number(block, at, 0x1F)
                if self._limit > DEFAULT_TABLE or fields:
                    raise PeerError(COMPRESSION_ERROR, "table size out of place")
                self._evict(0)
                continue
            else:
                index, at = _number(block, at, 0x3F if first & 0x40 else 0x0F)
                if index:
                    name = self._entry(index)[0]
                else:
                    name, at = _text(block, at)
                if name in self._unread and not first & 0x40:
                    at = _behind(block, at)
                    continue
                value, at = _text(block, at)
                if first & 0x40:
                    self._add(name, value)
            fields[name] = value
            total += len(name) + len(value)
            if total > LONGEST:
                raise PeerError(COMPRESSION_ERROR, "header fields too long")
        return fields

    def _entry(self, index: int) -> tuple[bytes, bytes]:
        if 0 < index <= len(_STATIC):
            return _STATIC[index - 1]
        if not index:
            raise IndexError(index)
        return self._entries[index - len(_STATIC) - 1]

    def _add(self, name: bytes, value: bytes) -> None:
        size = len(name) + len(value) + _OVERHEAD
        self._evict(size)
        if size <= self._limit:
            self._entries.appendleft((name, value))
            self._size += size

    def _evict(self, wanted: int) -> None:
        while self._entries and self._size + wanted > self._limit:
            name, value = self._entries.pop()
            self._size -= len(name) + len(value) + _OVERHEAD


def _number(block: bytes, at: int, most: int) -> tuple[int, int]:
    value = block[at] & most
    at += 1
    if value < most:
        return value, at
    shift = 0
    while True:
        more = block[at]
        at += 1
        value += (more & 127) << shift
        shift += 7
        if value > _INTEGER:
            raise IndexError(value)
        if more < 128:
            return value, at


def _text(block: bytes, at: int) -> tuple[bytes, int]:
    coded = block[at] & 0x80
    length, at = _number(block, at, 0x7F)
    text = block[at : at + length]
    if len(text) != length:
        raise IndexError(length)
    return (_plain(text) if coded else text), at + length


def _behind(block: bytes, at: int) -> int:
    """The place after a text."""
    length, at = _number(block, at, 0x7F)
    if at + length > len(block):
        raise IndexError(length)
    return at + length


@lru_cache(maxsize=8192)
def _plain(text: bytes) -> bytes:
    return decode_huffman(text)
