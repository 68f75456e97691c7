"""What reaches a connection by itself, and in which order."""

from __future__ import annotations

import asyncio

import pytest

from chatcore.domain.events import EventType, Signal, SignalType, channel_topic, user_topic
from chatcore.domain.ids import KeySid
from chatcore.ports.standing import Gone
from gateway.centrifuge.room_services import ROOMS_AT_CONNECT
from gateway.sockets.close import Close
from tests.support.virtual_time import settled, until
from tests.unit.gateway.hub.fakes import AWAY

from .fakes import KEY, SERVICE, channel_sid, room, user_sid
from .stage import Client, Stage


async def connected(stage: Stage, identity: str = "alice", mode: str = "joined") -> Client:
    client = stage.client()
    await client.connect(identity, data={"subscribe": mode})
    return client


def unsubscribed(number: int, code: int, reason: str) -> tuple[str, str, object]:
    return room(number), "unsubscribe", {"code": code, "reason": reason}


async def test_joined_rooms_are_subscribed_at_connect(stage: Stage) -> None:
    for number in range(3):
        stage.make_channel(number, "alice" if number else "bob")
    client = stage.client()
    result = await client.connect()
    assert set(result["subs"]) == {"me", "live", room(1), room(2)}
    stage.hear(*(stage.message(number) for number in range(3)))
    assert await client.pushes() == [
        (room(1), "pub", (1, "message.added")),
        (room(2), "pub", (1, "message.added")),
    ]


async def test_a_fresh_membership_is_subscribed_before_it_is_told(stage: Stage) -> None:
    stage.make_channel(1)
    stage.message(1)
    client = await connected(stage)
    in_channel, in_user = stage.join(1, "alice")
    stage.hear(in_channel, in_user)
    message = stage.message(1)
    stage.hear(message)
    assert await client.pushes() == [
        (room(1), "subscribe", {"recoverable": True, "positioned": True, "epoch": "epoch of 1", "offset": 2}),
        (room(1), "pub", (3, "message.added")),
        ("me", "pub", (1, "channel.joined")),
    ]
    stage.hear(stage.message(1))
    assert await client.pushes() == [(room(1), "pub", (4, "message.added"))]


async def test_own_events_behind_a_membership_wait_in_line(stage: Stage) -> None:
    stage.make_channel(1)
    client = await connected(stage)
    _, joined = stage.join(1, "alice")
    settings = stage.logged(user_topic(user_sid("alice")), EventType.CHANNEL_SETTINGS, channel_sid(1))
    stage.hear(joined, settings)
    assert [(channel, kind) for channel, kind, _ in await client.pushes()] == [
        (room(1), "subscribe"),
        ("me", "pub"),
        ("me", "pub"),
    ]


@pytest.mark.parametrize(
    ("reason", "code", "text"),
    [("left", 2100, "left"), ("removed", 2101, "removed"), ("user_deleted", 2103, "access lost")],
)
@pytest.mark.parametrize("room_first", [True, False])
async def test_the_end_of_a_membership_ends_the_subscription_once(
    stage: Stage, reason: str, code: int, text: str, room_first: bool
) -> None:
    stage.make_channel(1, "alice", "bob")
    alice, bob = await connected(stage), await connected(stage, "bob")
    in_channel, in_user = stage.leave(1, "alice", reason)
    events = (in_channel, in_user) if room_first else (in_user, in_channel)
    stage.hear(*events, stage.message(1))
    assert await alice.pushes() == [unsubscribed(1, code, text), ("me", "pub", (1, "channel.left"))]
    assert await bob.pushes() == [(room(1), "pub", (1, "member.left")), (room(1), "pub", (2, "message.added"))]
    stage.hear(stage.message(1))
    assert await alice.pushes() == []


async def test_the_removed_one_does_not_see_its_removal(stage: Stage) -> None:
    stage.make_channel(1, "alice")
    client = await connected(stage)
    stage.hear(stage.leave(1, "alice")[0])
    assert [kind for _, kind, _ in await client.pushes()] == ["unsubscribe"]


async def test_everybody_is_told_of_a_deleted_channel(stage: Stage) -> None:
    stage.make_channel(1, "alice", "bob")
    clients = [await connected(stage), await connected(stage, "bob")]
    stage.hear(*stage.delete(1))
    for client in clients:
        assert await client.pushes() == [
            (room(1), "pub", (1, "channel.deleted")),
            unsubscribed(1, 2102, "channel deleted"),
            ("me", "pub", (1, "channel.left")),
        ]


async def test_who_leaves_and_comes_back_is_subscribed_again(stage: Stage) -> None:
    stage.make_channel(1, "alice")
    client = await connected(stage)
    stage.hear(*stage.leave(1, "alice"), *stage.join(1, "alice"))
    assert [(channel, kind) for channel, kind, _ in await client.pushes()] == [
        (room(1), "unsubscribe"),
        ("me", "pub"),
        (room(1), "subscribe"),
        ("me", "pub"),
    ]
    stage.hear(stage.message(1))
    assert await client.pushes() == [(room(1), "pub", (3, "message.added"))]


@pytest.mark.parametrize("mode", ["joined", "feed"])
async def test_who_comes_back_stays_although_the_room_hears_of_the_leaving_last(stage: Stage, mode: str) -> None:
    """The room's own announcements are late; the user's stream is ahead of them."""
    stage.make_channel(1, "alice", "bob")
    other = await connected(stage, "bob")
    client = await connected(stage, mode=mode)
    left, own_left = stage.leave(1, "alice")
    joined, own_joined = stage.join(1, "alice")
    stage.hear(own_left, own_joined)
    await client.new()
    stage.hear(left, joined)
    await client.new()
    stage.hear(stage.message(1))
    if mode == "joined":
        assert await client.pushes() == [(room(1), "pub", (3, "message.added"))]
    else:
        assert await client.pushes() == [("live", "pub", (0, "channel.activity"))]
    assert [entry for _, _, entry in await other.pushes()] == [
        (1, "member.left"),
        (2, "member.joined"),
        (3, "message.added"),
    ]


async def test_who_leaves_while_it_is_being_subscribed_is_not(stage: Stage) -> None:
    stage.make_channel(1)
    client = await connected(stage)
    stage.hear(*stage.join(1, "alice"), *stage.leave(1, "alice"))
    assert [(channel, kind) for channel, kind, _ in await client.pushes()] == [("me", "pub"), ("me", "pub")]
    stage.hear(stage.message(1))
    assert await client.pushes() == []
    client.drop()
    await settled()
    stage.assert_left_nothing()


async def test_a_membership_that_cannot_be_followed_now_makes_the_client_come_back(stage: Stage) -> None:
    stage.make_channel(1)
    client = await connected(stage)
    events = stage.join(1, "alice")
    stage.log.failure = AWAY
    stage.hear(*events)
    await until(lambda: client.link.closed, 5)
    assert client.link.closed == Close.INSUFFICIENT_STATE.value
    stage.log.failure = None
    stage.assert_left_nothing()


async def test_a_room_that_the_application_subscribed_itself_is_not_subscribed_again(stage: Stage) -> None:
    stage.make_channel(1)
    client = await connected(stage)
    events = stage.join(1, "alice")
    assert "subscribe" in await client.ask("subscribe", channel=room(1))
    stage.hear(*events)
    assert await client.pushes() == [("me", "pub", (1, "channel.joined"))]


async def test_subscribing_while_the_server_does_answers_105(stage: Stage) -> None:
    stage.make_channel(1)
    client = await connected(stage)
    in_channel, in_user = stage.join(1, "alice")
    stage.history.gate.clear()
    client.say({"id": 50, "subscribe": {"channel": room(1)}})
    await settled()
    stage.hear(in_channel, in_user)
    await settled()
    stage.history.gate.set()
    messages = await client.new()
    assert [m["error"]["code"] for m in messages if m.get("id") == 50] == [105]
    stage.hear(stage.message(1))
    assert await client.pushes() == [(room(1), "pub", (2, "message.added"))]
    client.drop()
    await settled()
    stage.assert_left_nothing()


async def test_two_devices_both_follow(stage: Stage) -> None:
    stage.make_channel(1)
    clients = [await connected(stage) for _ in range(2)]
    stage.hear(*stage.join(1, "alice"))
    for client in clients:
        assert [channel for channel, _, _ in await client.pushes()] == [room(1), "me"]


# What has no offset.


async def test_typing_comes_on_live_and_not_to_the_typist(stage: Stage) -> None:
    stage.make_channel(1, "alice", "bob")
    alice, bob = await connected(stage), await connected(stage, "bob")
    payload = b'{"type":"typing"}'
    topic = channel_topic(channel_sid(1))
    stage.hear(Signal(topic=topic, type=SignalType.TYPING, payload=payload, subject=user_sid("alice")))
    assert await alice.pushes() == []
    (message,) = await bob.new()
    assert message == {"push": {"channel": "live", "pub": {"data": {"type": "typing"}}}}


async def test_in_feed_mode_only_activity_is_told_and_only_once_per_second(stage: Stage) -> None:
    stage.make_channel(1, "alice")
    stage.make_channel(2, "bob")
    client = stage.client()
    result = await client.connect(data={"subscribe": "feed"})
    assert set(result["subs"]) == {"me", "live"}
    for _ in range(5):
        stage.hear(stage.message(1), stage.message(2))
    (message,) = await client.new()
    data = message["push"]["pub"].pop("data")
    assert message == {"push": {"channel": "live", "pub": {}}}
    assert (data["type"], data["channel_sid"], data["last_message"]["index"]) == ("channel.activity", channel_sid(1), 0)
    await asyncio.sleep(1.1)
    (message,) = await client.new()
    assert message["push"]["pub"]["data"]["last_message"]["index"] == 4
    await asyncio.sleep(5)
    assert await client.new() == []


async def test_a_fresh_membership_in_feed_mode_is_told_of_activity(stage: Stage) -> None:
    stage.make_channel(1)
    client = await connected(stage, mode="feed")
    stage.hear(*stage.join(1, "alice"))
    assert await client.pushes() == [("me", "pub", (1, "channel.joined"))]
    stage.hear(stage.message(1))
    assert await client.pushes() == [("live", "pub", (0, "channel.activity"))]
    stage.hear(*stage.leave(1, "alice"))
    assert await client.pushes() == [("me", "pub", (2, "channel.left"))]
    await asyncio.sleep(2)
    stage.hear(stage.message(1))
    assert await client.pushes() == []


async def test_a_subscribed_room_is_not_told_of_twice(stage: Stage) -> None:
    stage.make_channel(1, "alice")
    client = await connected(stage, mode="feed")
    await client.ask("subscribe", channel=room(1))
    stage.hear(stage.message(1))
    assert await client.pushes() == [(room(1), "pub", (1, "message.added"))]


async def test_beyond_the_first_rooms_only_activity_is_told(stage: Stage) -> None:
    for number in range(ROOMS_AT_CONNECT + 1):
        stage.make_channel(number, "alice")
    client = stage.client()
    result = await client.connect()
    assert (len(result["subs"]), result["data"]["truncated"]) == (ROOMS_AT_CONNECT + 2, True)
    assert result["data"]["joined"] == ROOMS_AT_CONNECT + 1
    stage.hear(stage.message(ROOMS_AT_CONNECT))
    assert await client.pushes() == [("live", "pub", (0, "channel.activity"))]
    assert "subscribe" in await client.ask("subscribe", channel=room(ROOMS_AT_CONNECT))


# Loss of position.


async def test_a_lost_position_of_a_server_side_room_ends_the_connection(stage: Stage) -> None:
    stage.make_channel(1, "alice")
    client = await connected(stage)
    stage.log.epochs[channel_topic(channel_sid(1))] = "another"
    stage.broker.restored()
    await until(lambda: client.link.closed)
    assert client.link.closed == Close.INSUFFICIENT_STATE.value
    stage.assert_left_nothing()


async def test_a_lost_position_of_a_client_side_room_ends_the_subscription(stage: Stage) -> None:
    stage.make_channel(1, "alice")
    client = await connected(stage, mode="feed")
    await client.ask("subscribe", channel=room(1))
    stage.log.epochs[channel_topic(channel_sid(1))] = "another"
    stage.broker.restored()
    assert await client.pushes() == [unsubscribed(1, 2500, "insufficient state")]
    assert client.is_open()
    reply = await client.ask("subscribe", channel=room(1), recover=True, epoch="epoch of 1", offset=0)
    assert reply["subscribe"]["epoch"] == "another"
    assert "recovered" not in reply["subscribe"]


async def test_activity_goes_on_when_a_position_is_lost(stage: Stage) -> None:
    stage.make_channel(1, "alice")
    client = await connected(stage, mode="feed")
    stage.log.epochs[channel_topic(channel_sid(1))] = "another"
    stage.broker.restored()
    assert await client.pushes() == []
    stage.hear(stage.message(1))
    assert await client.pushes() == [("live", "pub", (0, "channel.activity"))]
    client.drop()
    await settled()
    stage.assert_left_nothing()


async def test_a_lost_position_of_ones_own_stream_ends_the_connection(stage: Stage) -> None:
    client = await connected(stage)
    stage.log.epochs[user_topic(user_sid("alice"))] = "another"
    stage.broker.restored()
    await until(lambda: client.link.closed)
    assert client.link.closed == Close.INSUFFICIENT_STATE.value


# What a connection rests on.


@pytest.mark.parametrize(
    ("gone", "close"),
    [
        (Gone(users={user_sid("alice")}), Close.FORCE_DISCONNECT),
        (Gone(services={SERVICE}), Close.FORCE_DISCONNECT),
        (Gone(keys={KEY}), Close.INVALID_TOKEN),
        (Gone(suspended={KEY}), Close.INVALID_TOKEN),
        (Gone(users={user_sid("bob")}), None),
        (Gone(keys={KeySid("SK" + "1" * 32)}), None),
    ],
)
async def test_a_connection_ends_with_what_it_rests_on(stage: Stage, gone: Gone, close: Close | None) -> None:
    client = await connected(stage)
    stage.facts.gone_now = gone
    await asyncio.sleep(2)
    assert client.link.closed == (close.value if close else None)
    client.drop()
    await settled()
    stage.assert_left_nothing()
    asked = len(stage.facts.asked)
    await asyncio.sleep(2)
    assert len(stage.facts.asked) == asked, "nobody is left to ask about"


async def test_a_renewed_token_rests_on_its_own_key(stage: Stage) -> None:
    client = await connected(stage)
    other = KeySid("SK" + "1" * 32)
    stage.tokens.key = other
    assert "refresh" in await client.ask("refresh", token="alice")
    stage.facts.gone_now = Gone(keys={KEY})
    await asyncio.sleep(2)
    assert client.is_open()
    stage.facts.gone_now = Gone(keys={other})
    await asyncio.sleep(2)
    assert client.link.closed == Close.INVALID_TOKEN.value
