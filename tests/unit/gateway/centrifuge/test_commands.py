from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.centrifuge import presence
from gateway.centrifuge.commands import NAMES, name_of
from gateway.centrifuge.messages import Rpc
from gateway.centrifuge.room_services import SUBSCRIPTIONS_MAX
from gateway.centrifuge.rpc import METHODS
from tests.support.virtual_time import settled

from .fakes import channel_sid, room, user_sid
from .stage import Client, Stage


@pytest.fixture
async def client(stage: Stage) -> Client:
    """alice, in feed mode: she is a member of 1 and 2, not of 3; 9 does not exist."""
    stage.make_channel(1, "alice")
    stage.make_channel(2, "alice")
    stage.make_channel(3, "bob")
    made = stage.client()
    await made.connect(data={"subscribe": "feed"})
    return made


async def test_a_subscription_starts_at_the_top(stage: Stage, client: Client) -> None:
    stage.hear(stage.message(1), stage.message(1))
    await client.new()
    reply = await client.ask("subscribe", channel=room(1))
    assert reply["subscribe"] == {"recoverable": True, "positioned": True, "epoch": "epoch of 1", "offset": 2}
    stage.hear(stage.message(1))
    assert await client.pushes() == [(room(1), "pub", (3, "message.added"))]


@pytest.mark.parametrize(
    ("channel", "code"),
    [
        ("me", 105),
        ("live", 105),
        (room(3), 103),
        (room(9), 103),
        ("chat:", 102),
        ("chat:CH1", 102),
        ("chat:" + "x" * 34, 102),
        ("room", 102),
        (room(1).upper(), 102),
        (channel_sid(1), 102),
        ("x" * 255, 102),
        ("x" * 256, 107),
        ("é" * 128, 107),
    ],
)
async def test_what_cannot_be_subscribed(client: Client, channel: str, code: int) -> None:
    assert await client.code("subscribe", channel=channel) == code


async def test_a_channel_is_subscribed_once(stage: Stage, client: Client) -> None:
    await client.ask("subscribe", channel=room(1))
    assert await client.code("subscribe", channel=room(1)) == 105
    other = stage.client()
    await other.connect()
    assert await other.code("subscribe", channel=room(1)) == 105, "the server did"


@pytest.mark.parametrize("more", [{"type": 1}, {"tf": {"op": "eq"}}])
async def test_what_is_not_offered(client: Client, more: dict[str, object]) -> None:
    assert await client.code("subscribe", channel=room(1), **more) == 108
    assert "subscribe" in await client.ask("subscribe", channel=room(1), delta="fossil", join_leave=True, flag=1)


async def test_a_connection_has_so_many_subscriptions_and_no_more(stage: Stage, client: Client) -> None:
    for number in range(100, 100 + SUBSCRIPTIONS_MAX + 1):
        stage.make_channel(number, "alice")
    for number in range(100, 100 + SUBSCRIPTIONS_MAX):
        assert "subscribe" in await client.ask("subscribe", channel=room(number))
    assert await client.code("subscribe", channel=room(100 + SUBSCRIPTIONS_MAX)) == 106
    await client.ask("unsubscribe", channel=room(100))
    assert "subscribe" in await client.ask("subscribe", channel=room(100 + SUBSCRIPTIONS_MAX))


async def test_an_ended_subscription_is_silent_and_may_start_again(stage: Stage, client: Client) -> None:
    await client.ask("subscribe", channel=room(1))
    assert await client.ask("unsubscribe", channel=room(1)) == {"id": 3, "unsubscribe": {}}
    stage.hear(stage.message(1))
    assert await client.pushes() == [("live", "pub", (0, "channel.activity"))]
    reply = await client.ask("subscribe", channel=room(1), recover=True, offset=0, epoch="epoch of 1")
    assert [pub["offset"] for pub in reply["subscribe"]["publications"]] == [1]


@pytest.mark.parametrize("channel", ["me", "live", room(1), room(9), "nonsense", "x" * 300])
async def test_unsubscribing_what_is_not_ones_own_has_no_effect(stage: Stage, channel: str) -> None:
    stage.make_channel(1, "alice")
    client = stage.client()
    await client.connect()
    assert (await client.ask("unsubscribe", channel=channel))["unsubscribe"] == {}
    stage.hear(stage.message(1))
    assert await client.pushes() == [(room(1), "pub", (1, "message.added"))]


@pytest.mark.parametrize("channel", [room(1), "me", "live", "nonsense"])
async def test_clients_do_not_publish(client: Client, channel: str) -> None:
    assert await client.code("publish", channel=channel, data={"a": 1}) == 108


async def test_subscriptions_have_no_tokens(client: Client) -> None:
    assert await client.code("sub_refresh", channel=room(1), token="x") == 108


async def test_a_ping_is_answered(client: Client) -> None:
    assert (await client.ask("ping"))["ping"] == {}


# History.


async def test_history_shows_the_stream(stage: Stage, client: Client) -> None:
    for _ in range(3):
        stage.message(1)
    await client.ask("subscribe", channel=room(1))
    result = (await client.ask("history", channel=room(1)))["history"]
    assert result == {"offset": 3, "epoch": "epoch of 1"}
    result = (await client.ask("history", channel=room(1), limit=-1, since={"offset": 1, "epoch": "epoch of 1"}))[
        "history"
    ]
    assert [pub["offset"] for pub in result["publications"]] == [2, 3]
    assert await client.code("history", channel=room(1), limit=1, since={"offset": 9}) == 112
    assert await client.code("history", channel=room(1), limit=1, since={"offset": 1, "epoch": "_"}) == 112
    assert await client.code("history", channel=room(1), limit=1, since={"offset": 2**64 - 1}) == 112


async def test_ones_own_stream_has_a_history(stage: Stage, client: Client) -> None:
    stage.join(3, "alice")
    result = (await client.ask("history", channel="me", limit=5))["history"]
    assert [pub["data"]["type"] for pub in result["publications"]] == ["channel.joined"]


@pytest.mark.parametrize("command", ["history", "presence", "presence_stats"])
@pytest.mark.parametrize(
    ("channel", "code"),
    [(room(1), 103), (room(3), 103), (room(9), 103), ("live", 108), ("nonsense", 102), ("", 102), ("x" * 300, 102)],
)
async def test_only_what_is_subscribed_can_be_looked_at(client: Client, command: str, channel: str, code: int) -> None:
    assert await client.code(command, channel=channel) == code


# Presence.


async def test_presence_is_gathered_from_the_nodes(stage: Stage, client: Client) -> None:
    await client.ask("subscribe", channel=room(1))
    here = presence.answer(stage.hub, stage.hub.rooms["chat:" + channel_sid(1)].topic, presence.QUESTION)  # type: ignore[index]  # a topic
    assert here is not None
    there = json.dumps([["c-2", "bob", {"a": 1}]]).encode()

    async def ask(topic: str, question: bytes, *, patience: float) -> list[bytes]:
        return [here, there, here]

    object.__setattr__(stage.services, "ask", ask)
    found = (await client.ask("presence", channel=room(1)))["presence"]["presence"]
    assert client.peer.session is not None
    own = client.peer.session.client
    assert found == {
        own: {"user": "alice", "client": own},
        "c-2": {"user": "bob", "client": "c-2", "conn_info": {"a": 1}},
    }
    stats = (await client.ask("presence_stats", channel=room(1)))["presence_stats"]
    assert stats == {"num_clients": 2, "num_users": 2}


async def test_a_node_answers_for_its_subscribers_only(stage: Stage, client: Client) -> None:
    topic = next(t for t in stage.hub.rooms if t.endswith(channel_sid(1)))
    assert json.loads(presence.answer(stage.hub, topic, presence.QUESTION) or b"") == [], "activity is no subscription"
    await client.ask("subscribe", channel=room(1))
    assert len(json.loads(presence.answer(stage.hub, topic, presence.QUESTION) or b"")) == 1
    own = next(t for t in stage.hub.rooms if t.endswith(user_sid("alice")))
    assert len(json.loads(presence.answer(stage.hub, own, presence.QUESTION) or b"")) == 1
    assert presence.answer(stage.hub, topic, b"something else") is None
    assert presence.answer(stage.hub, type(topic)("chat:CH0"), presence.QUESTION) is None


# Send and RPC.


async def test_typing_may_be_sent_and_everything_else_is_ignored(stage: Stage, client: Client) -> None:
    everything: list[Any] = [  # Any: JSON
        {"method": "typing.start", "params": {"channel": "general"}},
        {"method": "message.send", "params": {"channel": "general"}},
        {"method": "typing.start", "params": {}},
        {"method": "typing.start"},
        {"method": "typing.start", "params": 5},
        {"method": 1},
        {},
        [],
        None,
        "text",
    ]
    for data in everything:
        client.say({"send": {"data": data}})
    assert await client.new() == []
    assert stage.typed == ["general"]
    assert client.is_open()


async def test_what_fails_behind_a_send_is_dropped(stage: Stage, client: Client) -> None:
    client.say({"send": {"data": {"method": "typing.start", "params": {"channel": "boom"}}}})
    await settled()
    assert (client.link.closed, await client.new()) == (None, [])


async def test_unknown_methods(client: Client) -> None:
    for method in ("", "message", "message.sendx", "media.delete", "é" * 32):
        assert await client.code("rpc", method=method, data={}) == 104
    for method in ("x" * 65, "é" * 33):
        assert await client.code("rpc", method=method, data={}) == 107


async def test_bad_params_name_the_parameter(client: Client) -> None:
    reply = await client.ask("rpc", method="typing.start", data={"channel": 5})
    assert reply["error"]["code"] == 107
    assert "channel" in reply["error"]["message"]
    assert "temporary" not in reply["error"]


async def test_commands_have_names_of_bounded_variety() -> None:
    assert name_of(Rpc(id=1, method="whatever a client likes")) == "unknown"
    assert all(name_of(Rpc(id=1, method=method)) == method for method in METHODS)
    assert len(set(NAMES.values())) == len(NAMES)
