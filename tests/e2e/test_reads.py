"""Read horizons, unread counts, and what is told on `live`."""

from __future__ import annotations

import time

import pytest

from .people import People, gather

NOTHING = {"last_consumed_message_index": None, "unread_messages_count": None}


async def test_horizon_moves_forwards_and_devices_follow(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    phone = await people.connect(kind, identity=bob.identity, node=0)
    await gather(*(alice.say(sid) for _ in range(5)))
    assert await bob.call("unread.get", channel=sid) == {"messages_count": 5, **NOTHING}
    assert await bob.call("read.set", channel=sid, index=2) == {
        "last_consumed_message_index": 2,
        "unread_messages_count": 2,
    }
    own = await phone.feed.event("me", "read.updated")
    assert (own["channel_sid"], own["last_consumed_message_index"], own["unread_messages_count"]) == (sid, 2, 2)
    told = await alice.feed.event("live", "read.updated")
    assert (told["identity"], told["channel_sid"], told["last_consumed_message_index"]) == (bob.identity, sid, 2)
    assert told["member_sid"].startswith("MB")
    assert (await bob.call("read.set", channel=sid, index=1))["last_consumed_message_index"] == 2
    assert (await bob.call("read.set", channel=sid, index=1, force=True))["last_consumed_message_index"] == 1
    assert (await bob.call("read.set", channel=sid, index=99))["last_consumed_message_index"] == 4
    assert (await bob.call("unread.get", channel=sid))["unread_messages_count"] == 0
    assert await bob.call("read.none", channel=sid) == NOTHING
    assert (await bob.call("read.all", channel=sid))["last_consumed_message_index"] == 4
    assert "read.updated" not in bob.feed.types("live"), "one's own horizon is not told on live"
    assert "read.updated" not in alice.feed.types(f"chat:{sid}"), "nor is it an event of the channel"


async def test_horizons_of_others_are_merged_to_one_a_second(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    await gather(*(alice.say(sid) for _ in range(20)))
    started = time.monotonic()
    for index in range(20):
        await bob.call("read.set", channel=sid, index=index)
    told = [await alice.feed.event("live", "read.updated")]
    while told[-1]["last_consumed_message_index"] != 19:
        told.append(await alice.feed.event("live", "read.updated"))
    assert len(told) <= 2 + time.monotonic() - started
    members = (await alice.call("member.list", channel=sid))["members"]
    assert [m["last_consumed_message_index"] for m in members] == [None, 19]


async def test_unread_totals(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    other = await alice.make_channel()
    quiet = await alice.make_channel()
    for channel in (other, quiet):
        await bob.enter(channel)
    await bob.call("channel.notify", channel=quiet, level="muted")
    for channel in (sid, other, quiet):
        await alice.say(channel)
        await bob.call("read.set", channel=channel, index=0)
        await gather(alice.say(channel), alice.say(channel))
    assert await bob.call("unread.total") == {"total": 4, "channels": {sid: 2, other: 2}}
    mine = await bob.call("channel.mine")
    assert [m["unread_messages_count"] for m in mine["memberships"]] == [2, 2, 2]
    await bob.call("read.all", channel=sid)
    assert await bob.call("unread.total") == {"total": 2, "channels": {other: 2}}


async def test_refusals(people: People, kind: str) -> None:
    _alice, bob, sid = await people.pair(kind)
    carol = await people.connect(kind, "carol")
    for method in ("read.all", "read.none", "unread.get"):
        assert await carol.refused(method, channel=sid) == 1400
    assert await carol.refused("read.set", channel=sid, index=0) == 1400
    assert await bob.refused("read.set", channel=sid) == 107
    assert await bob.refused("read.set", channel=sid, index=-1) == 107
    assert await bob.refused("read.set", channel=sid, index="0") == 107
    assert await bob.refused("read.all", channel=people.name("no")) == 1300


async def test_typing_is_seen_by_others_only(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    phone = await people.connect(kind, identity=alice.identity, node=1)
    assert await alice.call("typing.start", channel=sid) == {}
    typing = await bob.feed.event("live", "typing")
    assert (typing["identity"], typing["by"], typing["channel_sid"]) == (alice.identity, alice.identity, sid)
    assert typing["ttl_ms"] == 5000
    assert typing["member_sid"].startswith("MB")
    assert await alice.call("typing.start", channel=sid) == {}
    await alice.say(sid, "done typing")
    for person in (alice, phone, bob):
        await person.feed.event(f"chat:{sid}", "message.added")
    assert bob.feed.types("live").count("typing") == 1, "at most one in two seconds"
    assert "typing" not in [*alice.feed.types("live"), *phone.feed.types("live")]
    carol = await people.connect(kind, "carol")
    assert await carol.refused("typing.start", channel=sid) == 1400
    offsets = [h.offset for h in bob.feed.publications("live")]
    assert offsets == [0], "live is no stream"


@pytest.mark.parametrize("kind", ["js-json", "js-protobuf"])
async def test_typing_without_a_reply(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    await alice.js.send({"method": "typing.start", "params": {"channel": people.name("no")}})
    await alice.js.send({"method": "channel.delete", "params": {"channel": sid}})
    await alice.js.send("whatever")
    await alice.js.send({"method": "typing.start", "params": {"channel": sid}})
    assert (await bob.feed.event("live", "typing"))["identity"] == alice.identity
    assert (await alice.call("channel.get", channel=sid))["channel"]["sid"] == sid
