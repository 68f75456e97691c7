"""Too many of anything."""

from __future__ import annotations

import pytest

from .attacks import floods
from .entrances import ENTRANCES
from .neighbours import neighbours
from .node import Node


async def test_connections(node: Node) -> None:
    async with neighbours(node):
        statuses = await floods.connects(node, 1000)
    assert statuses[101] > 0


async def test_logins(node: Node) -> None:
    async with neighbours(node) as people:
        await floods.logins(node, people.street, 200)


async def test_commands_are_told_then_ended(node: Node) -> None:
    async with neighbours(node) as people:
        await floods.commands(node, people.street)


async def test_pongs_that_nobody_asked_for(node: Node) -> None:
    async with neighbours(node) as people:
        await floods.pongs(node, people.street)


async def test_requests_in_twilsock_are_no_longer_read(node: Node) -> None:
    async with neighbours(node) as people:
        await floods.twilsock_requests(node, people.street)


@pytest.mark.parametrize("name", ENTRANCES)
async def test_tiny_frames(node: Node, name: str) -> None:
    async with neighbours(node) as people:
        await floods.tiny_frames(node, ENTRANCES[name], people.street)


async def test_subscriptions(node: Node) -> None:
    async with neighbours(node) as people:
        await floods.subscriptions(node, people.street)
        await floods.watching(node, people.street)
        await floods.sync_objects(node, people.street)
