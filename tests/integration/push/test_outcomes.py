"""What follows from a provider's answer, for the push, the device, the credential and the log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from chatcore.domain.devices import Binding, PushType
from chatcore.domain.ids import CredentialSid
from chatcore.domain.model import Actor, Channel
from chatcore.store.pushes import Pushes, PushLog
from push.providers.outcomes import CredentialBad, Outcome, Rejected, Scope, Sent, TokenGone, TryLater

from .phones import ON, Phones


class Scene:
    def __init__(self, phones: Phones, alice: Actor, bob: Actor, channel: Channel, device: Binding) -> None:
        self.phones, self.alice, self.bob, self.channel, self.device = phones, alice, bob, channel, device

    async def send(self, body: str = "hello") -> None:
        await self.phones.world.send(self.channel, body, by=self.alice)
        await self.phones.drain()

    async def retry(self) -> None:
        await self.phones.hurry("push_retry")
        await self.phones.drain()

    async def left(self) -> float:
        """Seconds until the only waiting push is due."""
        (row,) = await self.phones.waiting("push_retry")
        left: float = (row["due_at"] - datetime.now(UTC)).total_seconds()
        return left

    async def alive(self) -> bool:
        found = await self.phones.world.store.read.bindings.get(self.device.service_sid, self.device.sid)
        return found is not None


@pytest.fixture
async def scene(phones: Phones) -> Scene:
    world = phones.world
    alice, bob = await world.user("alice"), await world.user("bob")
    channel = await world.channel("alice", "bob")
    await phones.enable(new_message=ON, log_enabled=True)
    return Scene(phones, alice, bob, channel, await phones.device(bob))


def answers(*outcomes: Outcome) -> Iterator[Outcome]:
    yield from outcomes
    while True:
        yield Sent()


async def test_what_failed_for_now_is_sent_again_as_the_same_push(scene: Scene) -> None:
    series = answers(TryLater(reason="503", after=30), TryLater(reason="500"))
    scene.phones.sender.react = lambda _: next(series)
    await scene.send()
    assert 25 < await scene.left() <= 31
    await scene.retry()
    assert 1 < await scene.left() < 7
    await scene.retry()
    first, *others = scene.phones.sender.tried
    assert [(d.push_id, d.payload, d.expires_at) for d in others] == [
        (first.push_id, first.payload, first.expires_at)
    ] * 2
    assert await scene.phones.waiting("push_retry") == []
    assert scene.phones.outcomes == {"try_later": 2, "sent": 1}


async def test_a_push_is_given_up_after_twelve_attempts(scene: Scene) -> None:
    scene.phones.sender.react = lambda _: TryLater(reason="503")
    await scene.send()
    for _ in range(15):
        await scene.retry()
    assert len(scene.phones.sender.tried) == 12
    assert scene.phones.outcomes["gave_up"] == 1
    assert await scene.phones.waiting("push_retry") == []


async def test_what_may_have_arrived_is_repeated_twice_at_most(scene: Scene) -> None:
    scene.phones.sender.react = lambda _: TryLater(reason="no answer", maybe_sent=True)
    await scene.send()
    assert 4 < await scene.left() <= 5
    for _ in range(5):
        await scene.retry()
    assert len(scene.phones.sender.tried) == 3


async def test_what_was_held_back_is_no_attempt(scene: Scene) -> None:
    scene.phones.sender.react = lambda _: TryLater(reason="project_rate", after=1, counts=False)
    await scene.send()
    for _ in range(14):
        await scene.retry()
    (row,) = await scene.phones.waiting("push_retry")
    assert row["job"]["attempts"] == 0


async def test_a_bad_credential_makes_all_of_its_pushes_wait(scene: Scene) -> None:
    scene.phones.sender.react = lambda _: TryLater(reason="503")
    await scene.send("one")
    scene.phones.sender.react = lambda _: CredentialBad("expired", 120.0)
    await scene.send("two")
    rows = await scene.phones.waiting("push_retry")
    assert len(rows) == 2
    assert all((row["due_at"] - datetime.now(UTC)).total_seconds() > 100 for row in rows)
    assert await scene.alive()


async def test_a_legacy_key_lets_nothing_wait(scene: Scene) -> None:
    await scene.phones.device(scene.bob, PushType.FCM, number=1)
    scene.phones.sender.react = lambda d: CredentialBad("legacy_key", 30) if d.kind is PushType.FCM else Sent()
    await scene.send()
    assert await scene.phones.waiting("push_retry") == []


async def test_a_dead_token_is_never_sent_to_again_until_it_registers(scene: Scene) -> None:
    scene.phones.sender.react = lambda _: TokenGone(reason="Unregistered")
    await scene.send()
    assert not await scene.alive()
    await scene.send()
    assert len(scene.phones.sender.tried) == 1
    scene.phones.sender.react = lambda _: Sent()
    await scene.phones.device(scene.bob)
    await scene.send()
    assert len(scene.phones.sender.sent) == 1


async def test_a_token_that_died_before_it_was_registered_is_alive(scene: Scene) -> None:
    before = scene.device.registered_at - timedelta(days=1)
    scene.phones.sender.react = lambda _: TokenGone(reason="Unregistered", since=before)
    await scene.send()
    assert await scene.alive()


async def test_what_doubtful_answers_did_is_taken_back(scene: Scene) -> None:
    scene.phones.sender.react = lambda _: TokenGone(reason="BadDeviceToken", doubtful=True)
    began = datetime.now(UTC)
    await scene.send()
    assert not await scene.alive()
    pushes = Pushes(scene.phones.world.pool, "any")
    sid: CredentialSid = scene.device.credential_sid
    assert not await pushes.revive(sid, datetime.now(UTC) + timedelta(seconds=1))
    assert len(await pushes.revive(sid, began)) == 1
    assert await scene.alive()
    scene.phones.sender.suspects.add(sid)
    await scene.send()
    assert await scene.alive()


async def test_a_rejected_push_ends_and_the_device_stays(scene: Scene) -> None:
    scene.phones.sender.react = lambda _: Rejected("413 PayloadTooLarge")
    await scene.send()
    assert await scene.alive()
    assert await scene.phones.waiting("push_retry") == []
    assert scene.phones.outcomes == {"rejected": 1}


async def test_a_failure_of_ours_stays_with_its_device(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    other = await scene.phones.device(scene.bob, number=1)

    def react(delivery: object) -> Outcome:
        if getattr(delivery, "address", "") == scene.device.address:
            raise ZeroDivisionError
        return Sent()

    scene.phones.sender.react = react
    await scene.send()
    assert len(scene.phones.sender.to(other)) == 1
    assert "A push could not be sent" in caplog.text
    assert await scene.phones.waiting("push") == []


@pytest.mark.parametrize("obstacle", ["unregistered", "left", "muted", "deleted", "online", "credential"])
async def test_a_push_that_waited_is_dropped_when_it_is_pointless(scene: Scene, obstacle: str) -> None:
    world = scene.phones.world
    scene.phones.sender.react = lambda _: TryLater(reason="503")
    message = await world.send(scene.channel, by=scene.alice)
    await scene.phones.drain()
    match obstacle:
        case "unregistered":
            await world.chat.devices.unregister(scene.bob, scene.device.sid)
        case "left":
            await world.chat.channels.leave(scene.bob, scene.channel.sid)
        case "muted":
            await world.pool.execute("UPDATE members SET notification_level = 'muted'")
        case "deleted":
            await world.chat.messages.delete(scene.alice, scene.channel.sid, message.sid)
        case "online":
            scene.phones.whereabouts.online.add("bob")
        case "credential":
            await world.pool.execute("DELETE FROM credentials")
    await scene.retry()
    assert len(scene.phones.sender.tried) == 1
    assert scene.phones.outcomes["obsolete"] == 1
    assert await scene.phones.waiting("push_retry") == []


async def test_a_newer_message_supersedes_one_that_waits_for_the_device(scene: Scene) -> None:
    scene.phones.sender.react = lambda _: TryLater(reason="device_rate", after=3, scope=Scope.DEVICE, counts=False)
    await scene.send("old")
    await scene.send("new")
    scene.phones.sender.react = lambda _: Sent()
    await scene.retry()
    assert [d.payload["message_index"] for d in scene.phones.sender.sent] == [1]
    assert scene.phones.outcomes["superseded"] == 1


async def test_what_is_too_late_is_not_sent(scene: Scene) -> None:
    await scene.phones.world.send(scene.channel, by=scene.alice)
    await scene.phones.world.pool.execute("UPDATE outbox SET created_at = now() - interval '2 days'")
    await scene.phones.drain()
    assert scene.phones.sender.tried == []
    assert scene.phones.outcomes == {"expired": 1}


async def test_attempts_are_logged_where_the_service_asks_for_it(scene: Scene) -> None:
    series = answers(TryLater(reason="503 ServiceUnavailable"))
    scene.phones.sender.react = lambda _: next(series)
    message = await scene.phones.world.send(scene.channel, "secret text", by=scene.alice)
    await scene.phones.drain()
    await scene.retry()
    log = PushLog(scene.phones.world.pool)
    service = scene.phones.world.service.sid
    found = await log.read(service, user_sid=scene.bob.user_sid, message_sid=message.sid, limit=10)
    assert [(line.attempt.outcome, line.attempt.reason, line.attempt.attempt) for line in found] == [
        ("sent", None, 2),
        ("try_later", "503 ServiceUnavailable", 1),
    ]
    line = found[0].attempt
    assert (line.provider, line.address_end, line.event) == ("apn", scene.device.address[-6:], "new_message")
    rows = await scene.phones.world.pool.fetch("SELECT * FROM push_log")
    text = json.dumps([[str(value) for value in row.values()] for row in rows])
    assert "secret" not in text
    assert scene.device.address not in text
    assert await log.forget() == 0
    await scene.phones.world.pool.execute("UPDATE push_log SET at = at - interval '8 days'")
    assert await log.forget() == 2
    await scene.phones.enable(log_enabled=False)
    await scene.send()
    assert await log.read(service, user_sid=None, message_sid=None, limit=10) == []


@pytest.mark.parametrize(
    "job",
    [
        {},
        {"event": "new_message"},
        {"event": "no_such_event", "event_id": "x", "channel_sid": "CH1", "identities": []},
        {"event": "added_to_channel", "event_id": "x", "channel_sid": 5, "identities": ["bob"]},
        {"event": "added_to_channel", "event_id": "x", "channel_sid": "CH1", "identities": "bob"},
        {"event": "added_to_channel", "event_id": "x", "channel_sid": "CH1"},
        {"event": "new_message", "event_id": "x", "channel_sid": "CH1", "message_sid": "IM1", "message_index": "0"},
        {"event": "added_to_channel", "event_id": "x", "channel_sid": "CH1", "identities": ["bob"], "at": "noon"},
    ],
)
async def test_a_job_that_cannot_be_read_ends_as_a_dead_letter(scene: Scene, job: dict[str, object]) -> None:
    pool = scene.phones.world.pool
    statement = (
        "INSERT INTO outbox (kind, service_sid, job, expires_at, attempts)"
        " SELECT kind, $1, $2, now() + interval '1 day', 4"
        " FROM unnest('{push, recheck, push_retry, badge}'::text[]) kind"
    )
    await pool.execute(statement, scene.phones.world.service.sid, {**job, "user_sid": 7})
    await scene.send()
    assert len(scene.phones.sender.sent) == 1
    assert await pool.fetchval("SELECT count(*) FROM outbox_dead") == 4
