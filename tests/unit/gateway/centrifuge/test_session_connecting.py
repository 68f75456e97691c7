"""What reaches a connection by itself, and in which order."""

from __future__ import annotations

from tests.support.virtual_time import settled

from .fakes import room
from .stage import Client, Stage


async def connected(stage: Stage, identity: str = "alice", mode: str = "joined") -> Client:
    client = stage.client()
    await client.connect(identity, data={"subscribe": mode})
    return client


def unsubscribed(number: int, code: int, reason: str) -> tuple[str, str, object]:
    return room(number), "unsubscribe", {"code": code, "reason": reason}


# Connecting while things happen.


async def test_what_happens_while_a_connection_is_made_is_not_lost(stage: Stage) -> None:
    """Between reading the memberships and attaching, one begins and another ends."""
    stage.make_channel(1, "alice")
    stage.make_channel(2)
    stage.user("alice")
    client = stage.client()
    stage.history.gate.clear()
    client.say({"id": 1, "connect": {"token": "alice"}})
    await settled()
    stage.hear(*stage.leave(1, "alice"), *stage.join(2, "alice"), stage.message(2))
    stage.history.gate.set()
    reply, *rest = await client.new()
    assert set(reply["connect"]["subs"]) == {"me", "live"}
    assert reply["connect"]["subs"]["me"]["offset"] == 2
    assert [m["push"]["channel"] for m in rest] == [room(2), room(2)]  # the subscription, and the message since
    stage.hear(stage.message(1), stage.message(2))
    assert await client.pushes() == [(room(2), "pub", (3, "message.added"))]


async def test_a_membership_renewed_before_it_was_read_is_not_ended_by_its_former_end(stage: Stage) -> None:
    stage.make_channel(1, "alice")
    stage.user("alice")
    stage.history.before_joined = lambda: stage.hear(*stage.leave(1, "alice"), *stage.join(1, "alice"))
    client = stage.client()
    client.say({"id": 1, "connect": {"token": "alice"}})
    (reply,) = await client.new()
    assert set(reply["connect"]["subs"]) == {"me", "live", room(1)}
    stage.hear(stage.message(1))
    assert await client.pushes() == [(room(1), "pub", (3, "message.added"))]


async def test_messages_while_a_connection_is_made_come_once(stage: Stage) -> None:
    stage.make_channel(1, "alice")
    stage.user("alice")
    first = stage.message(1)
    other = await connected(stage, "alice")
    client = stage.client()
    stage.history.gate.clear()
    client.say({"id": 1, "connect": {"token": "alice", "subs": {room(1): _from(0, "epoch of 1")}}})
    await settled()
    second = stage.message(1)
    stage.hear(first, second)
    stage.history.gate.set()
    (reply,) = await client.new()
    sub = reply["connect"]["subs"][room(1)]
    assert (sub["recovered"], [pub["offset"] for pub in sub["publications"]]) == (True, [1, 2])
    stage.hear(stage.message(1))
    assert await client.pushes() == [(room(1), "pub", (3, "message.added"))]
    assert [entry for _, _, entry in await other.pushes()] == [(2, "message.added"), (3, "message.added")]


async def test_a_node_that_heard_less_than_the_client_catches_up_first(stage: Stage) -> None:
    """The client comes from another node, which was faster."""
    stage.make_channel(1, "alice")
    slow = await connected(stage)
    for _ in range(3):
        stage.message(1)
    stage.join(1, "alice")
    client = stage.client()
    subs = {room(1): _from(3, "epoch of 1"), "me": _from(1, "epoch of alice")}
    result = await client.connect(subs=subs)
    assert result["subs"][room(1)]["recovered"]
    assert [pub["offset"] for pub in result["subs"][room(1)]["publications"]] == [4]
    assert result["subs"]["me"]["recovered"]
    assert "publications" not in result["subs"]["me"]
    pushes = [entry for channel, _, entry in await slow.pushes() if channel == room(1)]
    assert pushes == [(1, "message.added"), (2, "message.added"), (3, "message.added"), (4, "member.joined")]


async def test_positions_in_channels_one_may_not_read_are_ignored(stage: Stage) -> None:
    stage.make_channel(1, "bob")
    stage.message(1)
    client = stage.client()
    subs = {room(1): _from(0, "epoch of 1"), "live": _from(0, ""), "nonsense": _from(0, "")}
    result = await client.connect(subs=subs)
    assert result["subs"] == {
        "me": {"recoverable": True, "positioned": True, "epoch": "epoch of alice"},
        "live": {},
    }


async def test_the_position_of_anothers_own_stream_is_refused(stage: Stage) -> None:
    stage.make_channel(1)
    stage.hear(*stage.join(1, "alice"), *stage.join(1, "bob"))
    result = await stage.client().connect("bob", subs={"me": _from(0, "epoch of alice")})
    sub = result["subs"]["me"]
    assert (sub["was_recovering"], sub.get("recovered"), sub["offset"]) == (True, None, 1)
    assert "publications" not in sub


def _from(offset: int, epoch: str) -> dict[str, object]:
    return {"recover": True, "offset": offset, "epoch": epoch}
