"""Methods on members, and what people on the other node hear of them."""

from __future__ import annotations

from .people import People


async def test_add_brings_somebody_in(people: People, kind: str) -> None:
    alice = await people.connect(kind, "alice", node=0)
    bob = await people.connect(kind, "bob", node=1)
    sid = await alice.make_channel(type="private")
    added = (await alice.call("member.add", channel=sid, identity=bob.identity, attributes={"seat": 1}))["member"]
    assert added["attributes"] == {"seat": 1}
    await bob.feed.take("subscribed", f"chat:{sid}")
    joined = await bob.feed.event("me", "channel.joined")
    assert joined["member"] == added
    assert joined["by"] == alice.identity
    assert (await alice.feed.event(f"chat:{sid}", "member.joined"))["member"] == added
    assert await alice.refused("member.add", channel=sid, identity=bob.identity) == 1404
    assert await bob.refused("member.add", channel=sid, identity=people.name()) == 103
    assert await alice.refused("member.add", channel=sid, identity="x" * 300) == 1207
    assert await alice.refused("member.add", channel=sid) == 107


async def test_add_creates_missing_users_and_takes_a_role(people: People, kind: str) -> None:
    alice = await people.connect(kind, "alice")
    admin = await people.role("channel admin")
    sid = await alice.make_channel()
    identity = people.name("new")
    member = (await alice.call("member.add", channel=sid, identity=identity, role_sid=admin))["member"]
    assert member["role_sid"] == admin
    assert (await alice.call("user.get", identity=identity))["user"]["identity"] == identity


async def test_list_is_for_members_and_paged(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    for number in range(3):
        await alice.call("member.add", channel=sid, identity=people.name(f"m{number}"))
    first = await bob.call("member.list", channel=sid, limit=3)
    second = await bob.call("member.list", channel=sid, limit=3, page=first["next"])
    identities = [member["identity"] for part in (first, second) for member in part["members"]]
    assert len(set(identities)) == 5
    assert identities[:2] == [alice.identity, bob.identity]
    assert second["next"] is None
    carol = await people.connect(kind, "carol")
    assert await carol.refused("member.list", channel=sid) == 1400


async def test_update_attributes_and_role(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    member = (await bob.call("member.update", channel=sid, identity=bob.identity, attributes={"mood": "🙂"}))["member"]
    heard = await alice.feed.event(f"chat:{sid}", "member.updated")
    assert heard["member"] == member
    assert heard["by"] == bob.identity
    assert member["attributes"] == {"mood": "🙂"}
    admin = await people.role("channel admin")
    assert await bob.refused("member.update", channel=sid, identity=alice.identity, attributes={}) == 103
    assert await bob.refused("member.update", channel=sid, identity=bob.identity, role_sid=admin) == 103
    assert await alice.refused("member.update", channel=sid, identity=people.name(), attributes={}) == 1402
    stale = {"channel": sid, "identity": bob.identity, "if_rev": 1}
    assert await alice.refused("member.update", attributes={}, **stale) == 409
    promoted = (await alice.call("member.update", channel=sid, identity=bob.identity, role_sid=admin))["member"]
    assert promoted["role_sid"] == admin
    assert (await bob.feed.event(f"chat:{sid}", "member.updated"))["member"]["attributes"] == {"mood": "🙂"}
    assert (await bob.feed.event(f"chat:{sid}", "member.updated"))["member"] == promoted
    assert (await bob.call("channel.update", channel=sid, friendly_name="Mine"))["channel"]["friendly_name"] == "Mine"


async def test_remove_throws_somebody_out(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    assert await bob.refused("member.remove", channel=sid, identity=alice.identity) == 103
    assert await alice.call("member.remove", channel=sid, identity=bob.identity) == {}
    await bob.feed.take("unsubscribed", f"chat:{sid}")
    left = await bob.feed.event("me", "channel.left")
    assert (left["reason"], left["channel_sid"], left["by"]) == ("removed", sid, alice.identity)
    heard = await alice.feed.event(f"chat:{sid}", "member.left")
    assert (heard["reason"], heard["member"]["identity"]) == ("removed", bob.identity)
    assert await alice.refused("member.remove", channel=sid, identity=bob.identity) == 1402
    await alice.say(sid, "he is gone")
    assert await bob.refused("message.send", channel=sid, body="let me in") == 1400
    assert await bob.refused("message.list", channel=sid) == 1400
    assert bob.feed.types(f"chat:{sid}") == []


async def test_full_channel_takes_nobody(people: People, kind: str) -> None:
    created = await people.rest.post("/v2/Services", data={"FriendlyName": "small"})
    service = created.json()["sid"]
    await people.post("", 200, service, **{"Limits.ChannelMembers": "2"})
    alice = await people.connect(kind, "alice", service=service)
    bob = await people.connect(kind, "bob", service=service, node=1)
    carol = await people.connect(kind, "carol", service=service)
    sid = await alice.make_channel()
    await bob.enter(sid)
    assert await carol.refused("channel.join", channel=sid) == 1403
    assert await alice.refused("member.add", channel=sid, identity=carol.identity) == 1403
