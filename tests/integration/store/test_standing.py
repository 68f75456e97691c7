"""What connections rest on, as the database sees it."""

from __future__ import annotations

import json

import asyncpg
import pytest

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import KeySid, ServiceSid, UserSid, new_sid
from chatcore.ports.standing import Gone, StandingReader
from chatcore.store.admin import Admin, KeySecrets
from chatcore.store.postgres import PostgresStore
from chatcore.store.queries import load
from chatcore.store.standing import Standing

from . import make


@pytest.fixture
def standing(store: PostgresStore) -> StandingReader:
    return Standing(store.pool)


async def a_key(store: PostgresStore) -> KeySecrets:
    admin = Admin(store.pool, make.PlainBox())
    return await admin.create_key((await admin.create_account("Acme")).sid, "tokens")


async def test_what_is_there_stands(store: PostgresStore, standing: StandingReader) -> None:
    service = await make.service(store)
    user, key = await make.user(store, service, "alice"), await a_key(store)
    assert not await standing.gone([key.sid], [service.sid], [user.sid])
    assert await standing.gone([], [], []) == Gone(keys=set(), suspended=set(), services=set(), users=set())


async def test_only_what_went_is_named(store: PostgresStore, standing: StandingReader) -> None:
    kept, deleted = await make.service(store), await make.service(store)
    alice, bob = await make.user(store, kept, "alice"), await make.user(store, kept, "bob")
    in_force, revoked, suspended = [await a_key(store) for _ in range(3)]
    await Admin(store.pool, make.PlainBox()).revoke_key(revoked.sid)
    await store.pool.execute(
        "UPDATE accounts a SET suspended = true FROM api_keys k WHERE k.account_sid = a.sid AND k.sid = $1",
        suspended.sid,
    )
    await store.read.services.delete(deleted.sid, make.NOW)
    await store.read.users.delete(bob.sid)
    gone = await standing.gone(
        [in_force.sid, revoked.sid, suspended.sid], [kept.sid, deleted.sid], [alice.sid, bob.sid]
    )
    assert gone == Gone(keys={revoked.sid}, suspended={suspended.sid}, services={deleted.sid}, users={bob.sid})


async def test_what_never_was_is_gone(standing: StandingReader) -> None:
    key, service, user = KeySid(new_sid("SK")), ServiceSid(new_sid("IS")), UserSid(new_sid("US"))
    assert await standing.gone([key], [service], [user]) == Gone(
        keys={key}, suspended=set(), services={service}, users={user}
    )


async def test_a_user_who_came_back_is_another_one(store: PostgresStore, standing: StandingReader) -> None:
    service = await make.service(store)
    old = await make.user(store, service, "alice")
    await store.read.users.delete(old.sid)
    new = await make.user(store, service, "alice")
    assert (await standing.gone([], [], [old.sid, new.sid])).users == {old.sid}


async def test_thousands_are_looked_at_in_one_call(store: PostgresStore, standing: StandingReader) -> None:
    unknown = [UserSid(new_sid("US")) for _ in range(5000)]
    assert (await standing.gone([], [], unknown)).users == set(unknown)


async def test_an_absent_database_is_a_temporary_error(store: PostgresStore, standing: StandingReader) -> None:
    await store.pool.close()
    with pytest.raises(ChatError) as refused:
        await standing.gone([], [], [])
    assert refused.value.code is Code.UNAVAILABLE


async def test_no_plan_reads_all_users(lone_store: PostgresStore) -> None:
    """Whatever the planner thinks of the arrays."""
    service = await make.service(lone_store)
    await lone_store.pool.execute(
        "INSERT INTO users (sid, service_sid, identity, role_sid, date_created, date_updated)"
        " SELECT 'US' || n, $1, 'user ' || n, '', now(), now() FROM generate_series(1, 20000) n",
        service.sid,
    )
    await lone_store.pool.execute("ANALYZE users")
    connection: asyncpg.Connection
    async with lone_store.pool.acquire() as connection:
        for mode in ("force_custom_plan", "force_generic_plan"):
            await connection.execute(f"SET plan_cache_mode = {mode}")
            users = ",".join(f"US{number}" for number in range(1, 10_001))
            plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {load('standing')['gone']}", "SK1", "IS1", users)
            assert "users_pkey" in plan
            assert not [node for node in _nodes(json.loads(plan)[0]["Plan"]) if node == ("Seq Scan", "users")]


def _nodes(plan: dict[str, object]) -> list[tuple[object, object]]:
    """Kind and table of every node."""
    children = plan.get("Plans", [])
    assert isinstance(children, list)
    return [(plan["Node Type"], plan.get("Relation Name")), *(node for child in children for node in _nodes(child))]
