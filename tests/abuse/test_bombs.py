"""What is small on the wire and large, or deep, behind it."""

from __future__ import annotations

import pytest

from .attacks import bombs
from .entrances import ENTRANCES
from .neighbours import neighbours
from .node import Node


async def test_deep_json_in_commands(node: Node) -> None:
    async with neighbours(node) as people:
        await bombs.in_commands(node, people.street)


async def test_deep_json_in_twilsock(node: Node) -> None:
    async with neighbours(node) as people:
        await bombs.in_twilsock(node, people.street)


async def test_deep_json_in_rest(node: Node) -> None:
    async with neighbours(node):
        await bombs.in_rest(node)


@pytest.mark.parametrize("name", ENTRANCES)
async def test_decompression_stops_at_the_limit(node: Node, name: str) -> None:
    async with neighbours(node) as people:
        await bombs.compressed(node, ENTRANCES[name], people.street, 50 << 20)
