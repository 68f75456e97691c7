"""Chat with every SDK version: two users on two nodes, through the public API of the SDK alone."""

from __future__ import annotations

import asyncio

from .guests import Guest, Guests
from .sdk import CHAT


async def two(guests: Guests, version: str) -> tuple[Guest, Guest]:
    """On different nodes."""
    alice, bob = await asyncio.gather(guests.connect(version, "alice", node=0), guests.connect(version, "bob", node=1))
    return alice, bob


async def joined(alice: Guest, bob: Guest) -> str:
    """A private channel with both; its SID."""
    channel = await alice.ask("create_channel", friendly_name="Talk", attributes={"topic": 1}, is_private=True)
    sid: str = channel["sid"]
    await alice.ask("join", sid=sid)
    await alice.ask("add", sid=sid, identity=bob.identity)
    await bob.sdk.take("channel_joined", sid=sid)
    await bob.ask("messages", sid=sid)  # what is sent before the list is open is history, not news
    return sid


async def test_a_talk(guests: Guests, version: str) -> None:
    alice, bob = await two(guests, version)
    sid = await joined(alice, bob)
    await alice.ask("send", sid=sid, body="hello", attributes={"a": [1, None, "ü"]})
    got = await bob.sdk.take("message_added")
    assert (got["index"], got["author"], got["body"], got["attributes"]) == (
        0,
        alice.identity,
        "hello",
        {"a": [1, None, "ü"]},
    )
    own = await alice.sdk.take("message_added")
    assert own["sid"] == got["sid"]
    await bob.ask("send", sid=sid, body="hi")
    assert (await alice.sdk.take("message_added"))["index"] == 1

    await alice.ask("edit", sid=sid, index=0, body="hello, edited")
    changed = await bob.sdk.take("message_updated", lambda data: "body" in data["reasons"])
    assert (changed["body"], changed["last_updated_by"]) == ("hello, edited", alice.identity)
    await alice.ask("edit", sid=sid, index=0, attributes={"b": 1})
    await bob.sdk.take("message_updated", attributes={"b": 1})
    await alice.ask("delete_message", sid=sid, index=0)
    assert (await bob.sdk.take("message_removed"))["index"] == 0

    await bob.ask("leave", sid=sid)
    gone = await alice.sdk.take("member_left")
    assert gone["identity"] == bob.identity
    await bob.sdk.take("channel_left", sid=sid)


async def test_typing_and_horizons(guests: Guests, version: str) -> None:
    alice, bob = await two(guests, version)
    sid = await joined(alice, bob)
    assert await bob.ask("unread", sid=sid) is None
    for number in range(3):
        await alice.ask("send", sid=sid, body=str(number))
    await bob.sdk.take("message_added", index=2)
    assert await bob.ask("read", sid=sid, index=0) == 2
    moved = await alice.sdk.take("member_updated", identity=bob.identity, last_read=0)
    assert moved["last_read_at"] is not None
    assert await bob.ask("read_all", sid=sid) == 0
    await bob.ask("typing", sid=sid)
    assert (await alice.sdk.take("typing_started"))["identity"] == bob.identity
    assert (await alice.sdk.take("typing_ended"))["identity"] == bob.identity
    assert not bob.sdk.of("typing_started")


async def test_paging_backwards(guests: Guests, version: str) -> None:
    alice = await guests.connect(version, "alice")
    channel = await alice.ask("create_channel", is_private=True)
    sid = channel["sid"]
    await alice.ask("join", sid=sid)
    for start in range(0, 500, 50):
        sends = [guests.post(f"/Channels/{sid}/Messages", Body="x", From="server") for _ in range(start, start + 50)]
        await asyncio.gather(*sends)
    page = await alice.ask("messages", sid=sid, size=100)
    read = [message["index"] for message in page["items"]]
    while page["previous"]:
        page = await alice.ask("turn", page=page["page"], to="previous")
        read = [message["index"] for message in page["items"]] + read
    assert read == list(range(500))
    assert (await alice.ask("channel", sid=sid))["last_message"]["index"] == 499


async def test_paging_through_long_messages(guests: Guests, version: str) -> None:
    alice = await guests.connect(version, "alice")
    sid = (await alice.ask("create_channel", is_private=True))["sid"]
    await alice.ask("join", sid=sid)
    for _ in range(20):
        await guests.post(f"/Channels/{sid}/Messages", Body="x" * 32_000, From="server")
    page = await alice.ask("messages", sid=sid, size=50)
    read = [message["index"] for message in page["items"]]
    assert read[-1] == 19
    while page["previous"]:
        page = await alice.ask("turn", page=page["page"], to="previous")
        read = [message["index"] for message in page["items"]] + read
    assert read == list(range(20))
    page = await alice.ask("messages", sid=sid, size=50, anchor=0, direction="forward")
    read = [message["index"] for message in page["items"]]
    while page["next"]:
        page = await alice.ask("turn", page=page["page"], to="next")
        read += [message["index"] for message in page["items"]]
    assert read == list(range(20))


async def test_profiles(guests: Guests, version: str) -> None:
    alice, bob = await two(guests, version)
    sid = await joined(alice, bob)
    await alice.ask("update_me", friendly_name="Alice", attributes={"age": 7})
    seen = await bob.ask("user_of", sid=sid, identity=alice.identity)
    assert (seen["friendly_name"], seen["attributes"]) == ("Alice", {"age": 7})
    await alice.ask("update_me", friendly_name="Alicia")
    await bob.sdk.take("user_updated", friendly_name="Alicia")


async def test_invites(guests: Guests) -> None:
    for version in CHAT:
        alice, bob = await two(guests, version)
        channel = await alice.ask("create_channel", is_private=True)
        sid = channel["sid"]
        await alice.ask("join", sid=sid)
        await alice.ask("invite", sid=sid, identity=bob.identity)
        await bob.sdk.take("channel_invited", sid=sid)
        await bob.ask("join", sid=sid)
        assert await alice.sdk.take("member_joined", identity=bob.identity)


async def test_nothing_is_missed_over_a_cut_connection(guests: Guests, version: str) -> None:
    alice, bob = await two(guests, version)
    sid = await joined(alice, bob)
    await alice.ask("send", sid=sid, body="before")
    await bob.sdk.take("message_added")
    bob.proxy.cut()
    for number in range(5):
        await alice.ask("send", sid=sid, body=str(number))
    await bob.sdk.take("message_added", body="4")
    bodies = [data["body"] for data in bob.sdk.of("message_added")]
    assert bodies == ["before", "0", "1", "2", "3", "4"]
