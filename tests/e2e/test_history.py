"""Reading the event log: `history` and `event.list`."""

from __future__ import annotations

import pytest

from .people import People, code_of, gather
from .sdk import Position


async def test_pages_forwards_and_backwards(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    await gather(*(alice.say(sid, f"n{number}") for number in range(8)))
    room = f"chat:{sid}"
    top = await bob.sdk.history(room)
    assert (top.publications, top.offset) == ([], 10)

    async def offsets(*, limit: int, since: int | None = None, reverse: bool = False) -> list[int]:
        position = None if since is None else Position(since, top.epoch)
        found = await bob.sdk.history(room, limit=limit, since=position, reverse=reverse)
        assert (found.offset, found.epoch) == (10, top.epoch)
        return [publication.offset for publication in found.publications]

    assert await offsets(limit=3) == [1, 2, 3]
    assert await offsets(limit=-1) == list(range(1, 11))
    assert await offsets(limit=4, since=3) == [4, 5, 6, 7]
    assert await offsets(limit=4, since=9) == [10]
    assert await offsets(limit=4, since=10) == []
    assert await offsets(limit=3, reverse=True) == [10, 9, 8]
    assert await offsets(limit=3, since=3, reverse=True) == [2, 1]
    found = await bob.sdk.history(room, limit=-1)
    assert [p.type for p in found.publications] == ["member.joined"] * 2 + ["message.added"] * 8
    assert await code_of(bob.sdk.history(room, limit=1, since=Position(3, "other-epoch"))) == 112
    assert await code_of(bob.sdk.history(room, limit=1, since=Position(11, top.epoch))) == 112


async def test_own_stream_has_a_history(people: People, kind: str) -> None:
    alice = await people.connect(kind, "alice", node=0)
    sid = await alice.make_channel()
    found = await alice.sdk.history("me", limit=10)
    assert [(p.offset, p.type, p.data["channel_sid"]) for p in found.publications] == [(1, "channel.joined", sid)]
    listed = await alice.call("event.list", channel="me")
    assert listed["events"] == [{"offset": 1, **found.publications[0].data}]
    assert (listed["offset"], listed["epoch"], listed["has_more"]) == (1, found.epoch, False)


async def test_only_members_read_it(people: People, kind: str) -> None:
    _alice, _bob, sid = await people.pair(kind)
    carol = await people.connect(kind, "carol")
    assert await code_of(carol.sdk.history(f"chat:{sid}", limit=1)) == 103
    assert await code_of(carol.sdk.history("live", limit=1)) == 108
    assert await code_of(carol.sdk.history("news", limit=1)) == 102
    assert await carol.refused("event.list", channel=sid) == 1400
    assert await carol.refused("event.list", channel=people.name("no")) == 1300


async def test_event_list_continues_from_a_position(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    await gather(*(alice.say(sid) for _ in range(5)))
    first = await bob.call("event.list", channel=sid, limit=3)
    assert [event["offset"] for event in first["events"]] == [1, 2, 3]
    assert (first["offset"], first["has_more"]) == (7, True)
    since = {"offset": 3, "epoch": first["epoch"]}
    rest = await bob.call("event.list", channel=sid, since=since)
    assert [event["offset"] for event in rest["events"]] == [4, 5, 6, 7]
    assert rest["has_more"] is False
    await bob.feed.until(lambda: len(bob.feed.publications(f"chat:{sid}")) == 5)
    published = [{"offset": p.offset, **p.data} for p in bob.feed.publications(f"chat:{sid}")]
    assert published == [event for event in first["events"] + rest["events"] if event["offset"] > 2]
    assert await bob.refused("event.list", channel=sid, since={"offset": 3, "epoch": "other"}) == 112
    assert await bob.refused("event.list", channel=sid, since={"offset": 8, "epoch": first["epoch"]}) == 112
    assert await bob.refused("event.list", channel=sid, limit=301) == 107
    assert await bob.refused("event.list", channel=sid, since=[3]) == 107


@pytest.mark.parametrize("protobuf", [False, True])
async def test_pages_are_cut_by_size(people: People, protobuf: bool) -> None:
    identity = people.name("alice")
    client = await people.native(identity, protobuf=protobuf)
    sid = (await client.rpc("channel.create"))["channel"]["sid"]
    for _ in range(12):
        await client.rpc("message.send", channel=sid, body="ä" * 15_000)
    offsets: list[int] = []
    pages = 0
    since = {"offset": 0, "epoch": ""}
    while not offsets or offsets[-1] < 13:
        found = await client.command("history", channel=f"chat:{sid}", limit=100, since=since)
        offsets += [publication["offset"] for publication in found["publications"]]
        since = {"offset": offsets[-1], "epoch": found["epoch"]}
        pages += 1
    assert offsets == list(range(1, 14))
    assert pages == 2
