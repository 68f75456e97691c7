"""Presence as push workers see it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from datetime import timedelta

import pytest

from chatcore.domain.ids import BindingSid, Identity, ServiceSid
from chatcore.ports.presence import Session
from chatcore.presence.redis import RedisPresence
from chatcore.presence.sent import GATHERED, RedisSentNotes
from chatcore.presence.whereabouts import RedisWhereabouts
from tests.support.patience import PATIENCE, until
from tests.support.valkey import Mortal

from .conftest import HandClock

SERVICE = ServiceSid("IS1")
ALICE, BOB = Identity("alice"), Identity("bob")


@contextlib.asynccontextmanager
async def running(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.wait([task])


def session(connection: str, identity: Identity = ALICE) -> Session:
    return Session(connection=connection, service_sid=SERVICE, identity=identity)


@pytest.fixture
async def whereabouts(redis_url: str, redis_prefix: str, clock: HandClock) -> AsyncIterator[RedisWhereabouts]:
    driver = RedisWhereabouts(redis_url, clock=clock, prefix=redis_prefix, settling=0.0)
    yield driver
    await driver.close()


async def test_who_is_connected(presence: RedisPresence, whereabouts: RedisWhereabouts, clock: HandClock) -> None:
    await presence.enter(session("a"))
    for _ in range(2):
        seen = await whereabouts.seen(SERVICE, [BOB, ALICE])
        assert (set(seen.online), seen.settles_in) == ({ALICE}, 0)
    assert (await whereabouts.seen(SERVICE, [])).online == frozenset()
    clock.advance(61)
    assert (await whereabouts.seen(SERVICE, [ALICE])).online == frozenset()


async def test_who_said_goodbye(presence: RedisPresence, whereabouts: RedisWhereabouts, clock: HandClock) -> None:
    before = clock.now()
    for connection in ("a", "b"):
        await presence.enter(session(connection))
    clock.advance(10)
    await presence.leave(session("a"), goodbye=True)
    assert await whereabouts.left(SERVICE, [ALICE, BOB], before) == frozenset()
    await presence.leave(session("b"), goodbye=True)
    assert await whereabouts.left(SERVICE, [ALICE, BOB], before) == {ALICE}
    assert await whereabouts.left(SERVICE, [ALICE], clock.now() + timedelta(seconds=1)) == frozenset()
    await presence.enter(session("c"))
    await presence.leave(session("c"))
    assert await whereabouts.left(SERVICE, [ALICE], before) == frozenset()
    assert await whereabouts.left(SERVICE, [], before) == frozenset()


async def test_a_memory_that_began_empty_settles(mortal: Mortal, clock: HandClock) -> None:
    young = RedisWhereabouts(mortal.url, clock=clock, settling=1000.0)
    old = RedisWhereabouts(mortal.url, clock=clock, settling=0.0)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(young.close)
        stack.push_async_callback(old.close)
        first = (await young.seen(SERVICE, [ALICE])).settles_in
        assert 900 < first <= 1000
        assert first - 60 < (await young.seen(SERVICE, [ALICE])).settles_in <= first
        assert (await old.seen(SERVICE, [ALICE])).settles_in == 0


async def test_an_absence_that_cannot_be_known(mortal: Mortal, clock: HandClock) -> None:
    driver = RedisWhereabouts(mortal.url, clock=clock)
    await mortal.kill()
    try:
        with pytest.raises(ConnectionError):
            await driver.seen(SERVICE, [ALICE])
        with pytest.raises(ConnectionError):
            await driver.left(SERVICE, [ALICE], clock.now())
    finally:
        await driver.close()


async def test_accepted_pushes_are_noted(redis_url: str, redis_prefix: str) -> None:
    mine, other = (RedisSentNotes(redis_url, prefix=redis_prefix) for _ in range(2))
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(mine.close)
        stack.push_async_callback(other.close)
        await stack.enter_async_context(running(mine.run()))
        found: set[str] = set()
        async with asyncio.timeout(PATIENCE):
            while len(found) < 3:
                for number in range(3):  # again and again: a note may be lost
                    mine.note(7, BindingSid(f"BS{number}"))
                mine.note(8, BindingSid("BS9"))
                await asyncio.sleep(2 * GATHERED)
                found = set(await other.noted(7))
        assert found == {"BS0", "BS1", "BS2"}
        assert set(await other.noted(8)) == {"BS9"}
        assert set(await other.noted(9)) == set()


async def test_notes_may_be_lost(mortal: Mortal, caplog: pytest.LogCaptureFixture) -> None:
    notes = RedisSentNotes(mortal.url)
    await mortal.kill()
    try:
        async with running(notes.run()):
            notes.note(1, BindingSid("BS1"))
            assert await notes.noted(1) == frozenset()
            await until(lambda: "cannot be noted" in caplog.text)
    finally:
        await notes.close()
