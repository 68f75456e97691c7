"""Who does not read is not written to for ever."""

from __future__ import annotations

from .attacks import deaf
from .neighbours import neighbours
from .node import Node


async def test_slow_readers_are_cut_off(node: Node) -> None:
    async with neighbours(node) as people:
        await deaf.readers(node, people.street, 400)


async def test_who_asks_and_does_not_read_is_no_longer_read(node: Node) -> None:
    async with neighbours(node) as people:
        await deaf.askers(node, people.street, 2000)
