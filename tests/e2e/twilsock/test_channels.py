"""Channels and members with every SDK version: public and private, names, lists, roles in motion."""

from __future__ import annotations

import asyncio

import pytest

from tests.e2e.people import eventually

from .guests import Guests
from .sdk import CHAT, Refused
from .test_stories import joined, two


async def test_a_channel_changes_and_goes(guests: Guests, version: str) -> None:
    alice, bob = await two(guests, version)
    sid = await joined(alice, bob)
    name = guests.name("room")
    await alice.ask("update_channel", sid=sid, friendly_name="New", unique_name=name, attributes={"b": "ü"})
    await bob.sdk.take("channel_updated", unique_name=name, attributes={"b": "ü"})
    assert (await bob.ask("channel_by_name", name=name))["sid"] == sid
    await bob.ask("update_channel", sid=sid, notification_level="muted")
    await bob.sdk.take("channel_updated", notification_level="muted")
    counts = await bob.ask("counts", sid=sid)
    assert counts == {"members": 2, "messages": 0}
    members = await bob.ask("members", sid=sid)
    assert sorted(member["identity"] for member in members) == sorted([alice.identity, bob.identity])
    await bob.ask("update_member", sid=sid, identity=bob.identity, attributes={"seat": 3})
    await alice.sdk.take("member_updated", attributes={"seat": 3})
    await alice.ask("remove", sid=sid, member=bob.identity)
    await bob.sdk.take("channel_left", sid=sid)
    await alice.sdk.take("member_left", identity=bob.identity)
    await alice.ask("add", sid=sid, identity=bob.identity)
    await bob.sdk.take("channel_joined", sid=sid)
    await alice.ask("delete_channel", sid=sid)
    await bob.sdk.take("channel_removed", sid=sid)
    with pytest.raises(Refused):
        await alice.ask("channel_by_name", name=name)


async def test_two_devices_of_one_user(guests: Guests, version: str) -> None:
    phone = await guests.connect(version, "alice", node=0)
    laptop = await guests.begin(version, phone.identity, node=1)
    await laptop.sdk.ready()
    channel = await phone.ask("create_channel", friendly_name="Mine", is_private=True)
    sid = channel["sid"]
    await phone.ask("join", sid=sid)
    await laptop.sdk.take("channel_joined", sid=sid)
    await laptop.ask("messages", sid=sid)
    await phone.ask("send", sid=sid, body="from the phone")
    assert (await laptop.sdk.take("message_added"))["body"] == "from the phone"
    await phone.ask("read_all", sid=sid)
    await laptop.sdk.until(
        lambda: any(data["last_read"] == 0 for data in laptop.sdk.of("channel_updated") if data["sid"] == sid)
    )
    assert await laptop.ask("unread", sid=sid) == 0


@pytest.mark.parametrize("version", CHAT)
async def test_public_channels(guests: Guests, version: str) -> None:
    alice, bob = await two(guests, version)
    channel = await alice.ask("create_channel", friendly_name="Open", unique_name=guests.name("open"))
    sid = channel["sid"]
    found = await bob.ask("public_channels")
    assert sid in [entry["sid"] for entry in found]
    await bob.ask("join", sid=sid)
    await bob.ask("members", sid=sid)  # who joins before the roster is open is no news
    await alice.ask("join", sid=sid)
    await bob.sdk.take("member_joined", identity=alice.identity)

    async def listed() -> bool:  # the SDKs cache their lists for a moment
        own = await bob.ask("own_channels")
        return [entry["status"] for entry in own if entry["sid"] == sid] == ["joined"]

    await eventually(listed)
    await bob.ask("leave", sid=sid)
    left = await bob.sdk.take("channel_left", sid=sid)
    assert left["status"] in ("notParticipating", "known")
    await bob.ask("join", sid=sid)


@pytest.mark.parametrize("version", CHAT)
async def test_invitations(guests: Guests, version: str) -> None:
    alice, bob = await two(guests, version)
    channel = await alice.ask("create_channel", is_private=True)
    sid = channel["sid"]
    await alice.ask("join", sid=sid)
    for answer in ("decline", "join"):
        await alice.ask("invite", sid=sid, identity=bob.identity)
        await bob.sdk.take("channel_invited", sid=sid)
        with pytest.raises(Refused):
            await alice.ask("invite", sid=sid, identity=bob.identity)
        await bob.ask(answer, sid=sid)
    await alice.sdk.take("member_joined", identity=bob.identity)


async def test_refusals_keep_their_codes(guests: Guests, version: str) -> None:
    alice, bob = await two(guests, version)
    name = guests.name("taken")
    channel = await alice.ask("create_channel", unique_name=name, is_private=True)
    sid = channel["sid"]
    with pytest.raises(Refused) as taken:
        await bob.ask("create_channel", unique_name=name, is_private=True)
    assert taken.value.code == 50307
    await alice.ask("join", sid=sid)
    with pytest.raises(Refused) as again:
        await alice.ask("add", sid=sid, identity=alice.identity)
    assert again.value.code == 50404
    with pytest.raises(Refused):
        await bob.ask("channel", sid=sid)


async def test_writers_on_both_nodes_are_in_one_order(guests: Guests, version: str) -> None:
    alice, bob = await two(guests, version)
    sid = await joined(alice, bob)
    await asyncio.gather(
        alice.ask("send_all", sid=sid, bodies=[f"a{number}" for number in range(20)]),
        bob.ask("send_all", sid=sid, bodies=[f"b{number}" for number in range(20)]),
    )
    for guest in (alice, bob):
        await guest.sdk.heard("message_added", 40)
    seen = [[(data["index"], data["body"]) for data in guest.sdk.of("message_added")] for guest in (alice, bob)]
    assert seen[0] == seen[1]
    assert [index for index, _ in seen[0]] == list(range(40))
    assert [body for _, body in seen[0] if body.startswith("a")] == [f"a{number}" for number in range(20)]
