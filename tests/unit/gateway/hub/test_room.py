from __future__ import annotations

import pytest

from gateway.hub.room import RING, Room

from .fakes import ROOM, event


async def room_at(offset: int, *, held: int) -> Room:
    """A room at that position that remembers the last `held` events."""
    room = Room(ROOM)
    room.offset = offset
    room.ring.extend(event(number) for number in range(offset - held + 1, offset + 1))
    return room


@pytest.mark.parametrize("since", [7, 8, 9, 10])
async def test_memory_answers_what_it_holds(since: int) -> None:
    room = await room_at(10, held=3)
    found = room.since(since)
    assert found is not None
    assert [e.offset for e in found] == list(range(since + 1, 11))


@pytest.mark.parametrize("since", [0, 6])
async def test_memory_says_when_it_does_not_reach_back(since: int) -> None:
    assert (await room_at(10, held=3)).since(since) is None


async def test_nothing_follows_a_position_ahead_of_the_room() -> None:
    assert (await room_at(10, held=3)).since(11) == ()


async def test_memory_is_bounded() -> None:
    room = await room_at(2 * RING, held=2 * RING)
    assert len(room.ring) == RING
    assert room.since(RING - 1) is None
    assert [e.offset for e in room.since(RING) or ()] == list(range(RING + 1, 2 * RING + 1))
