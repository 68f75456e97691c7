"""Coming back after a lost connection: what was missed arrives once, in order, or the client is told to reload."""

from __future__ import annotations

import pytest

from .people import People, Person, gather
from .sdk import Position
from .tokens import access_token


async def miss(person: Person) -> None:
    """Loses the connection and cannot come back yet."""
    person.feed.forget()
    person.proxy.shut()
    await person.feed.take("connecting")


async def come_back(person: Person, node: str) -> None:
    person.proxy.use(node)
    person.proxy.reopen()
    await person.feed.take("connected")


@pytest.mark.parametrize("other_node", [False, True], ids=["same node", "other node"])
async def test_cut_connection_gets_what_it_missed(people: People, kind: str, other_node: bool) -> None:
    alice, bob, sid = await people.pair(kind)
    room = f"chat:{sid}"
    await alice.say(sid, "before")
    await bob.feed.event(room, "message.added")
    before = bob.feed.offsets(room)[-1]
    await miss(bob)
    for number in range(20):
        await alice.say(sid, f"missed {number}")
    await alice.call("message.update", channel=sid, index=3, body="edited")
    await alice.call("message.delete", channel=sid, index=5)
    other = await alice.make_channel()
    await alice.call("member.add", channel=other, identity=bob.identity)
    await come_back(bob, people.node(0 if other_node else 1))
    subscribed = await bob.feed.take("subscribed", room)
    assert (subscribed.was_recovering, subscribed.recovered, subscribed.offset) == (True, True, before)
    own = await bob.feed.take("subscribed", "me")
    assert (own.was_recovering, own.recovered) == (True, True)
    await bob.feed.take("subscribed", f"chat:{other}")
    assert (await bob.feed.event("me", "channel.joined"))["channel"]["sid"] == other
    await alice.say(sid, "after")
    await bob.feed.until(lambda: len(bob.feed.offsets(room)) == 24)
    first = bob.feed.offsets(room)[0]
    assert bob.feed.offsets(room) == list(range(first, first + 24))
    assert bob.feed.types(room)[-4:] == ["message.added", "message.updated", "message.removed", "message.added"]
    assert bob.feed.offsets("me") == [1, 2]


async def test_application_subscription_gets_what_it_missed(people: People, kind: str) -> None:
    alice, _bob, sid = await people.pair(kind)
    room = f"chat:{sid}"
    carol = await people.connect(kind, "carol", node=1, mode="feed")
    await carol.call("channel.join", channel=sid)
    await carol.sdk.subscribe(room)
    before = await carol.feed.take("subscribed", room)
    await miss(carol)
    await gather(*(alice.say(sid, f"missed {number}") for number in range(20)))
    await come_back(carol, people.node(0))
    again = await carol.feed.take("subscribed", room)
    assert (again.was_recovering, again.recovered, again.offset) == (True, True, before.offset)
    await carol.feed.until(lambda: len(carol.feed.offsets(room)) == 20)
    assert carol.feed.offsets(room) == list(range(before.offset + 1, before.offset + 21))


async def test_cuts_in_the_middle_of_a_stream_lose_and_double_nothing(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    room = f"chat:{sid}"
    for number in range(6):
        said = gather(*(alice.say(sid, f"{number} {part}") for part in range(30)))
        bob.proxy.use(people.node(number % 2))
        bob.proxy.cut()
        await said
    await bob.feed.until(lambda: len(bob.feed.offsets(room)) >= 180)
    first = bob.feed.offsets(room)[0]
    assert bob.feed.offsets(room) == list(range(first, first + 180))


async def test_gap_of_a_thousand_events_is_refused_and_paged(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    room = f"chat:{sid}"
    writers = await people.writers(sid, 20)
    await alice.say(sid, "before")
    await bob.feed.event(room, "message.added")
    applied = bob.feed.offsets(room)[-1]
    epoch = (await bob.sdk.history(room)).epoch
    await miss(bob)
    await gather(*(writer.rpc("message.send", channel=sid, body="fill") for writer in writers for _ in range(50)))
    await come_back(bob, people.node(0))
    subscribed = await bob.feed.take("subscribed", room)
    assert (subscribed.was_recovering, subscribed.recovered) == (True, False)
    assert (subscribed.offset, subscribed.epoch) == (applied + 1000, epoch)
    await alice.say(sid, "after")
    await bob.feed.event(room, "message.added")
    assert bob.feed.offsets(room)[-1] == applied + 1001, "no partial recovery"
    indexes: list[int] = []
    pages, since = 0, applied
    while since < subscribed.offset:
        page = await bob.call("event.list", channel=sid, since={"offset": since, "epoch": epoch}, limit=300)
        events = [event for event in page["events"] if event["offset"] <= subscribed.offset]
        indexes += [event["message"]["index"] for event in events]
        since, pages = events[-1]["offset"], pages + 1
    assert indexes == list(range(1, 1001))
    assert pages == 4
    position = Position(applied, epoch)
    offsets: list[int] = []
    while position.offset < subscribed.offset:
        stretch = await bob.sdk.history(room, limit=300, since=position)
        offsets += [publication.offset for publication in stretch.publications]
        position = Position(offsets[-1], epoch)
    assert offsets == list(range(applied + 1, applied + 1002))


async def test_state_of_the_application_is_asked_for_again_after_a_gap(people: People, asking_kind: str) -> None:
    alice, _bob, sid = await people.pair(asking_kind)
    room = f"chat:{sid}"
    carol = await people.connect(asking_kind, "carol", node=1, mode="feed")
    await carol.call("channel.join", channel=sid)
    writers = await people.writers(sid, 20)
    loaded: list[Position] = []
    start = (await carol.call("message.list", channel=sid))["stream"]
    tops = iter([Position(start["offset"], start["epoch"]), Position(start["offset"] + 400, start["epoch"])])

    def state() -> Position:
        loaded.append(next(tops))
        return loaded[-1]

    await alice.say(sid, "between loading and subscribing")
    await carol.sdk.subscribe(room, state)
    await carol.feed.event(room, "message.added")
    await miss(carol)
    await gather(*(writer.rpc("message.send", channel=sid, body="fill") for writer in writers for _ in range(20)))
    await alice.say(sid)
    await come_back(carol, people.node(1))
    await carol.feed.take("subscribed", room)
    await carol.feed.until(lambda: len(carol.feed.offsets(room)) == 3)
    assert len(loaded) == 2
    assert carol.feed.offsets(room) == [start["offset"] + 1, start["offset"] + 401, start["offset"] + 402]


async def test_more_bytes_than_a_reply_may_carry_are_refused(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    await miss(bob)
    for _ in range(9):
        await alice.say(sid, "x" * 32_000)
    await come_back(bob, people.node(1))
    subscribed = await bob.feed.take("subscribed", f"chat:{sid}")
    assert (subscribed.was_recovering, subscribed.recovered) == (True, False)
    assert bob.feed.publications(f"chat:{sid}") == []


async def test_room_that_was_lost_meanwhile_ends(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    await miss(bob)
    await alice.say(sid, "he may not read this")
    await alice.call("member.remove", channel=sid, identity=bob.identity)
    await alice.say(sid, "nor this")
    await come_back(bob, people.node(0))
    assert (await bob.feed.take("subscribed", "me")).recovered is True
    await bob.feed.take("unsubscribed", f"chat:{sid}")
    left = await bob.feed.event("me", "channel.left")
    assert (left["channel_sid"], left["reason"]) == (sid, "removed")
    assert bob.feed.publications(f"chat:{sid}") == []


@pytest.mark.parametrize("protobuf", [False, True])
async def test_position_of_somebody_else_is_refused(people: People, protobuf: bool) -> None:
    alice = await people.native(people.name("alice"))
    private = (await alice.rpc("channel.create", type="private"))["channel"]
    own = await alice.command("history", channel="me")
    mallory = await people.native(protobuf=protobuf)
    positions = {"recover": True, "offset": 0, "epoch": own["epoch"]}
    room = {"recover": True, "offset": 0, "epoch": private["stream"]["epoch"]}
    subs = {"me": positions, f"chat:{private['sid']}": room, "chat:nonsense": room, "live": room}
    result = await mallory.connect(access_token(people.name("mallory")), subs=subs)
    assert set(result["subs"]) == {"me", "live"}
    assert result["subs"]["me"]["was_recovering"] is True
    assert "recovered" not in result["subs"]["me"]
    assert "publications" not in result["subs"]["me"]
    assert result["subs"]["live"] == {}
