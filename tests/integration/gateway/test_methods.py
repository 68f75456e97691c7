"""Every RPC method, and what others hear of it on another node."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from chatcore.commands.sending import SendDraft
from chatcore.domain.permissions import RoleType
from gateway.centrifuge import subscriptions
from gateway.centrifuge.rpc import METHODS
from tests.support.patience import until

from .rig import Client, Json, Rig, unknown

CHANNEL = {
    "sid",
    "unique_name",
    "friendly_name",
    "state",
    "state_updated",
    "type",
    "attributes",
    "created_by",
    "date_created",
    "date_updated",
    "members_count",
    "messages_count",
    "last_message",
    "rev",
    "stream",
}


async def pair(rig: Rig) -> tuple[Client, Client, Json]:
    """alice made a channel and bob joined it, each on a node of its own; both have read everything."""
    alice, bob = await rig.connected("alice", 0), await rig.connected("bob", 1)
    channel = (await alice.call("channel.create", unique_name="general"))["channel"]
    await bob.call("channel.join", channel="general")
    await bob.event("me", "channel.joined")
    await alice.event("chat:" + channel["sid"], "member.joined")
    return alice, bob, channel


async def test_channels(rig: Rig) -> None:
    alice, bob, channel = await pair(rig)
    name = "chat:" + channel["sid"]
    assert set(channel) == CHANNEL
    assert (channel["created_by"], channel["members_count"]) == ("alice", 1)
    found = await bob.call("channel.get", channel="general")
    assert set(found) == {"channel", "member"}
    assert found["member"]["identity"] == "bob"
    updated = (await alice.call("channel.update", channel="general", friendly_name="G", attributes={"b": 1}))["channel"]
    event = await bob.event(name, "channel.updated")
    assert event["channel"] == updated
    assert (event["by"], event["offset"], updated["rev"]) == ("alice", 3, 3)
    assert await alice.code("channel.update", channel="general", friendly_name="x", if_rev=2) == 409
    cleared = (await alice.call("channel.update", channel="general", unique_name=None))["channel"]
    assert cleared["unique_name"] is None
    assert await bob.code("channel.get", channel="general") == 1300
    listed = await bob.call("channel.list")
    assert ([c["sid"] for c in listed["channels"]], listed["next"]) == ([channel["sid"]], None)
    await alice.call("channel.delete", channel=channel["sid"])
    await bob.event(name, "channel.deleted")
    left = await bob.event("me", "channel.left")
    assert (left["reason"], left["channel_sid"]) == ("deleted", channel["sid"])
    assert await bob.code("channel.get", channel=channel["sid"]) == 1300


async def test_joining_and_leaving(rig: Rig) -> None:
    alice, bob, channel = await pair(rig)
    name = "chat:" + channel["sid"]
    assert await bob.code("channel.join", channel="general") == 1404
    assert await bob.call("channel.leave", channel="general") == {}
    left = await alice.event(name, "member.left")
    assert (left["reason"], left["member"]["identity"]) == ("left", "bob")
    assert await bob.code("channel.leave", channel="general") == 1400
    joined = await bob.call("channel.join", channel="general")
    assert joined["member"]["identity"] == "bob"
    assert joined["channel"]["members_count"] == 2


async def test_invitations(rig: Rig) -> None:
    alice, bob = await rig.connected("alice", 0), await rig.connected("bob", 1)
    created = await alice.call("channel.create", type="private", unique_name="secret")
    assert created["member"]["identity"] == "alice"
    assert await bob.code("channel.get", channel="secret") == 1300
    invite = (await alice.call("channel.invite", channel="secret", identity="bob"))["invite"]
    event = await bob.event("me", "channel.invited")
    assert event["invite"] == invite
    assert event["channel"]["unique_name"] == "secret"
    assert await alice.code("channel.invite", channel="secret", identity="bob") == 1212
    mine = (await bob.call("channel.mine", status="invited"))["memberships"]
    assert [(m["status"], m["invite"]["sid"], m["member"]) for m in mine] == [("invited", invite["sid"], None)]
    assert await bob.call("channel.decline", channel="secret") == {}
    assert (await bob.event("me", "channel.uninvited"))["invite"] == invite
    await alice.call("channel.invite", channel="secret", identity="bob")
    assert await alice.call("channel.uninvite", channel="secret", identity="bob") == {}
    assert await alice.code("channel.uninvite", channel="secret", identity="bob") == 1601
    await alice.call("channel.invite", channel="secret", identity="bob")
    assert (await bob.call("channel.join", channel="secret"))["channel"]["members_count"] == 2


async def test_own_channels(rig: Rig) -> None:
    alice = await rig.connected("alice")
    sids = [(await alice.call("channel.create"))["channel"]["sid"] for _ in range(5)]
    first = await alice.call("channel.mine", limit=2)
    second = await alice.call("channel.mine", limit=2, page=first["next"])
    last = await alice.call("channel.mine", limit=2, page=second["next"])
    found = [m["channel"]["sid"] for page in (first, second, last) for m in page["memberships"]]
    assert (found, last["next"]) == (sids, None)
    assert await alice.code("channel.mine", page="nonsense") == 107
    assert await alice.code("channel.mine", limit=101) == 107
    membership = (await alice.call("channel.notify", channel=sids[0], level="muted"))["membership"]
    assert membership["notification_level"] == "muted"
    assert (await alice.event("me", "channel.settings"))["notification_level"] == "muted"


async def test_members(rig: Rig) -> None:
    alice, bob, channel = await pair(rig)
    name = "chat:" + channel["sid"]
    listed = await bob.call("member.list", channel="general", limit=1)
    rest = await bob.call("member.list", channel="general", page=listed["next"])
    assert [m["identity"] for m in listed["members"] + rest["members"]] == ["alice", "bob"]
    added = (await alice.call("member.add", channel="general", identity="carol", attributes=[1]))["member"]
    assert added["attributes"] == [1]
    joined = await bob.event(name, "member.joined")
    assert joined["member"] == added
    updated = (await bob.call("member.update", channel="general", identity="bob", attributes={"x": 1}))["member"]
    event = await alice.event(name, "member.updated")
    assert event["member"] == updated
    assert await bob.code("member.update", channel="general", identity="carol", attributes=1) == 103
    assert await bob.code("member.remove", channel="general", identity="carol") == 103
    role = (await rig.nodes[0].chat.roles.create(rig.rest, "x", RoleType.CHANNEL.value, ["sendMessage"])).sid
    changed = (await alice.call("member.update", channel="general", identity="bob", role_sid=role))["member"]
    assert changed["role_sid"] == role
    assert await alice.call("member.remove", channel="general", identity="bob") == {}
    assert (await bob.event("me", "channel.left"))["reason"] == "removed"
    bob.take()
    assert {"channel": name, "unsubscribe": {"code": 2101, "reason": "removed"}} in bob.pushes
    assert await alice.code("member.remove", channel="general", identity="bob") == 1402


async def test_messages(rig: Rig) -> None:
    alice, bob, channel = await pair(rig)
    name = "chat:" + channel["sid"]
    sent = await alice.call("message.send", channel="general", body="Zoë 🎉", attributes={"b": 1}, client_ref="r")
    assert not sent["duplicate"]
    message = sent["message"]
    assert (message["index"], message["author"], message["attributes"]) == (0, "alice", {"b": 1})
    event = await bob.event(name, "message.added")
    assert event["message"] == message
    assert event["offset"] == message["rev"]
    assert (await alice.event(name, "message.added"))["message"] == message, "to the sender as well"
    again = await alice.call("message.send", channel="general", body="other", client_ref="r")
    assert again == {"message": message, "duplicate": True}
    for key in ({"index": 0}, {"sid": message["sid"]}):
        assert (await bob.call("message.get", channel="general", **key))["message"] == message
    assert await bob.code("message.update", channel="general", index=0, body="x") == 103
    edited = (await alice.call("message.update", channel="general", index=0, attributes=None))["message"]
    assert (edited["attributes"], edited["body"], edited["was_edited"]) == ({}, "Zoë 🎉", False or edited["was_edited"])
    assert (await bob.event(name, "message.updated"))["message"] == edited
    assert await alice.code("message.update", channel="general", index=0, body="x", if_rev=1) == 409
    assert await alice.call("message.delete", channel="general", sid=message["sid"]) == {}
    removed = (await bob.event(name, "message.removed"))["message"]
    assert removed == {"sid": message["sid"], "index": 0, "rev": 5}
    assert await alice.code("message.get", channel="general", index=0) == 1500
    assert not (await alice.call("message.send", channel="general", client_ref="r"))["duplicate"]


async def test_pages_of_messages(rig: Rig) -> None:
    alice, _, _ = await pair(rig)
    for number in range(6):
        await alice.call("message.send", channel="general", body=str(number))
    await alice.call("message.delete", channel="general", index=2)

    async def page(**params: Any) -> tuple[list[int], bool]:  # Any: JSON
        found = await alice.call("message.list", channel="general", **params)
        assert set(found) == {"messages", "has_more", "stream"}
        assert found["stream"]["offset"] == 9
        return [m["index"] for m in found["messages"]], found["has_more"]

    assert await page() == ([0, 1, 3, 4, 5], False)
    assert await page(limit=2) == ([4, 5], True)
    assert await page(limit=2, before=4) == ([1, 3], True)
    assert await page(limit=2, before=1) == ([0], False)
    assert await page(limit=2, before=0) == ([], False)
    assert await page(limit=2, after=0) == ([1, 3], True)
    assert await page(limit=2, after=3) == ([4, 5], False)
    assert await page(limit=2, after=5) == ([], False)
    assert await alice.code("message.list", channel="general", before=1, after=1) == 107
    assert await alice.code("message.list", channel="general", limit=0) == 107
    assert await alice.code("message.list", channel="general", before=-1) == 107


async def test_the_event_log(rig: Rig) -> None:
    alice, bob, channel = await pair(rig)
    for number in range(4):
        await alice.call("message.send", channel="general", body=str(number))
    first = await bob.call("event.list", channel="general", limit=4)
    assert [e["offset"] for e in first["events"]] == [1, 2, 3, 4]
    assert (first["offset"], first["epoch"], first["has_more"]) == (6, channel["stream"]["epoch"], True)
    since = {"offset": 4, "epoch": first["epoch"]}
    rest = await bob.call("event.list", channel=channel["sid"], since=since)
    assert ([e["offset"] for e in rest["events"]], rest["has_more"]) == ([5, 6], False)
    assert rest["events"][1]["message"]["body"] == "3"
    own = await bob.call("event.list", channel="me")
    assert [e["type"] for e in own["events"]] == ["channel.joined"]
    assert await bob.code("event.list", channel="general", since={"offset": 7}) == 112
    assert await bob.code("event.list", channel="general", since={"offset": 1, "epoch": "_"}) == 112
    assert await bob.code("event.list", channel="general", limit=301) == 107
    stranger = await rig.connected("stranger")
    assert await stranger.code("event.list", channel="general") == 1400
    reply = await bob.ask("history", channel="chat:" + channel["sid"], limit=2, reverse=True)
    assert [p["offset"] for p in reply["history"]["publications"]] == [6, 5]


async def test_reading(rig: Rig) -> None:
    alice, bob, channel = await pair(rig)
    other_device = await rig.connected("bob", 0)
    for number in range(4):
        await alice.call("message.send", channel="general", body=str(number))
    unread = await bob.call("unread.get", channel="general")
    assert unread == {"messages_count": 4, "last_consumed_message_index": None, "unread_messages_count": None}
    moved = await bob.call("read.set", channel="general", index=1)
    assert moved == {"last_consumed_message_index": 1, "unread_messages_count": 2}
    own = await other_device.event("me", "read.updated")
    assert (own["last_consumed_message_index"], own["unread_messages_count"]) == (1, 2)
    assert await bob.call("unread.total") == {"total": 2, "channels": {channel["sid"]: 2}}
    signal = await alice.event("live", "read.updated")
    assert (signal["identity"], signal["last_consumed_message_index"], signal["offset"]) == ("bob", 1, None)
    assert (await bob.call("read.set", channel="general", index=0))["last_consumed_message_index"] == 1
    forced = await bob.call("read.set", channel="general", index=0, force=True)
    assert forced["last_consumed_message_index"] == 0
    assert (await bob.call("read.all", channel="general"))["unread_messages_count"] == 0
    assert (await bob.call("read.none", channel="general"))["unread_messages_count"] is None
    assert await bob.code("read.set", channel="general", index=-1) == 107


async def test_typing(rig: Rig) -> None:
    alice, bob, _ = await pair(rig)
    assert await bob.call("typing.start", channel="general") == {}
    event = await alice.event("live", "typing")
    assert (event["identity"], event["ttl_ms"], event["offset"]) == ("bob", 5000, None)
    alice.peer.received(b'{"send":{"data":{"method":"typing.start","params":{"channel":"general"}}}}')
    assert (await bob.event("live", "typing"))["identity"] == "alice"


async def test_users(rig: Rig) -> None:
    await rig.nodes[0].chat.services.update(
        rig.service.account_sid, rig.service.sid, lambda s: replace(s, reachability_enabled=True)
    )
    alice = await rig.connected("alice", 0)
    await rig.nodes[0].chat.users.connected(replace(rig.rest, identity=None), "bob", None)  # type: ignore[arg-type]  # an identity
    watched = (await alice.call("user.watch", identities=["bob", "nobody"]))["users"]
    assert [(u["identity"], u["is_online"]) for u in watched] == [("bob", False)]
    bob = await rig.connected("bob", 1)
    event = await alice.event("live", "user.reachability")
    assert (event["identity"], event["is_online"]) == ("bob", True)
    updated = (await bob.call("user.update", friendly_name="Bob", attributes={"x": 1}))["user"]
    assert (updated["friendly_name"], updated["is_online"]) == ("Bob", True)
    assert (await alice.event("live", "user.updated"))["user"]["friendly_name"] == "Bob"
    assert (await bob.event("me", "user.updated"))["user"]["friendly_name"] == "Bob"
    assert (await alice.call("user.get", identity="bob"))["user"]["is_online"] is True
    assert len((await alice.call("user.list", identities=["alice", "bob", "nobody"]))["users"]) == 2
    assert await alice.code("user.get", identity="nobody") == 1200
    assert await alice.code("user.update", identity="bob", friendly_name="x") == 103
    assert await alice.code("user.list", identities=["x"] * 101) == 107
    assert await alice.call("user.unwatch", identities=["bob"]) == {}
    bob.drop()
    alice.take()
    await asyncio.sleep(0.05)
    alice.take()
    assert not [p for p in alice.pushes if p["channel"] == "live"]


async def test_long_messages_make_short_pages(rig: Rig) -> None:
    alice, _, channel = await pair(rig)
    for number in range(12):
        await rig.nodes[0].chat.messages.send(
            rig.rest, SendDraft(channel=channel["sid"], body=f"{number} " + "x" * 32_000)
        )
    newest = await alice.call("message.list", channel="general", limit=100)
    assert ([m["index"] for m in newest["messages"]], newest["has_more"]) == (list(range(4, 12)), True)
    older = await alice.call("message.list", channel="general", limit=100, before=4)
    assert ([m["index"] for m in older["messages"]], older["has_more"]) == (list(range(4)), False)
    oldest = await alice.call("message.list", channel="general", limit=100, after=0)
    assert ([m["index"] for m in oldest["messages"]], oldest["has_more"]) == (list(range(1, 9)), True)


async def test_a_connection_watches_so_many_users_at_a_time(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "WATCHED_MAX", 2)
    for identity in ("bob", "carol", "dave"):
        await rig.nodes[0].chat.users.connected(replace(rig.rest, identity=None), identity, None)  # type: ignore[arg-type]  # an identity
    alice = await rig.connected("alice", 0)
    assert len((await alice.call("user.watch", identities=["bob", "carol"]))["users"]) == 2
    assert await alice.code("user.watch", identities=["bob", "dave"]) == 106
    assert len((await alice.call("user.watch", identities=["bob", "carol"]))["users"]) == 2
    await alice.call("user.unwatch", identities=["carol"])
    assert len((await alice.call("user.watch", identities=["bob", "dave"]))["users"]) == 2


async def test_presence_of_two_nodes(rig: Rig) -> None:
    alice, bob, channel = await pair(rig)
    name = "chat:" + channel["sid"]
    stats = (await alice.ask("presence_stats", channel=name))["presence_stats"]
    assert stats == {"num_clients": 2, "num_users": 2}
    found = (await bob.ask("presence", channel=name))["presence"]["presence"]
    assert sorted(info["user"] for info in found.values()) == ["alice", "bob"]


async def test_what_rest_does_is_heard_by_clients(rig: Rig) -> None:
    alice, _, channel = await pair(rig)
    sent = await rig.nodes[1].chat.messages.send(rig.rest, SendDraft(channel="general", body="from REST"))
    event = await alice.event("chat:" + channel["sid"], "message.added")
    assert (event["message"]["sid"], event["by"], event["message"]["author"]) == (sent.message.sid, None, "system")


async def test_a_deleted_user_is_cut_off_everywhere(rig: Rig) -> None:
    alice, bob, channel = await pair(rig)
    await rig.nodes[0].chat.users.delete(rig.rest, "bob")
    event = await alice.event("chat:" + channel["sid"], "member.left")
    assert event["reason"] == "user_deleted"
    await until(lambda: bob.link.closed is not None)
    assert bob.link.closed == (3503, "force disconnect")


@pytest.mark.parametrize("method", sorted(set(METHODS) - {"media.create", "media.url"}))  # this node keeps no media
async def test_things_that_are_not_there(rig: Rig, method: str) -> None:
    """Whatever is named: a definite error, never an internal one."""
    alice = await rig.connected("alice")
    for channel in (unknown("CH"), "no such name", "", "x" * 3000, "me", "🎉"):
        params: Json = {
            "channel": channel,
            "identity": "nobody" if method != "user.update" else "🎉",
            "identities": ["nobody"],
            "index": 0,
            "level": "muted",
            "attributes": {},
        }
        reply = await alice.ask("rpc", method=method, data=params)
        if "error" in reply:
            assert reply["error"]["code"] in (1200, 1300, 112, 103, 107), reply
        else:
            assert json.dumps(reply["rpc"]["data"])
