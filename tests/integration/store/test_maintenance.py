"""What is cleared away, and what stays."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chatcore.domain.events import Event, EventType, channel_topic, user_topic
from chatcore.domain.jobs import Job, JobKind
from chatcore.domain.model import Channel, User
from chatcore.store.maintenance import Maintenance
from chatcore.store.postgres import PostgresStore

from . import make

_DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_STREAMS", "_ROWS", "_PURGES"):
        monkeypatch.setattr(f"chatcore.store.maintenance.{name}", 2)


async def _stream(store: PostgresStore, user: User, count: int) -> None:
    async with store.transaction() as tx:
        streams = await tx.users.lock_streams([user.sid])
        streams[user.sid].offset = count
        await tx.users.save_streams(list(streams.values()))
        events = [
            Event(topic=user_topic(user.sid), offset=n, type=EventType.READ_UPDATED, payload=b"{}")
            for n in range(1, count + 1)
        ]
        await tx.events.append(events, make.NOW)


async def _age(store: PostgresStore, channel: Channel, up_to: int) -> None:
    await store.pool.execute(
        "UPDATE channel_events SET created_at = now() - interval '8 days' WHERE channel_sid = $1 AND seq <= $2",
        channel.sid,
        up_to,
    )


async def _held(store: PostgresStore, channel: Channel) -> tuple[int, list[int]]:
    topic = channel_topic(channel.sid)
    first = (await store.read.events.tops([topic]))[topic].first_offset
    return first, [event.offset for event in await store.read.events.since(topic, 0, limit=100)]


async def test_old_and_surplus_events_go(lone_store: PostgresStore) -> None:
    store, service = lone_store, await make.service(lone_store)
    maintenance = Maintenance(store.pool)
    young, aged, gone, busy = [(await make.messages(store, await make.channel(store, service), 5))[0] for _ in range(4)]
    empty = await make.channel(store, service)
    busy, _ = await make.messages(store, busy, 4)
    await _age(store, aged, 3)
    await _age(store, gone, 5)

    assert await maintenance.prune_events(7 * _DAY, 6) == 3 + 5 + 3
    assert await maintenance.prune_events(7 * _DAY, 6) == 0
    assert await _held(store, young) == (1, [1, 2, 3, 4, 5])
    assert await _held(store, aged) == (4, [4, 5])
    assert await _held(store, gone) == (6, [])
    assert await _held(store, busy) == (4, [4, 5, 6, 7, 8, 9])
    assert await _held(store, empty) == (1, [])
    gone, _ = await make.messages(store, gone, 1)
    assert await _held(store, gone) == (6, [6])


async def test_events_of_users_go_too(lone_store: PostgresStore) -> None:
    store, service = lone_store, await make.service(lone_store)
    alice = await make.user(store, service, "alice")
    await _stream(store, alice, 5)
    await store.pool.execute("UPDATE user_events SET created_at = now()")
    assert await Maintenance(store.pool).prune_events(7 * _DAY, 2) == 3
    topic = user_topic(alice.sid)
    assert (await store.read.events.tops([topic]))[topic].first_offset == 4
    assert [event.offset for event in await store.read.events.since(topic, 0, limit=9)] == [4, 5]


async def test_late_jobs_go(lone_store: PostgresStore) -> None:
    store, service = lone_store, await make.service(lone_store)
    maintenance = Maintenance(store.pool)

    def job(kind: JobKind, expires_in: timedelta) -> Job:
        return Job(kind=kind, service_sid=service.sid, job={"n": 1}, expires_in=expires_in)

    late = [job(JobKind.PUSH, -_DAY)] * 3 + [job(JobKind.WEBHOOK, -_DAY)]
    await store.read.outbox.put([*late, job(JobKind.PUSH, _DAY)], make.NOW)
    await store.pool.execute(
        "UPDATE outbox SET claimed_by = 'worker', due_at = now() + interval '1 minute'"
        " WHERE id = (SELECT min(id) FROM outbox)"
    )
    assert await maintenance.expire_jobs() == {"push": 2, "webhook": 1}
    assert await store.pool.fetchval("SELECT count(*) FROM outbox_dead") == 0
    waiting = await maintenance.waiting()
    assert {kind: state.depth for kind, state in waiting.items()} == {"push": 2}
    assert waiting["push"].oldest >= 0


async def test_dead_letters_are_kept_for_two_weeks(lone_store: PostgresStore) -> None:
    store, service = lone_store, await make.service(lone_store)
    maintenance = Maintenance(store.pool)
    await store.pool.execute(
        "INSERT INTO outbox_dead (id, kind, service_sid, job, progress, created_at, due_at, expires_at, attempts,"
        " reason) VALUES (1, 'webhook', $1, '{}', '{}', now(), now(), now(), 1, 'no')",
        service.sid,
    )
    await maintenance.forget_dead_jobs()
    assert await store.pool.fetchval("SELECT count(*) FROM outbox_dead") == 1
    await store.pool.execute("UPDATE outbox_dead SET died_at = now() - interval '15 days'")
    await maintenance.forget_dead_jobs()
    assert await store.pool.fetchval("SELECT count(*) FROM outbox_dead") == 0


async def test_a_deleted_channel_is_purged_when_it_is_due(lone_store: PostgresStore) -> None:
    store, service = lone_store, await make.service(lone_store)
    maintenance = Maintenance(store.pool)
    kept, _ = await make.messages(store, await make.channel(store, service), 5)
    channel, sent = await make.messages(store, await make.channel(store, service), 5)
    await make.delete_message(store, channel, sent[0])
    await store.read.channels.delete(channel.sid, make.later(10**9))
    assert await maintenance.purge() == 0
    await store.pool.execute("UPDATE purges SET due_at = now()")
    assert await maintenance.purge() == 1
    for table in ("messages", "channel_events", "deleted_messages"):
        left = {row[0] for row in await store.pool.fetch(f"SELECT DISTINCT channel_sid FROM {table}")}
        assert left == ({kept.sid} if table != "deleted_messages" else set())
    assert await store.pool.fetchval("SELECT count(*) FROM purges") == 0


async def test_a_deleted_user_leaves_no_log(lone_store: PostgresStore) -> None:
    store, service = lone_store, await make.service(lone_store)
    alice = await make.user(store, service, "alice")
    await _stream(store, alice, 5)
    await store.read.users.delete(alice.sid)
    assert await Maintenance(store.pool).purge() == 1
    assert await store.pool.fetchval("SELECT count(*) FROM user_events") == 0


async def test_a_deleted_service_leaves_nothing(lone_store: PostgresStore) -> None:
    store, kept, service = lone_store, await make.service(lone_store), await make.service(lone_store)
    for owner in (kept, service):
        users = [await make.user(store, owner, f"{n}") for n in range(3)]
        for _ in range(3):
            channel, _ = await make.messages(store, await make.channel(store, owner), 3)
            await make.member(store, owner, channel, users[0])
            await make.invite(store, owner, channel, users[1])
        await _stream(store, users[0], 3)
        job = Job(kind=JobKind.PUSH, service_sid=owner.sid, job={}, expires_in=_DAY)
        await store.read.outbox.put([job], make.NOW)
    await store.read.services.delete(service.sid, make.NOW)
    await Maintenance(store.pool).purge()
    counts = {}
    for table in (
        "services", "roles", "users", "user_streams", "user_events", "channels", "roster_positions", "channel_events",
        "members", "invites", "messages", "outbox", "purges",
    ):  # fmt: skip
        counts[table] = await store.pool.fetchval(f"SELECT count(*) FROM {table}")
    assert counts == {
        "services": 1, "roles": 4, "users": 3, "user_streams": 3, "user_events": 3, "channels": 3,
        "roster_positions": 3, "channel_events": 9, "members": 3, "invites": 3, "messages": 9, "outbox": 1, "purges": 0,
    }  # fmt: skip
