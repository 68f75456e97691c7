"""Methods on messages, and what people on the other node hear of them."""

from __future__ import annotations

from typing import Any

import pytest

from .people import People, code_of, gather


async def test_send_reaches_the_other_node(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    body = 'Grüße 👋 "quoted" \\ and\nlines\u2028\t<&>'
    sent = await alice.call(
        "message.send", channel=sid, body=body, attributes={"n": 1.5, "deep": [{"x": None}]}, client_ref="ref-1"
    )
    message = sent["message"]
    assert sent["duplicate"] is False
    assert (message["body"], message["author"], message["index"]) == (body, alice.identity, 0)
    assert message["attributes"] == {"n": 1.5, "deep": [{"x": None}]}
    assert (message["type"], message["media"], message["was_edited"]) == ("text", None, False)
    assert message["client_ref"] == "ref-1"
    for person in (bob, alice):
        heard = await person.feed.event(f"chat:{sid}", "message.added")
        assert heard["message"] == message
        assert (heard["by"], heard["channel_sid"]) == (alice.identity, sid)
        assert person.feed.offsets(f"chat:{sid}")[-1] == message["rev"]


async def test_send_refusals(people: People, kind: str) -> None:
    alice, _bob, sid = await people.pair(kind)
    carol = await people.connect(kind, "carol")
    assert await carol.refused("message.send", channel=sid, body="hi") == 1400
    assert await alice.refused("message.send", channel=people.name("no"), body="hi") == 1300
    assert await alice.refused("message.send", channel=sid, body="x" * 32_769) == 1504
    assert await alice.refused("message.send", channel=sid, body=5) == 107
    assert await alice.refused("message.send", channel=sid, body="nul\x00") == 107
    assert await alice.refused("message.send", channel=sid, body="x", client_ref="r" * 65) == 107
    assert await alice.refused("message.send", channel=sid, body="x", attributes={"a": "b" * 5000}) == 1303
    assert await alice.refused("message.send", body="nowhere") == 107
    first = await alice.say(sid, "x" * 32_768)
    assert first["index"] == 0, "refused sends burn no index"


async def test_role_without_the_permission_is_refused(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    role = await people.post("/Roles", FriendlyName=people.name(), Type="channel", Permission="leaveChannel")
    await people.post(f"/Channels/{sid}/Members/{bob.identity}", 200, RoleSid=role["sid"])
    await alice.feed.event(f"chat:{sid}", "member.updated")
    assert await bob.refused("message.send", channel=sid, body="hi") == 103
    assert await bob.refused("channel.notify", channel=sid, level="muted") == 103
    assert await bob.call("message.list", channel=sid)
    await people.post(f"/Roles/{role['sid']}", 200, Permission="sendMessage")
    assert (await bob.say(sid))["index"] == 0, "a changed role counts at once"
    assert await bob.refused("channel.leave", channel=sid) == 103


async def test_get_by_index_and_sid(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    message = await alice.say(sid, "findable")
    assert (await bob.call("message.get", channel=sid, index=0))["message"] == message
    assert (await bob.call("message.get", channel=sid, sid=message["sid"]))["message"] == message
    assert await bob.refused("message.get", channel=sid, index=1) == 1500
    assert await bob.refused("message.get", channel=sid, sid="IM" + "0" * 32) == 1500
    assert await bob.refused("message.get", channel=sid) == 107
    assert await bob.refused("message.get", channel=sid, index=0, sid=message["sid"]) == 107
    assert await bob.refused("message.get", channel=sid, index=-1) == 107


async def test_update_own_and_others(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    mine = await bob.say(sid, "teh")
    updated = (await bob.call("message.update", channel=sid, index=0, body="the", attributes={"fixed": True}))[
        "message"
    ]
    assert (updated["body"], updated["attributes"], updated["was_edited"]) == ("the", {"fixed": True}, True)
    assert updated["last_updated_by"] == bob.identity
    heard = await alice.feed.event(f"chat:{sid}", "message.updated")
    assert heard["message"] == updated
    theirs = await alice.say(sid, "mine")
    assert await bob.refused("message.update", channel=sid, sid=theirs["sid"], body="no") == 103
    assert await alice.refused("message.update", channel=sid, index=0, body="x", if_rev=mine["rev"]) == 409
    moderated = await alice.call("message.update", channel=sid, index=0, body="***", if_rev=updated["rev"])
    assert moderated["message"]["author"] == bob.identity
    assert moderated["message"]["last_updated_by"] == alice.identity
    assert await bob.refused("message.update", channel=sid, index=9, body="x") == 1500
    assert await bob.refused("message.update", channel=sid, index=0, body="x" * 32_769) == 1504


async def test_delete_burns_the_index(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    message = await alice.say(sid, "oops")
    assert await bob.refused("message.delete", channel=sid, index=0) == 103
    assert await alice.call("message.delete", channel=sid, index=0) == {}
    removed = await bob.feed.event(f"chat:{sid}", "message.removed")
    offset = bob.feed.offsets(f"chat:{sid}")[-1]
    assert removed["message"] == {"sid": message["sid"], "index": 0, "rev": offset}
    assert await bob.refused("message.get", channel=sid, index=0) == 1500
    assert await alice.refused("message.delete", channel=sid, index=0) == 1500
    assert (await bob.say(sid, "next"))["index"] == 1
    assert await bob.call("message.delete", channel=sid, index=1) == {}


async def test_list_pages_both_ways(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    await gather(*(alice.say(sid, f"n{number}") for number in range(7)))

    async def page(**params: int) -> tuple[list[int], bool]:
        found = await bob.call("message.list", channel=sid, **params)
        return [message["index"] for message in found["messages"]], found["has_more"]

    assert await page() == ([0, 1, 2, 3, 4, 5, 6], False)
    assert await page(limit=3) == ([4, 5, 6], True)
    assert await page(limit=3, before=4) == ([1, 2, 3], True)
    assert await page(limit=3, before=1) == ([0], False)
    assert await page(limit=3, after=1) == ([2, 3, 4], True)
    assert await page(limit=3, after=4) == ([5, 6], False)
    assert await page(before=0) == ([], False)
    stream = (await bob.call("message.list", channel=sid, limit=1))["stream"]
    position = await bob.sdk.history(f"chat:{sid}")
    assert (position.offset, position.epoch) == (stream["offset"], stream["epoch"])
    assert await bob.refused("message.list", channel=sid, before=1, after=1) == 107
    assert await bob.refused("message.list", channel=sid, limit=101) == 107


async def test_same_ref_sends_once(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    phone = await people.connect(kind, identity=alice.identity, node=1)
    first = await alice.call("message.send", channel=sid, body="one", client_ref="same")
    again = await phone.call("message.send", channel=sid, body="other words", client_ref="same")
    assert again == {"message": first["message"], "duplicate": True}
    assert (await bob.call("message.send", channel=sid, body="two", client_ref="same"))["duplicate"] is False
    await alice.call("message.delete", channel=sid, index=0)
    free = await alice.call("message.send", channel=sid, body="three", client_ref="same")
    assert (free["duplicate"], free["message"]["index"]) == (False, 2)
    await bob.feed.until(lambda: bob.feed.types(f"chat:{sid}").count("message.added") == 3)
    bodies = [h.data["message"]["body"] for h in bob.feed.publications(f"chat:{sid}") if h.type == "message.added"]
    assert bodies == ["one", "two", "three"]


@pytest.mark.parametrize("kind", ["js-json", "js-protobuf"])
async def test_calls_of_one_turn_share_a_frame(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    calls: list[tuple[str, dict[str, Any]]] = [
        ("message.send", {"channel": sid, "body": str(number)}) for number in range(20)
    ]
    calls.insert(10, ("message.send", {"channel": sid, "body": 10}))
    answers = await alice.js.together(calls)
    assert answers.pop(10) == {"error": 107}
    assert [answer["result"]["message"]["index"] for answer in answers] == list(range(20))
    added = [(await bob.feed.event(f"chat:{sid}", "message.added"))["message"] for _ in range(20)]
    assert [(message["index"], message["body"]) for message in added] == [(n, str(n)) for n in range(20)]


async def test_clients_do_not_publish(people: People, kind: str) -> None:
    alice, _bob, sid = await people.pair(kind)
    for channel in (f"chat:{sid}", "me", "live"):
        assert await code_of(alice.sdk.publish(channel, {"type": "message.added"})) == 108
