"""Subscriptions: those the server follows the membership with, and those the application makes."""

from __future__ import annotations

import time

from .people import People, Person, code_of, eventually


async def test_joined_rooms_are_subscribed_on_connect(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    other = await alice.make_channel()
    phone = await people.connect(kind, identity=alice.identity, node=1)
    await phone.feed.take("subscribed", f"chat:{sid}")
    await phone.feed.take("subscribed", f"chat:{other}")
    await phone.feed.take("subscribed", "me")
    await phone.feed.take("subscribed", "live")
    assert phone.feed.count("subscribed") == 4
    connected = next(h for h in phone.feed.seen if h.kind == "connected")
    assert (connected.data["joined"], connected.data["truncated"]) == (2, False)
    await bob.say(sid)
    assert (await phone.feed.event(f"chat:{sid}", "message.added"))["by"] == bob.identity


async def test_server_subscriptions_end_with_the_membership(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    phone = await people.connect(kind, identity=bob.identity, node=0)
    await phone.feed.take("subscribed", f"chat:{sid}")
    await bob.call("channel.leave", channel=sid)
    for device in (bob, phone):
        await device.feed.take("unsubscribed", f"chat:{sid}")
        await device.feed.event("me", "channel.left")
    await alice.say(sid, "behind his back")
    await bob.call("channel.join", channel=sid)
    for device in (bob, phone):
        subscribed = await device.feed.take("subscribed", f"chat:{sid}")
        assert (subscribed.was_recovering, subscribed.recovered) == (False, False)
    await alice.say(sid, "welcome back")
    for device in (bob, phone):
        assert (await device.feed.event(f"chat:{sid}", "message.added"))["message"]["body"] == "welcome back"


async def test_application_subscribes_in_feed_mode(people: People, kind: str) -> None:
    alice, _bob, sid = await people.pair(kind)
    carol = await people.connect(kind, "carol", node=1, mode="feed")
    await carol.call("channel.join", channel=sid)
    await carol.feed.event("me", "channel.joined")
    assert carol.feed.count("subscribed") == 2, "the server subscribes no rooms"
    await carol.sdk.subscribe(f"chat:{sid}")
    subscribed = await carol.feed.take("subscribed", f"chat:{sid}")
    top = await carol.sdk.history(f"chat:{sid}")
    assert (subscribed.offset, subscribed.epoch) == (top.offset, top.epoch)
    sent = await alice.say(sid)
    await carol.feed.event(f"chat:{sid}", "message.added")
    assert carol.feed.offsets(f"chat:{sid}") == [sent["rev"]]
    await carol.sdk.unsubscribe(f"chat:{sid}")
    await carol.feed.take("unsubscribed", f"chat:{sid}")
    await alice.say(sid, "unseen")
    assert (await carol.feed.event("live", "channel.activity"))["last_message"]["index"] == 1
    assert carol.feed.types(f"chat:{sid}") == ["message.added"]


async def test_application_subscriptions_end_with_the_membership(people: People, kind: str) -> None:
    alice, _bob, sid = await people.pair(kind)
    carol = await people.connect(kind, "carol", node=1, mode="feed")
    reasons = {"channel.leave": (2100, "left"), "member.remove": (2101, "removed")}
    for method, (code, reason) in reasons.items():
        await carol.call("channel.join", channel=sid)
        await carol.sdk.subscribe(f"chat:{sid}")
        await carol.feed.take("subscribed", f"chat:{sid}")
        if method == "channel.leave":
            await carol.call(method, channel=sid)
        else:
            await alice.call(method, channel=sid, identity=carol.identity)
        ended = await carol.feed.take("unsubscribed", f"chat:{sid}")
        assert (ended.code, ended.reason) == (code, reason)
        await carol.feed.event("me", "channel.left")
    await carol.call("channel.join", channel=sid)
    await carol.sdk.subscribe(f"chat:{sid}")
    await carol.feed.take("subscribed", f"chat:{sid}")
    await alice.call("channel.delete", channel=sid)
    ended = await carol.feed.take("unsubscribed", f"chat:{sid}")
    assert (ended.code, ended.reason) == (2102, "channel deleted")


async def test_unsubscribed_rooms_are_told_as_activity(people: People, kind: str) -> None:
    alice, _bob, sid = await people.pair(kind)
    carol = await people.connect(kind, "carol", node=1, mode="feed")
    await carol.call("channel.join", channel=sid)
    await carol.feed.event("me", "channel.joined")
    later = await people.connect(kind, identity=carol.identity, node=0, mode="feed")
    started = time.monotonic()
    messages = [await alice.say(sid, f"n{number}") for number in range(10)]
    for device in (carol, later):
        told = [await device.feed.event("live", "channel.activity")]
        while told[-1]["last_message"]["index"] != 9:
            told.append(await device.feed.event("live", "channel.activity"))
        assert len(told) <= 2 + time.monotonic() - started, "at most one a second"
        assert told[-1]["channel_sid"] == sid
        newest = {"index": 9, "author": alice.identity, "date_created": messages[9]["date_created"]}
        assert told[-1]["last_message"] == newest
        assert device.feed.types(f"chat:{sid}") == []
    assert "channel.activity" not in alice.feed.types("live")
    await alice.call("typing.start", channel=sid)
    await alice.say(sid)
    await carol.feed.event("live", "channel.activity")
    assert "typing" not in carol.feed.types("live")


async def test_subscribe_refusals(people: People, kind: str) -> None:
    alice, _bob, sid = await people.pair(kind)
    carol = await people.connect(kind, "carol", node=1)
    expected = {
        f"chat:{sid}": 103,
        "chat:CH" + "0" * 32: 103,
        "chat:general": 102,
        "news": 102,
        "me": 105,
        "live": 105,
        "x" * 256: 107,
    }
    for channel, code in expected.items():
        await carol.sdk.subscribe(channel)
        assert (await carol.feed.take("unsubscribed", channel)).code == code, channel
    await alice.sdk.subscribe(f"chat:{sid}")
    assert (await alice.feed.take("unsubscribed", f"chat:{sid}")).code == 105, "the server subscribed it"


async def test_presence_counts_connections_on_all_nodes(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    phone = await people.connect(kind, identity=bob.identity, node=0)
    await phone.feed.take("subscribed", f"chat:{sid}")
    watcher = await people.connect(kind, identity=people.name("dora"), node=0, mode="feed")
    await watcher.call("channel.join", channel=sid)
    await watcher.feed.event("me", "channel.joined")
    clients = {next(h.client for h in p.feed.seen if h.kind == "connected"): p.identity for p in (alice, bob, phone)}

    async def found() -> bool:
        everybody = await alice.sdk.presence(f"chat:{sid}")
        assert "dora" not in str(everybody), "activity readers are not in the room"
        return {client: each.user for client, each in everybody.items()} == clients

    # A node that takes more than 200 ms to answer does not count, so one look may see less.
    await eventually(found)

    async def counted(person: Person, channel: str, clients: int, users: int) -> None:
        async def fits() -> bool:
            return await person.sdk.presence_stats(channel) == (clients, users)

        await eventually(fits)

    await counted(bob, f"chat:{sid}", 3, 2)
    await counted(phone, "me", 2, 1)
    await phone.sdk.disconnect()
    await counted(alice, f"chat:{sid}", 2, 2)
    carol = await people.connect(kind, "carol")
    assert await code_of(carol.sdk.presence(f"chat:{sid}")) == 103
    assert await code_of(carol.sdk.presence_stats(f"chat:{sid}")) == 103
    assert await code_of(carol.sdk.presence("news")) == 102
