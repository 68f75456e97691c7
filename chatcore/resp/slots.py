"""How a cluster parts keys and channels: 16384 hash slots, of which we use 256.

Every name that we store or announce under begins with one of 256 tags in braces. Only what stands in the braces is
hashed, so all names of a partition share one slot: what belongs together may be asked for in one command, and topics
of a partition are subscribed in one. The tags are spread evenly over the slots, hence over the servers, whatever their
number: nobody needs more than 256. All nodes of all versions have to agree on the tags.
"""

from __future__ import annotations

import functools
import itertools
from binascii import crc_hqx
from typing import Final

SLOTS: Final = 16384
PARTITIONS: Final = 256
_WIDTH: Final = SLOTS // PARTITIONS


def slot(name: bytes) -> int:
    """CRC16 (XMODEM) of what stands between the first `{` and the next `}`, or of all if that is nothing."""
    start = name.find(b"{") + 1
    if start and (end := name.find(b"}", start)) > start:
        name = name[start:end]
    return crc_hqx(name, 0) % SLOTS


def partition_of(key: bytes) -> int:
    """That of a key or channel, whose name begins with a prefix and a tag."""
    return slot(key) // _WIDTH


def partition(name: bytes) -> int:
    """Where something of this name belongs."""
    return crc_hqx(name, 0) % SLOTS // _WIDTH


@functools.cache
def tags() -> tuple[bytes, ...]:
    """By partition, in braces: the smallest number whose slot lies in that part of the slots. Takes a millisecond."""
    found: dict[int, bytes] = {}
    for number in itertools.count():
        text = b"%d" % number
        found.setdefault(partition(text), b"{%s}" % text)
        if len(found) == PARTITIONS:
            return tuple(found[index] for index in range(PARTITIONS))
    raise AssertionError("counting never ends")


@functools.cache
def partition_slots() -> tuple[int, ...]:
    """By partition: its slot. Ascending."""
    return tuple(slot(tag) for tag in tags())
