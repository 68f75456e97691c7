"""How the SDKs come, stay, go and come back."""

from __future__ import annotations

import asyncio

import pytest

from tests.e2e.tokens import SERVICE, access_token

from .guests import Guest, Guests
from .sdk import VERSIONS, Json


async def connected(guest: Guest) -> None:
    await guest.sdk.take("connection_state", state="connected")


async def state(guest: Guest, wanted: str) -> None:
    await guest.sdk.take("connection_state", state=wanted)


def states(guest: Guest) -> list[str]:
    return [str(data["state"]) for data in guest.sdk.of("connection_state")]


async def everybody(guests: Guests) -> list[Guest]:
    """One ready client of each version, each of another user."""
    found = [await guests.begin(version, guests.name(version)) for version in VERSIONS]
    await asyncio.gather(*(guest.sdk.ready() for guest in found))
    await asyncio.gather(*map(connected, found))
    return found


async def test_a_good_token_connects(guests: Guests, version: str) -> None:
    guest = await guests.begin(version, guests.name())
    await connected(guest)
    assert "denied" not in states(guest)


@pytest.mark.parametrize("fault", [{"ttl": -100}, {"secret": "x" * 32}, {"service": "IS" + "9" * 32}])
async def test_a_bad_token_is_denied_until_there_is_a_good_one(guests: Guests, version: str, fault: Json) -> None:
    identity = guests.name()
    guest = await guests.begin(version, identity, token=access_token(identity, **fault))
    await state(guest, "denied")
    if version != "chat-5.0":  # which tells the state and no more
        error = await guest.sdk.take("connection_error")
        number = {"ttl": 20104, "secret": 20107, "service": 20106}[next(iter(fault))]
        assert (error["terminal"], error["status"], error["code"]) == (True, 403 if number == 20106 else 401, number)
        if number == 20104:
            await guest.sdk.take("token_expired")
    guest.sdk.start("renew", token=access_token(identity))
    await connected(guest)


async def test_a_token_is_renewed_in_time(guests: Guests) -> None:
    async def renew(version: str) -> None:
        identity = guests.name()
        guest = await guests.begin(version, identity, token=access_token(identity, ttl=8))
        await guest.sdk.ready()
        await guest.sdk.take("token_about_to_expire")
        await guest.ask("renew", token=access_token(identity, ttl=8))
        await guest.sdk.take("token_about_to_expire")
        await guest.ask("renew", token=access_token(identity))
        assert states(guest)[-1] == "connected"
        assert guest.sdk.of("token_expired") == []

    await asyncio.gather(*map(renew, VERSIONS))


async def test_a_token_for_somebody_else_is_denied(guests: Guests, version: str) -> None:
    guest = await guests.begin(version, guests.name())
    await connected(guest)
    guest.sdk.start("renew", token=access_token(guests.name("other")))
    await state(guest, "denied")


async def test_a_token_that_ends_stops_the_client_until_there_is_another(guests: Guests) -> None:
    found = []
    for version in VERSIONS:
        identity = guests.name(version)
        found.append(await guests.begin(version, identity, token=access_token(identity, ttl=5)))
    await asyncio.gather(*(guest.sdk.ready() for guest in found))
    await asyncio.gather(*map(connected, found))
    for guest in found:
        await guest.sdk.take("token_expired")
    await asyncio.gather(*(state(guest, "disconnected") for guest in found))
    for guest in found:
        guest.sdk.start("renew", token=access_token(guest.identity))
    await asyncio.gather(*map(connected, found))


async def test_a_user_that_is_deleted_is_stopped(guests: Guests) -> None:
    found = await everybody(guests)
    for guest in found:
        answer = await guests.rest.delete(f"/v2/Services/{SERVICE}/Users/{guest.identity}")
        assert answer.status_code == 204
    await asyncio.gather(*(state(guest, "disconnected") for guest in found))
    assert not any(guest.sdk.of("token_expired") for guest in found)
    for guest in found:
        guest.sdk.start("renew", token=access_token(guest.identity))
    await asyncio.gather(*map(connected, found))


async def test_a_cut_connection_comes_back_at_another_node(guests: Guests) -> None:
    found = await everybody(guests)
    for guest in found:
        guest.proxy.use(guests.node(1))
        guest.proxy.cut()
    await asyncio.gather(*map(connected, found))


async def test_a_node_that_goes_sends_its_clients_to_another(guests_in_trouble: Guests) -> None:
    guests = guests_in_trouble
    found = await everybody(guests)
    loop = asyncio.get_running_loop()
    for guest in found:
        guest.proxy.use(guests.node(1))
    restarted = asyncio.ensure_future(guests.cluster.restart(0))
    started = loop.time()
    await asyncio.gather(*map(connected, found))
    assert loop.time() - started < 6, "a second of drain and one or two to come back"
    assert not any("denied" in states(guest) or guest.sdk.of("connection_error") for guest in found)
    await restarted


async def test_nothing_in_flight_is_lost_when_a_node_goes(guests_in_trouble: Guests) -> None:
    guests = guests_in_trouble
    found = await everybody(guests)
    bodies = [str(number) for number in range(60)]
    talking = []
    for guest in found:
        guest.proxy.use(guests.node(1))
        sid = (await guest.ask("create_channel"))["sid"]
        await guest.ask("join", sid=sid)
        await guest.ask("messages", sid=sid)  # from now on it hears of every message
        talking.append(asyncio.ensure_future(guest.ask("send_all", sid=sid, bodies=bodies)))
    await asyncio.gather(*(guest.sdk.take("message_added") for guest in found))
    await guests.cluster.restart(0)
    for indexes in await asyncio.gather(*talking):
        assert [int(index) for index in indexes] == list(range(60))
    await asyncio.gather(*(guest.sdk.take("message_added", index=59) for guest in found))
    for guest in found:
        assert [data["index"] for data in guest.sdk.of("message_added")] == list(range(60)), guest.sdk.version


async def test_a_crowd_comes_back_one_after_another(guests_in_trouble: Guests) -> None:
    guests = guests_in_trouble
    found = await everybody(guests)
    crowd = [await guests.wire(guests.name("crowd")) for _ in range(120)]
    for guest in found:
        guest.proxy.use(guests.node(1))
    restarted = asyncio.ensure_future(guests.cluster.restart(0))
    closes = [await client.heard("close") for client in crowd]
    assert {frame.header["status"]["code"] for frame in closes} == {308}
    waits = [frame.json["backoff_policy"]["reconnect_min_ms"] for frame in closes]
    assert 0 <= min(waits) < 2000 < 8000 < max(waits) <= 10_000
    await asyncio.gather(*map(connected, found))
    assert not any("denied" in states(guest) for guest in found)
    await restarted
