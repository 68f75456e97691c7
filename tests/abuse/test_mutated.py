"""Two thousand broken messages and frames for each way in, and as many broken requests."""

from __future__ import annotations

import pytest

from .attacks import mutated
from .entrances import ENTRANCES
from .neighbours import neighbours
from .node import Node

COUNT = 1000
SEED = 20261123


@pytest.mark.parametrize("name", ENTRANCES)
async def test_broken_messages_are_answered_or_end_the_connection(node: Node, name: str) -> None:
    async with neighbours(node) as people:
        verdicts = await mutated.messages(node, ENTRANCES[name], people.street.token, COUNT, SEED)
    assert verdicts.total() == COUNT
    assert verdicts["answered"] > COUNT / 25
    assert verdicts["3501"] > COUNT / 4


@pytest.mark.parametrize("name", ENTRANCES)
async def test_broken_frames_end_no_worse_than_the_connection(node: Node, name: str) -> None:
    async with neighbours(node):
        await mutated.frames(node, ENTRANCES[name], COUNT, SEED)


async def test_broken_requests_are_refused(node: Node) -> None:
    async with neighbours(node):
        statuses = await mutated.requests(node, 2 * COUNT, SEED)
    assert statuses[400] > 0
