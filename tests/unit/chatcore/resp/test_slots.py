from __future__ import annotations

from binascii import crc_hqx
from collections import Counter

import pytest

from chatcore.resp.slots import PARTITIONS, SLOTS, partition, partition_of, partition_slots, slot, tags


@pytest.mark.parametrize(
    ("name", "number"),
    [
        (b"123456789", 12739),  # Redis cluster specification, appendix A
        (b"{user1000}.following", 3443),
        (b"user1000", 3443),
    ],
)
def test_slots_are_those_of_the_servers(name: bytes, number: int) -> None:
    assert slot(name) == number


@pytest.mark.parametrize(
    ("name", "hashed"),
    [
        (b"foo{}{bar}", b"foo{}{bar}"),
        (b"foo{{bar}}zap", b"{bar"),
        (b"foo{bar}{zap}", b"bar"),
        (b"foo{bar", b"foo{bar"),
        (b"foo}bar{x}", b"x"),
    ],
)
def test_only_what_stands_in_the_first_braces_counts(name: bytes, hashed: bytes) -> None:
    assert slot(name) == crc_hqx(hashed, 0) % SLOTS


def test_tags_never_change() -> None:
    """Nodes of different versions have to agree on them."""
    assert len(tags()) == PARTITIONS
    assert (tags()[0], tags()[1], tags()[128], tags()[255]) == (b"{460}", b"{14}", b"{16}", b"{430}")


def test_tags_are_spread_evenly_over_the_slots() -> None:
    width = SLOTS // PARTITIONS
    assert [number // width for number in partition_slots()] == list(range(PARTITIONS))


def test_everything_of_a_tag_belongs_to_its_partition() -> None:
    for number, tag in enumerate(tags()):
        assert partition_of(b"chat:" + tag + b":online:{x}") == number


def test_names_are_spread_evenly_over_the_partitions() -> None:
    found = Counter(partition(b"chat:CH%032x" % number) for number in range(25_600))
    assert len(found) == PARTITIONS
    assert max(found.values()) < 160
