"""Redis or Valkey is away: nobody rings for the worker, nobody knows who is connected, nothing is noted."""

from __future__ import annotations

import asyncio
import time

from chatcore.ports.clock import SystemClock
from chatcore.presence.sent import RedisSentNotes
from chatcore.presence.whereabouts import RedisWhereabouts
from tests.support.patience import until

from .phones import ON, Phones

NOWHERE = "redis://127.0.0.1:1"


async def test_pushes_go_out_at_the_next_poll(phones: Phones) -> None:
    world, poll = phones.world, 0.5
    alice, bob = await world.user("alice"), await world.user("bob")
    channel = await world.channel("alice", "bob")
    await phones.enable(new_message=ON)
    await phones.device(bob)
    whereabouts, notes = RedisWhereabouts(NOWHERE, clock=SystemClock()), RedisSentNotes(NOWHERE)
    writing = asyncio.create_task(notes.run())
    phones.whereabouts, phones.notes = whereabouts, notes  # type: ignore[assignment]  # the real ones
    try:
        async with phones.working(poll=poll):
            begun = time.monotonic()
            await world.send(channel, by=alice)
            await until(lambda: phones.sender.sent)
            assert time.monotonic() - begun < 10 * poll  # the machine may be busy
        await phones.drain()
        assert len(phones.sender.tried) == 1
        assert await phones.waiting("push") == []
    finally:
        writing.cancel()
        await asyncio.wait([writing])
        await whereabouts.close()
        await notes.close()
