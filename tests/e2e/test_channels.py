"""Methods on channels, and what people on the other node hear of them."""

from __future__ import annotations

from .people import People


async def test_create_makes_the_caller_its_admin(people: People, kind: str) -> None:
    alice = await people.connect(kind, "alice")
    unique = people.name("room")
    made = await alice.call(
        "channel.create", friendly_name="Räume 🏠", unique_name=unique, type="private", attributes={"tags": ["a", 1]}
    )
    channel, member = made["channel"], made["member"]
    assert channel["friendly_name"] == "Räume 🏠"
    assert channel["unique_name"] == unique
    assert channel["type"] == "private"
    assert channel["attributes"] == {"tags": ["a", 1]}
    assert channel["created_by"] == alice.identity
    assert (channel["members_count"], channel["messages_count"], channel["last_message"]) == (1, 0, None)
    assert member["identity"] == alice.identity
    assert member["role_sid"] == await people.role("channel admin")
    joined = await alice.feed.event("me", "channel.joined")
    assert joined["channel"]["sid"] == joined["channel_sid"] == channel["sid"]
    assert joined["member"] == member
    kinds = [(h.kind, h.channel) for h in alice.feed.seen]
    subscribed = kinds.index(("subscribed", f"chat:{channel['sid']}"))
    assert subscribed < kinds.index(("publication", "me")), "the subscription comes before the news of it"


async def test_create_without_joining(people: People, kind: str) -> None:
    alice = await people.connect(kind, "alice")
    made = await alice.call("channel.create", join=False)
    assert made["member"] is None
    assert made["channel"]["members_count"] == 0


async def test_create_refusals(people: People, kind: str) -> None:
    alice = await people.connect(kind, "alice")
    unique = people.name("room")
    await alice.make_channel(unique_name=unique)
    assert await alice.refused("channel.create", unique_name=unique) == 1307
    assert await alice.refused("channel.create", unique_name="CH" + "0" * 32) == 1306
    assert await alice.refused("channel.create", type="secret") == 107
    assert await alice.refused("channel.create", friendly_name=["x"]) == 107
    assert await alice.refused("channel.create", friendly_name="nul\x00") == 107
    assert await alice.refused("channel.create", attributes={"x": "y" * 17_000}) == 1303


async def test_get_by_sid_and_by_unique_name(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    unique = people.name("room")
    await alice.call("channel.update", channel=sid, unique_name=unique)
    by_sid = await bob.call("channel.get", channel=sid)
    assert by_sid == await bob.call("channel.get", channel=unique)
    assert by_sid["member"]["identity"] == bob.identity
    carol = await people.connect(kind, "carol")
    assert (await carol.call("channel.get", channel=sid))["member"] is None
    assert await carol.refused("channel.get", channel=people.name("absent")) == 1300


async def test_private_channel_does_not_exist_for_strangers(people: People, kind: str) -> None:
    alice = await people.connect(kind, "alice", node=0)
    bob = await people.connect(kind, "bob", node=1)
    sid = await alice.make_channel(type="private")
    assert await bob.refused("channel.get", channel=sid) == 1300
    assert await bob.refused("channel.join", channel=sid) == 1300
    assert await bob.refused("message.list", channel=sid) == 1300
    assert await bob.refused("message.send", channel=sid, body="hi") == 1300
    await bob.sdk.subscribe(f"chat:{sid}")
    assert (await bob.feed.take("unsubscribed", f"chat:{sid}")).code == 103
    listed = await bob.call("channel.list", limit=100)
    assert sid not in [channel["sid"] for channel in listed["channels"]]


async def test_update_reaches_members(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    unique = people.name("room")
    updated = await alice.call(
        "channel.update", channel=sid, friendly_name="New", unique_name=unique, attributes={"topic": "cats"}
    )
    heard = await bob.feed.event(f"chat:{sid}", "channel.updated")
    assert heard["channel"] == updated["channel"]
    assert heard["by"] == alice.identity
    assert heard["channel_sid"] == sid
    assert updated["channel"]["rev"] == bob.feed.offsets(f"chat:{sid}")[-1]
    assert await bob.refused("channel.update", channel=sid, friendly_name="Mine") == 103
    assert await alice.refused("channel.update", channel=sid, friendly_name="Late", if_rev=1) == 409
    rev = updated["channel"]["rev"]
    again = await alice.call("channel.update", channel=sid, friendly_name=None, unique_name=None, if_rev=rev)
    assert again["channel"]["friendly_name"] is None
    assert again["channel"]["unique_name"] is None
    assert again["channel"]["attributes"] == {"topic": "cats"}


async def test_delete_ends_it_for_everybody(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    assert await bob.refused("channel.delete", channel=sid) == 103
    assert await alice.call("channel.delete", channel=sid) == {}
    for person in (alice, bob):
        await person.feed.event(f"chat:{sid}", "channel.deleted")
        await person.feed.take("unsubscribed", f"chat:{sid}")
        assert (await person.feed.event("me", "channel.left"))["reason"] == "deleted"
    assert await bob.refused("channel.get", channel=sid) == 1300
    assert await bob.refused("message.list", channel=sid) == 1300


async def test_join_and_leave(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    assert await bob.refused("channel.join", channel=sid) == 1404
    assert await bob.call("channel.leave", channel=sid) == {}
    await bob.feed.take("unsubscribed", f"chat:{sid}")
    assert (await bob.feed.event("me", "channel.left"))["reason"] == "left"
    left = await alice.feed.event(f"chat:{sid}", "member.left")
    assert left["reason"] == "left"
    assert left["member"]["identity"] == left["by"] == bob.identity
    assert await bob.refused("channel.leave", channel=sid) == 1400
    joined = await bob.call("channel.join", channel=sid)
    assert joined["channel"]["members_count"] == 2
    assert joined["member"]["role_sid"] == await people.role("channel user")
    heard = await alice.feed.event(f"chat:{sid}", "member.joined")
    assert heard["member"] == joined["member"]
    assert "member.left" not in bob.feed.types(f"chat:{sid}"), "who leaves does not read of it in the channel"


async def test_invite_is_accepted_by_joining(people: People, kind: str) -> None:
    alice = await people.connect(kind, "alice", node=0)
    bob = await people.connect(kind, "bob", node=1)
    sid = await alice.make_channel(type="private")
    invite = (await alice.call("channel.invite", channel=sid, identity=bob.identity))["invite"]
    assert (invite["identity"], invite["created_by"], invite["channel_sid"]) == (bob.identity, alice.identity, sid)
    invited = await bob.feed.event("me", "channel.invited")
    assert invited["invite"] == invite
    assert invited["channel"]["sid"] == sid
    assert (await bob.call("channel.get", channel=sid))["member"] is None
    mine = await bob.call("channel.mine", status="invited")
    assert [(m["status"], m["invite"], m["member"]) for m in mine["memberships"]] == [("invited", invite, None)]
    assert await alice.refused("channel.invite", channel=sid, identity=bob.identity) == 1212
    assert await bob.refused("message.list", channel=sid) == 1400
    await bob.enter(sid)
    await alice.feed.event(f"chat:{sid}", "member.joined")
    assert await alice.refused("channel.invite", channel=sid, identity=bob.identity) == 1404
    assert await bob.refused("channel.invite", channel=sid, identity=people.name()) == 103
    assert await alice.refused("channel.invite", channel=sid, identity=people.name()) == 1200


async def test_invite_is_withdrawn_or_declined(people: People, kind: str) -> None:
    alice = await people.connect(kind, "alice", node=0)
    bob = await people.connect(kind, "bob", node=1)
    sid = await alice.make_channel(type="private")
    invite = (await alice.call("channel.invite", channel=sid, identity=bob.identity))["invite"]
    await bob.feed.event("me", "channel.invited")
    assert await alice.call("channel.uninvite", channel=sid, identity=bob.identity) == {}
    assert (await bob.feed.event("me", "channel.uninvited"))["invite"] == invite
    assert await bob.refused("channel.get", channel=sid) == 1300
    assert await alice.refused("channel.uninvite", channel=sid, identity=bob.identity) == 1601
    await alice.call("channel.invite", channel=sid, identity=bob.identity)
    assert await bob.call("channel.decline", channel=sid) == {}
    await bob.feed.event("me", "channel.uninvited")
    assert await bob.refused("channel.join", channel=sid) == 1300
    assert await alice.refused("channel.decline", channel=sid) == 1601


async def test_lists_are_paged(people: People, kind: str) -> None:
    alice = await people.connect(kind, "alice")
    made = [(await alice.call("channel.create"))["channel"]["sid"] for _ in range(5)]
    found, page = [], None
    while True:
        part = await alice.call("channel.mine", limit=2, status="joined", **({"page": page} if page else {}))
        assert len(part["memberships"]) <= 2
        found += [membership["channel"]["sid"] for membership in part["memberships"]]
        page = part["next"]
        if page is None:
            break
    assert sorted(found) == sorted(made)
    listed: list[str] = []
    page = None
    while page is not None or not listed:
        part = await alice.call("channel.list", limit=100, **({"page": page} if page else {}))
        listed += [channel["sid"] for channel in part["channels"]]
        page = part["next"]
    assert set(made) <= set(listed)
    assert len(listed) == len(set(listed))
    assert await alice.refused("channel.list", limit=101) == 107
    assert await alice.refused("channel.list", limit=0) == 107
    assert await alice.refused("channel.mine", page="nonsense") == 107
    assert await alice.refused("channel.mine", status="away") == 107


async def test_notification_level_reaches_other_devices(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    phone = await people.connect(kind, identity=bob.identity, node=0)
    membership = (await bob.call("channel.notify", channel=sid, level="muted"))["membership"]
    assert membership["notification_level"] == "muted"
    settings = await phone.feed.event("me", "channel.settings")
    assert (settings["channel_sid"], settings["notification_level"]) == (sid, "muted")
    assert await bob.refused("channel.notify", channel=sid, level="loud") == 107
    assert "channel.settings" not in alice.feed.types("me")


async def test_unknown_methods_and_wrong_params(people: People, kind: str) -> None:
    alice = await people.connect(kind, "alice")
    assert await alice.refused("channel.explode") == 104
    assert await alice.refused("x" * 65) == 107
    assert await alice.refused("channel.get") == 107
    assert await alice.refused("channel.get", channel=None) == 107
    assert await alice.refused("channel.get", channel=7) == 107
    assert await alice.refused("channel.get", channel="nul\x00") == 107
    assert await alice.refused("media.create", size="big") == 107
    assert (await alice.call("unread.total", unknown="field"))["total"] == 0
