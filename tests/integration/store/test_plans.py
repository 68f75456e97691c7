"""Hot statements keep to their indexes, also under the plan that PostgreSQL makes without looking at parameters."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest

from chatcore.store import queries
from chatcore.store.postgres import PostgresStore
from tests.support.servers import Servers

_FILL = """
SET session_replication_role = replica;  -- no foreign key checks, for speed
INSERT INTO accounts (sid, friendly_name, auth_token) VALUES ('AC', '', '');
INSERT INTO services (sid, account_sid, friendly_name, default_service_role_sid, default_channel_role_sid,
  default_channel_creator_role_sid, date_created, date_updated)
  SELECT 'IS' || n, 'AC', '', 'RL1', 'RL2', 'RL3', now(), now() FROM generate_series(1, 20) n;
INSERT INTO roles (sid, service_sid, friendly_name, type, permissions, date_created, date_updated)
  SELECT 'RL' || n, 'IS' || (n % 20 + 1), '', 'channel', '{sendMessage}', now(), now() FROM generate_series(1, 400) n;
INSERT INTO users (sid, service_sid, identity, role_sid, date_created, date_updated)
  SELECT 'US' || n, 'IS' || (n % 20 + 1), 'user ' || n, 'RL' || n % 400, now(), now() FROM generate_series(1, 4000) n;
INSERT INTO user_streams (user_sid, epoch) SELECT sid, 'e' FROM users;
INSERT INTO channels (sid, service_sid, unique_name, type, created_by, epoch, next_index, date_created, date_updated)
  SELECT 'CH' || n, 'IS' || (n % 20 + 1), 'name ' || n, 'public', 'system', 'e', 99, now(), now()
  FROM generate_series(1, 4000) n;
INSERT INTO roster_positions (channel_sid) SELECT sid FROM channels;
INSERT INTO members (sid, service_sid, channel_sid, user_sid, identity, role_sid, date_created, date_updated, rev,
  roster_created, roster_position, own_created, own_position)
  SELECT 'MB' || c || '-' || u, 'IS1', 'CH' || c, 'US' || u, 'user ' || u, 'RL1', now(), now(), 1, 1, 1, 1, 1
  FROM generate_series(1, 4000) c, generate_series(1, 3) k, LATERAL (SELECT (c * 7 + k * 101) % 4000 + 1) AS x (u);
INSERT INTO invites (sid, service_sid, channel_sid, user_sid, identity, role_sid, created_by, date_created,
  date_updated, own_position)
  SELECT 'IN' || c || '-' || u, 'IS1', 'CH' || c, 'US' || u, 'user ' || u, 'RL1', '', now(), now(), 1
  FROM generate_series(1, 4000) c, generate_series(1, 4) k, LATERAL (SELECT (c * 11 + k * 101) % 4000 + 1) AS x (u);
INSERT INTO messages (channel_sid, index, sid, service_sid, author, client_ref, date_created, date_updated,
  created_rev, rev)
  SELECT 'CH' || (n % 300), n, 'IM' || n, 'IS1', 'user', 'r' || n, now(), now(), n, n
  FROM generate_series(1, 30000) n;
INSERT INTO channel_events (channel_sid, seq, type, payload, created_at)
  SELECT channel_sid, index, '', '', now() FROM messages;
INSERT INTO deleted_messages (channel_sid, index) SELECT channel_sid, index FROM messages WHERE index % 3 = 0;
INSERT INTO user_events (user_sid, seq, type, payload, created_at)
  SELECT 'US' || (n % 300), n, '', '', now() FROM generate_series(1, 4000) n;
"""


@pytest.fixture(scope="module")
def filled_database(servers: Servers) -> Iterator[str]:
    async def fill() -> str:
        dsn = await servers.clone_database()
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(_FILL)
            await connection.execute("ANALYZE")
        finally:
            await connection.close()
        return dsn

    with asyncio.Runner() as runner:
        dsn = runner.run(fill())
        yield dsn
        runner.run(servers.drop_database(dsn))


@pytest.fixture
async def connection(filled_database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(filled_database)
    try:
        yield connection
    finally:
        await connection.close()


async def _generic_plan(connection: asyncpg.Connection, statement: str) -> list[dict[str, Any]]:  # Any: JSON
    """Its nodes."""
    values = ", ".join("NULL" for _ in (await connection.prepare(statement)).get_parameters())
    await connection.execute(f"SET plan_cache_mode = force_generic_plan; PREPARE hot AS {statement}")
    plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE hot{f'({values})' if values else ''}")
    return list(_nodes(json.loads(plan)[0]["Plan"]))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:  # Any: the plan is JSON
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


_HOT = {
    ("channels", "by_sid"): {"channels_pkey"},
    ("channels", "by_unique_name"): {"channels_unique_name"},
    ("channels", "lock"): {"channels_pkey"},
    ("channels", "lock_by_sid"): {"channels_pkey"},
    ("channels", "access_by_sid"): {
        "channels_pkey", "users_identity", "members_identity", "invites_identity", "roles_pkey",
    },
    ("channels", "access_by_unique_name"): {
        "channels_unique_name", "users_identity", "members_identity", "invites_identity", "roles_pkey",
    },
    ("channels", "list_after"): {"channels_by_date"},
    ("channels", "list_typed_after"): {"channels_by_type"},
    ("channels", "joined"): {"members_by_user", "channels_pkey"},
    ("channels", "membership"): {
        "channels_pkey", "members_by_user", "invites_by_user", "deleted_messages_pkey",
    },
    ("channels", "of_user_after"): {
        "members_by_user", "invites_by_user", "channels_pkey", "members_pkey", "invites_pkey", "deleted_messages_pkey",
    },
    ("members", "by_identity"): {"members_identity"},
    ("members", "list_after"): {"members_by_date"},
    ("members", "lock_rosters"): {"members_identity", "channels_pkey", "roster_positions_pkey"},
    ("members", "report"): {
        "members_identity", "channels_pkey", "members_pkey", "roster_positions_pkey", "deleted_messages_pkey",
    },
    ("members", "unread"): {"members_identity", "channels_pkey", "deleted_messages_pkey"},
    ("messages", "list_up"): {"messages_pkey"},
    ("messages", "list_down"): {"messages_pkey"},
    ("messages", "any_within"): {"messages_pkey"},
    ("messages", "newest"): {"messages_pkey"},
    ("messages", "by_refs"): {"messages_client_ref"},
    ("messages", "senders"): {"members_identity", "users_pkey", "invites_identity", "roles_pkey"},
    ("messages", "insert_many"): {"channels_pkey"},
    ("messages", "append"): {"channels_pkey", "members_identity", "roles_pkey", "users_pkey"},
    ("events", "tops"): {"channels_pkey", "user_streams_pkey"},
    ("events", "channel_after"): {"channel_events_pkey"},
    ("events", "channel_before"): {"channel_events_pkey"},
    ("events", "missed_of_channels"): {"channel_events_pkey"},
    ("events", "missed_of_users"): {"user_events_pkey"},
    ("users", "by_identities"): {"users_identity", "user_streams_pkey"},
    ("users", "list_after"): {"users_by_date", "user_streams_pkey"},
    ("users", "lock_streams"): {"user_streams_pkey"},
    ("users", "save_streams"): {"user_streams_pkey"},
}  # fmt: skip


@pytest.mark.parametrize(("aggregate", "name"), _HOT)
async def test_hot_statements_use_their_indexes(connection: asyncpg.Connection, aggregate: str, name: str) -> None:
    nodes = await _generic_plan(connection, queries.load(aggregate)[name])
    assert {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"} == set()
    assert {node["Index Name"] for node in nodes if "Index Name" in node} == _HOT[aggregate, name]


@pytest.mark.parametrize("name", ["list_up", "list_down"])
async def test_a_page_of_messages_is_read_in_order_of_the_index(connection: asyncpg.Connection, name: str) -> None:
    nodes = await _generic_plan(connection, queries.load("messages")[name])
    assert [node["Node Type"] for node in nodes] == ["Limit", "Index Scan"]


async def test_a_send_reads_no_table_whole_however_small(database: str) -> None:
    """Its plan may be made while tables are empty, and is kept while they grow."""
    store = await PostgresStore.open(database, min_size=1, max_size=1)
    try:
        async with store.pool.acquire() as connection:
            nodes = await _generic_plan(connection, queries.load("messages")["append"])
    finally:
        await store.close()
    assert "channels_pkey" in {node.get("Index Name") for node in nodes}
    assert [node for node in nodes if node["Node Type"] == "Seq Scan"] == []
    assert [node for node in nodes if "Index Name" in node and "Index Cond" not in node] == []


async def test_sending_leaves_the_indexes_of_channels_alone(connection: asyncpg.Connection) -> None:
    names = await connection.fetch(
        "SELECT DISTINCT a.attname FROM pg_index x JOIN pg_attribute a"
        " ON a.attrelid = x.indrelid AND a.attnum = ANY (x.indkey) WHERE x.indrelid = 'channels'::regclass"
    )
    changed = {"next_index", "last_message_index", "last_message_sid", "last_message_at", "rev", "last_seq"}
    assert not {row[0] for row in names} & (changed | {"date_updated", "members_count", "first_seq"})
