"""Methods on users, and who hears of their changes."""

from __future__ import annotations

from .people import People


async def test_get_and_list(people: People, kind: str) -> None:
    alice = await people.connect(kind, "alice", node=0)
    bob = await people.connect(kind, "bob", node=1)
    user = (await alice.call("user.get", identity=bob.identity))["user"]
    assert user["identity"] == bob.identity
    assert user["sid"].startswith("US")
    assert user["role_sid"] == await people.role("service user")
    listed = await alice.call("user.list", identities=[bob.identity, people.name("absent"), alice.identity])
    assert sorted(user["identity"] for user in listed["users"]) == sorted([alice.identity, bob.identity])
    assert await alice.refused("user.get", identity=people.name("absent")) == 1200
    assert await alice.refused("user.list", identities=["x"] * 101) == 107
    assert await alice.refused("user.list", identities="x") == 107


async def test_update_is_told_to_own_devices_and_watchers(people: People, kind: str) -> None:
    alice = await people.connect(kind, "alice", node=0)
    phone = await people.connect(kind, identity=alice.identity, node=1)
    bob = await people.connect(kind, "bob", node=1)
    carol = await people.connect(kind, "carol", node=1)
    watched = await bob.call("user.watch", identities=[alice.identity])
    assert [user["identity"] for user in watched["users"]] == [alice.identity]
    user = (await alice.call("user.update", friendly_name="Älice", attributes={"a": [1]}))["user"]
    assert (user["friendly_name"], user["attributes"]) == ("Älice", {"a": [1]})
    own = await phone.feed.event("me", "user.updated")
    assert own["user"]["friendly_name"] == "Älice"
    assert own["user"]["rev"] == user["rev"] == phone.feed.offsets("me")[-1]
    told = await bob.feed.event("live", "user.updated")
    assert told["user"]["attributes"] == {"a": [1]}
    assert await bob.call("user.unwatch", identities=[alice.identity]) == {}
    await alice.call("user.update", friendly_name="Alice")
    await phone.feed.event("me", "user.updated")
    await bob.call("user.update", friendly_name="Bob")
    await bob.feed.event("me", "user.updated")
    assert bob.feed.types("live") == ["user.updated"]
    assert carol.feed.types("live") == []


async def test_update_of_others_needs_the_role(people: People, kind: str) -> None:
    alice = await people.connect(kind, "alice", node=0)
    bob = await people.connect(kind, "bob", node=1)
    assert await alice.refused("user.update", identity=bob.identity, friendly_name="x") == 103
    admin = await people.role("service admin")
    await people.post(f"/Users/{alice.identity}", 200, RoleSid=admin)
    updated = await alice.call("user.update", identity=bob.identity, friendly_name="Robert")
    assert updated["user"]["friendly_name"] == "Robert"
    heard = await bob.feed.event("me", "user.updated")
    assert (heard["by"], heard["user"]["friendly_name"]) == (alice.identity, "Robert")
    assert await alice.refused("user.update", identity=people.name("absent"), friendly_name="x") == 1200
    assert await alice.refused("user.update", attributes={"x": "y" * 5000}) == 1303


async def test_watchers_see_people_come_and_go(people: People, kind: str) -> None:
    created = await people.rest.post("/v2/Services", data={"FriendlyName": "reachable"})
    service = created.json()["sid"]
    await people.post("", 200, service, ReachabilityEnabled="true")
    alice = await people.connect(kind, "alice", node=0, service=service)
    bob = await people.connect(kind, "bob", node=1, service=service)
    (user,) = (await alice.call("user.watch", identities=[bob.identity]))["users"]
    assert user["is_online"] is True
    await bob.sdk.disconnect()
    gone = await alice.feed.event("live", "user.reachability")
    assert (gone["identity"], gone["is_online"]) == (bob.identity, False)
    assert (await alice.call("user.get", identity=bob.identity))["user"]["is_online"] is False
    await bob.sdk.connect()
    back = await alice.feed.event("live", "user.reachability")
    assert (back["identity"], back["is_online"]) == (bob.identity, True)


async def test_reachability_is_off_by_default(people: People, kind: str) -> None:
    alice = await people.connect(kind, "alice", node=0)
    bob = await people.connect(kind, "bob", node=1)
    (user,) = (await alice.call("user.watch", identities=[bob.identity]))["users"]
    assert user["is_online"] is None
    await bob.sdk.disconnect()
    await people.post(f"/Users/{bob.identity}", 200, FriendlyName="Bob")
    await alice.feed.event("live", "user.updated")
    assert alice.feed.types("live") == ["user.updated"]
