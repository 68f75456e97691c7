from __future__ import annotations

import asyncio

import pytest

from chatcore.domain.ids import Identity, ServiceSid
from chatcore.ports.presence import Presence, Session
from chatcore.presence.redis import RedisPresence
from chatcore.resp.address import parse
from chatcore.resp.link import dial
from tests.support.patience import PATIENCE
from tests.support.valkey import Mortal

from .conftest import HandClock

SERVICE = ServiceSid("IS1")
ALICE, BOB = Identity("alice"), Identity("bob: ü\n")


def session(connection: str, identity: Identity = ALICE, service: ServiceSid = SERVICE) -> Session:
    return Session(connection=connection, service_sid=service, identity=identity)


async def test_connections_of_an_identity_are_counted(presence: RedisPresence) -> None:
    assert await presence.enter(session("a")) == 1
    assert await presence.enter(session("b")) == 2
    assert await presence.enter(session("b")) == 2
    assert await presence.leave(session("a")) == 1
    assert await presence.leave(session("a")) == 1
    assert await presence.leave(session("b")) == 0


async def test_one_too_many_is_counted_and_leaves_no_trace(presence: RedisPresence) -> None:
    assert [await presence.enter(session(name), limit=2) for name in "abcda"] == [1, 2, 3, 3, 2]
    assert await presence.leave(session("a")) == 1
    assert await presence.enter(session("c"), limit=2) == 2


async def test_services_and_identities_are_parted(presence: RedisPresence) -> None:
    assert await presence.enter(session("a")) == 1
    assert await presence.enter(session("b", BOB)) == 1
    assert await presence.enter(session("c", ALICE, ServiceSid("IS2"))) == 1
    assert await presence.leave(session("a")) == 0
    assert await presence.online(SERVICE, [ALICE, BOB]) == {ALICE: False, BOB: True}


async def test_of_many_that_come_at_once_exactly_one_is_the_first(
    presence: RedisPresence, redis_url: str, redis_prefix: str, clock: HandClock
) -> None:
    other = RedisPresence(redis_url, clock=clock, prefix=redis_prefix)
    try:
        drivers = (presence, other)
        counts = await asyncio.gather(*(drivers[n % 2].enter(session(str(n))) for n in range(40)))
        assert sorted(counts) == list(range(1, 41))
        counts = await asyncio.gather(*(drivers[n % 2].leave(session(str(n))) for n in range(40)))
        assert sorted(counts) == list(range(40))
    finally:
        await other.close()


async def test_an_entry_that_is_not_renewed_expires(presence: RedisPresence, clock: HandClock) -> None:
    await presence.enter(session("a"))
    clock.advance(59.9)
    assert await presence.online(SERVICE, [ALICE]) == {ALICE: True}
    clock.advance(0.1)
    assert await presence.online(SERVICE, [ALICE]) == {ALICE: False}
    assert await presence.enter(session("b")) == 1


async def test_announced_entries_live_on(presence: RedisPresence, clock: HandClock) -> None:
    await presence.enter(session("a"))
    await presence.enter(session("b"))
    clock.advance(50)
    await presence.announce([session("a"), session("c", BOB)])
    clock.advance(50)
    assert await presence.online(SERVICE, [ALICE, BOB]) == {ALICE: True, BOB: True}
    assert await presence.leave(session("a")) == 0


async def test_nothing_is_asked_of_nobody(presence: RedisPresence) -> None:
    await presence.announce([])
    assert await presence.online(SERVICE, []) == {}


async def test_thousands_are_renewed_in_one_call(presence: RedisPresence) -> None:
    identities = [Identity(f"user{n}") for n in range(2000)]
    await presence.announce(session(f"c{n}", identity) for n, identity in enumerate(identities))
    online = await presence.online(SERVICE, [*identities, BOB])
    assert online == dict.fromkeys(identities, True) | {BOB: False}


async def test_keys_do_not_outlive_their_entries(
    presence: RedisPresence, redis_url: str, redis_prefix: str, clock: HandClock
) -> None:
    await presence.enter(session("a"))
    await presence.announce([session("b", BOB)])
    link = await dial(parse(redis_url), lambda _channel, _data: None, name="test")
    try:
        (keys,) = await link.call(("KEYS", f"{redis_prefix}*"))
        assert isinstance(keys, list)
        assert len(keys) == 2
        remaining = await link.call(*(("PTTL", key) for key in keys))
    finally:
        link.abort()
    assert all(isinstance(left, int) and 0 < left <= 60_000 for left in remaining)


async def test_while_the_server_is_away_calls_fail_and_then_recover(mortal: Mortal, clock: HandClock) -> None:
    presence = RedisPresence(mortal.url, clock=clock)
    try:
        await presence.open()
        await mortal.kill()
        for _ in range(3):
            with pytest.raises(ConnectionError):
                await presence.enter(session("a"))
        await mortal.revive()
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    assert await presence.enter(session("a")) == 1
                    break
                except ConnectionError:
                    await asyncio.sleep(0.02)
    finally:
        await presence.close()


async def test_a_server_that_hangs_fails_calls_within_a_second(mortal: Mortal, clock: HandClock) -> None:
    presence = RedisPresence(mortal.url, clock=clock)
    try:
        await presence.open()
        mortal.freeze()
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(ConnectionError, match="does not answer"):
                await presence.enter(session("a"))
    finally:
        await presence.close()


async def test_a_refused_command_counts_as_away(redis_url: str, redis_prefix: str, presence: RedisPresence) -> None:
    link = await dial(parse(redis_url), lambda _channel, _data: None, name="test")
    try:
        await link.call(("SET", f"{redis_prefix}online:{SERVICE}:{ALICE}", "no sorted set"))
        with pytest.raises(ConnectionError, match="WRONGTYPE"):
            await presence.enter(session("a"))
        assert await presence.enter(session("b", BOB)) == 1
    finally:
        link.abort()


async def test_the_driver_satisfies_the_port(presence: RedisPresence) -> None:
    port: Presence = presence
    assert await port.online(SERVICE, [ALICE]) == {ALICE: False}
