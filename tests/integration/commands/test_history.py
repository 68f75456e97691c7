from __future__ import annotations

import pytest

from chatcore.commands.history import PAGE_MAX, PositionLost
from chatcore.domain.events import Topic, channel_topic
from chatcore.domain.model import Channel
from chatcore.domain.paging import PAGE_BYTES

from .world import World


async def log_of(world: World, count: int, size: int = 1) -> tuple[Channel, Topic]:
    channel = await world.channel()
    for _ in range(count):
        await world.send(channel, "x" * size)
    return await world.now(channel), channel_topic(channel.sid)


async def page(
    world: World, topic: Topic, since: tuple[int, str] | None = None, limit: int = -1, *, reverse: bool = False
) -> tuple[list[int], bool]:
    stretch = await world.chat.history.page(topic, since=since, limit=limit, reverse=reverse)
    assert stretch.top.offset == len(await world.log(topic))
    return [event.offset for event in stretch.events], stretch.complete


async def test_pages_of_the_log(world: World) -> None:
    channel, topic = await log_of(world, 5)
    epoch = channel.stream.epoch
    assert await page(world, topic) == ([1, 2, 3, 4, 5], True)
    assert await page(world, topic, limit=2) == ([1, 2], False)
    assert await page(world, topic, limit=0) == ([], True)
    assert await page(world, topic, (2, epoch)) == ([3, 4, 5], True)
    assert await page(world, topic, (2, epoch), 2) == ([3, 4], False)
    assert await page(world, topic, (2, ""), 3) == ([3, 4, 5], True)
    assert await page(world, topic, (5, epoch)) == ([], True)
    assert await page(world, topic, reverse=True) == ([5, 4, 3, 2, 1], True)
    assert await page(world, topic, limit=2, reverse=True) == ([5, 4], False)
    assert await page(world, topic, (4, epoch), reverse=True) == ([3, 2, 1], True)
    assert await page(world, topic, (6, epoch), 1, reverse=True) == ([5], False)
    assert await page(world, topic, (1, epoch), reverse=True) == ([], True)


@pytest.mark.parametrize(("since", "reverse"), [((6, ""), False), ((0, "other"), False), ((7, ""), True)])
async def test_positions_that_were_never_reached(world: World, since: tuple[int, str], reverse: bool) -> None:
    _, topic = await log_of(world, 5)
    with pytest.raises(PositionLost):
        await world.chat.history.page(topic, since=since, limit=10, reverse=reverse)


async def test_positions_older_than_the_log(world: World) -> None:
    channel, topic = await log_of(world, 5)
    await world.pool.execute("DELETE FROM channel_events WHERE channel_sid = $1 AND seq <= 3", channel.sid)
    await world.pool.execute("UPDATE channels SET first_seq = 4 WHERE sid = $1", channel.sid)
    for offset in (0, 2):
        with pytest.raises(PositionLost):
            await world.chat.history.page(topic, since=(offset, ""), limit=10)
    stretch = await world.chat.history.page(topic, since=(3, ""), limit=10)
    assert [e.offset for e in stretch.events] == [4, 5]
    stretch = await world.chat.history.page(topic, since=None, limit=10)
    assert [e.offset for e in stretch.events] == [4, 5]


async def test_a_stream_that_is_not_there(world: World) -> None:
    channel, topic = await log_of(world, 1)
    await world.chat.channels.delete(world.rest, channel.sid)
    with pytest.raises(PositionLost):
        await world.chat.history.page(topic, since=None, limit=10)


async def test_a_page_is_cut_by_size_but_never_to_nothing(world: World) -> None:
    _, topic = await log_of(world, 12, 32_000)
    offset, rounds = 0, 0
    while True:
        stretch = await world.chat.history.page(topic, since=(offset, ""), limit=-1)
        if not stretch.events:
            break
        assert sum(len(e.payload) for e in stretch.events) <= PAGE_BYTES
        assert stretch.complete == (stretch.events[-1].offset == 12)
        offset, rounds = stretch.events[-1].offset, rounds + 1
    assert (offset, rounds) == (12, 2)


async def test_a_page_holds_no_more_than_the_maximum(world: World) -> None:
    channel, topic = await log_of(world, 0)
    for _ in range(PAGE_MAX + 2):
        await world.send(channel)
    for limit in (-1, 10**9):
        stretch = await world.chat.history.page(topic, since=(0, ""), limit=limit)
        assert ([e.offset for e in stretch.events], stretch.complete) == (list(range(1, PAGE_MAX + 1)), False)


async def test_what_was_missed_says_when_it_is_too_much(world: World) -> None:
    first, first_topic = await log_of(world, 5)
    _, second_topic = await log_of(world, 2)
    found = await world.chat.history.missed({first_topic: 1, second_topic: 2}, per_topic=3)
    assert [e.offset for e in found[first_topic]] == [2, 3, 4, 5]
    assert list(found[second_topic]) == []
    found = await world.chat.history.missed({first_topic: 0}, per_topic=3)
    assert [e.offset for e in found[first_topic]] == [1, 2, 3, 4], "one more than allowed"
    tops = await world.chat.history.tops([first_topic, Topic("chat:CH0"), Topic("user:US0")])
    assert {topic: top.position for topic, top in tops.items()} == {first_topic: first.stream}


async def test_own_channels_come_with_their_positions_most_recent_first(world: World) -> None:
    alice = await world.user("alice")
    channels = [await world.channel("alice") for _ in range(3)]
    for channel in (channels[1], channels[2], channels[0]):
        await world.send(channel)
    assert alice.user_sid is not None
    joined = await world.chat.history.joined(alice.user_sid)
    assert [sid for sid, _ in joined] == [channels[0].sid, channels[2].sid, channels[1].sid]
    assert [(top.position, top.first_offset) for _, top in joined] == [
        ((await world.now(sid)).stream, 1) for sid, _ in joined
    ]
