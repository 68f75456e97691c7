"""Removing a person from a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest

from chatcore.commands.channels import ChannelDraft
from chatcore.commands.messages import MessagePatch
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.events import EventType, channel_topic
from chatcore.domain.ids import Identity
from chatcore.domain.model import Channel, ChannelState, Order
from chatcore.store.erasure import TRACES, Belongings, Traces
from chatcore.store.maintenance import Maintenance
from chatcore.store.postgres import PostgresStore
from chatcore.supervisor import erasure
from chatcore.supervisor.erasure import Erasure, Messages, pseudonym
from tests.integration.commands.world import World, new_world, refused

ALICE = Identity("alice-4711")
NAME = "deleted user 0123456789ab"


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    store = await PostgresStore.open(database, min_size=1, max_size=4)
    try:
        async with new_world(store) as made:
            yield made
    finally:
        await store.close()


@pytest.fixture
def work(world: World) -> Erasure:
    return Erasure(world.chat, world.store, Traces(world.pool), world.rest)


async def bodies(world: World, channel: Channel) -> list[tuple[str, str | None]]:
    _, page = await world.chat.messages.list(world.rest, channel.sid, limit=100, order=Order.ASC)
    return [(message.author, message.body) for message in page.items]


async def named_in(pool: asyncpg.Pool, text: str) -> set[str]:
    """Every column of the database in which the text occurs."""
    columns = await pool.fetch(
        "SELECT table_name AS name, column_name AS member FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type IN ('text', 'jsonb', 'ARRAY')"
    )
    found = set()
    for column in columns:
        query = f'SELECT 1 FROM "{column["name"]}" WHERE strpos("{column["member"]}"::text, $1) > 0 LIMIT 1'
        if await pool.fetchval(query, text):
            found.add(f"{column['name']}.{column['member']}")
    return found


async def a_life(world: World) -> tuple[Channel, Channel]:
    """Everything somebody may leave behind. Returns a channel with her and one without."""
    alice, bob = await world.user(ALICE), await world.user("bob")
    home = await world.channel(ALICE, "bob", created_by=ALICE)
    await world.send(home, "hers", by=alice, client_ref="one")
    await world.send(home, "his", by=bob)
    await world.chat.messages.update(world.rest, home.sid, 1, MessagePatch(body="his", last_updated_by=ALICE))
    await world.send(home, "hers again", by=alice)
    left = await world.channel(ALICE, "bob")
    await world.send(left, "gone", by=alice)
    await world.chat.channels.leave(alice, left.sid)
    await world.user("carol")
    admin = await world.chat.invites.create(world.rest, home.sid, "carol")
    await world.pool.execute("UPDATE invites SET created_by = $1 WHERE sid = $2", ALICE, admin.sid)
    invited = await world.channel()
    await world.chat.invites.create(world.rest, invited.sid, ALICE)
    await world.pool.execute(
        "INSERT INTO media (sid, service_sid, author, category, content_type, size, multipart, date_created,"
        " date_updated) VALUES ('ME1', $1, $2, 'media', 'text/plain', 1, false, now(), now())",
        world.service.sid,
        ALICE,
    )
    await world.pool.execute(
        "INSERT INTO credentials (sid, account_sid, type, secret, date_created, date_updated)"
        " VALUES ('CR1', $1, 'fcm', '', now(), now())",
        world.service.account_sid,
    )
    await world.pool.execute(
        "INSERT INTO bindings (sid, service_sid, user_sid, identity, binding_type, endpoint, address, credential_sid,"
        " message_types, vocabulary, registered_at, date_created, date_updated)"
        " VALUES ('BS1', $1, $2, $3, 'fcm', 'phone', 'token', 'CR1', '{}', 'chat', now(), now(), now())",
        world.service.sid,
        alice.user_sid,
        ALICE,
    )
    for number, author in enumerate((ALICE, "bob")):
        await world.pool.execute(
            "INSERT INTO outbox_dead (id, kind, service_sid, job, expires_at, created_at, due_at, attempts, progress,"
            " reason) VALUES ($1, 'webhook', $2, $3, now(), now(), now(), 1, '{}', 'gave up')",
            number,
            world.service.sid,
            {"event": "onMessageSent", "told": {"message": {"author": author}}},
        )
    return home, left


async def test_looking_changes_nothing(world: World, work: Erasure) -> None:
    home, left = await a_life(world)
    found = await work.look(ALICE)
    assert found.user_sid == (await world.profile(ALICE)).sid
    assert found.belongings == Belongings(memberships=1, invites=1, devices=1)
    assert (found.messages, found.edited) == (3, 1)
    assert found.channels == {home.sid, left.sid}
    assert found.traces == {"channels": 1, "invites": 1, "media": 1, "dead_jobs": 1}
    assert await work.look(ALICE) == found
    assert await bodies(world, left) == [(ALICE, "gone")]


async def test_messages_keep_their_text_under_a_pseudonym(world: World, work: Erasure) -> None:
    home, left = await a_life(world)
    found = await work.look(ALICE)
    world.published.calls.clear()
    done = await work.erase(ALICE, NAME, Messages.ANONYMISE)
    assert done.events > 0
    assert replace(done, events=0) == found
    assert await bodies(world, home) == [(NAME, "hers"), ("bob", "his"), (NAME, "hers again")]
    assert await bodies(world, left) == [(NAME, "gone")]
    assert (await world.chat.messages.get(world.rest, home.sid, 1)).last_updated_by == NAME
    assert (await world.now(home)).created_by == NAME
    with refused(Code.USER_NOT_FOUND):
        await world.profile(ALICE)
    kinds = [event.type for event in world.published.events(channel_topic(home.sid))]
    assert kinds == [EventType.MEMBER_LEFT, *[EventType.MESSAGE_UPDATED] * 3]


async def test_messages_are_deleted_if_so_asked(world: World, work: Erasure) -> None:
    home, left = await a_life(world)
    done = await work.erase(ALICE, NAME, Messages.DELETE)
    assert (done.messages, done.edited) == (3, 1)
    assert await bodies(world, home) == [("bob", "his")]
    assert await bodies(world, left) == []
    now = await world.now(home)
    assert (now.messages_count, now.next_index) == (1, 3)
    kinds = [event.type for event in world.published.events(channel_topic(home.sid))]
    assert kinds[-3:] == [EventType.MESSAGE_REMOVED, EventType.MESSAGE_UPDATED, EventType.MESSAGE_REMOVED]


@pytest.mark.parametrize("messages", Messages)
async def test_the_name_is_nowhere_any_more(world: World, work: Erasure, messages: Messages) -> None:
    """But in what other users have in their streams for a few days, and in what is being delivered right now."""
    await a_life(world)
    before = await named_in(world.pool, ALICE)
    assert {
        "users.identity",
        "messages.author",
        "channel_events.payload",
        "members.identity",
        "bindings.identity",
    } <= before
    await work.erase(ALICE, NAME, messages)
    await Maintenance(world.pool).purge()
    assert await named_in(world.pool, ALICE) <= {"user_events.payload", "outbox.job"}
    assert not await work.look(ALICE)


async def test_clients_that_were_away_are_told_to_load_anew(world: World, work: Erasure) -> None:
    home, _ = await a_life(world)
    await work.erase(ALICE, NAME, Messages.DELETE)
    topic = channel_topic(home.sid)
    assert await world.log(topic) == []
    top = (await world.chat.history.tops([topic]))[topic]
    assert top.first_offset == top.position.offset + 1
    await world.send(home, "on we go", by=await world.user("bob"))
    (event,) = await world.log(topic)
    assert event.offset == top.position.offset + 1


async def test_others_are_left_alone(world: World, work: Erasure) -> None:
    home, _ = await a_life(world)
    bob = await world.user("bob")
    elsewhere = await world.channel("bob", f"{ALICE}-junior")
    await world.send(elsewhere, "mine", by=bob)
    await world.send(elsewhere, "hers", by=await world.user(f"{ALICE}-junior"))
    events = await world.log(channel_topic(elsewhere.sid))
    await work.erase(ALICE, NAME, Messages.DELETE)
    assert await bodies(world, elsewhere) == [("bob", "mine"), (f"{ALICE}-junior", "hers")]
    assert await world.log(channel_topic(elsewhere.sid)) == events
    assert (await world.now(home)).members_count == 1
    async with new_world(world.store) as other:
        namesake = await other.user(ALICE)
        channel = await other.channel(ALICE)
        await other.send(channel, "another service", by=namesake)
        await work.erase(ALICE, NAME, Messages.DELETE)
        assert await bodies(other, channel) == [(ALICE, "another service")]


async def test_messages_of_a_closed_conversation_are_renamed_without_an_event(world: World, work: Erasure) -> None:
    home, _ = await a_life(world)
    await world.chat.channels.update(world.rest, home.sid, ChannelDraft(state=ChannelState.CLOSED))
    await work.erase(ALICE, NAME, Messages.ANONYMISE)
    assert await bodies(world, home) == [(NAME, "hers"), ("bob", "his"), (NAME, "hers again")]
    assert (await world.chat.messages.get(world.rest, home.sid, 1)).last_updated_by == NAME


async def test_what_a_user_left_behind_is_found_when_the_user_is_gone_already(world: World, work: Erasure) -> None:
    home, left = await a_life(world)
    await world.chat.users.delete(world.rest, ALICE)
    done = await work.erase(ALICE, NAME, Messages.ANONYMISE)
    assert (done.user_sid, done.messages, done.channels) == (None, 3, {home.sid, left.sid})


async def test_an_interrupted_run_is_completed_by_the_next(
    world: World, work: Erasure, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, left = await a_life(world)
    traces = Traces(world.pool)

    async def breaks(*_: object) -> None:
        raise ChatError(Code.UNAVAILABLE, "the database is away")

    monkeypatch.setattr(traces, "erase", breaks)
    with refused(Code.UNAVAILABLE):
        await Erasure(world.chat, world.store, traces, world.rest).erase(ALICE, NAME, Messages.ANONYMISE)
    done = await work.erase(ALICE, NAME, Messages.ANONYMISE)
    assert (done.user_sid, done.messages, done.traces["media"]) == (None, 0, 1)
    assert await bodies(world, left) == [(NAME, "gone")]


async def test_who_comes_back_meanwhile_is_noticed(
    world: World, work: Erasure, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_life(world)
    traces = Traces(world.pool)
    erase = traces.erase

    async def meanwhile(*args: str) -> object:
        await world.user(ALICE)
        return await erase(*args)  # type: ignore[arg-type]  # SIDs are text

    monkeypatch.setattr(traces, "erase", meanwhile)
    done = await Erasure(world.chat, world.store, traces, world.rest).erase(ALICE, NAME, Messages.DELETE)
    assert done.came_back


async def test_many_channels_and_messages_are_walked_in_steps(
    world: World, work: Erasure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "_CHANNELS", 3)
    monkeypatch.setattr(erasure, "_MESSAGES", 4)
    monkeypatch.setattr("chatcore.store.erasure._ROWS", 2)
    alice = await world.user(ALICE)
    channels = [await world.channel(ALICE, "bob", created_by=ALICE) for _ in range(8)]
    sizes = [0, 1, 4, 5, 9, 2, 3, 0]
    for channel, size in zip(channels, sizes, strict=True):
        for number in range(size):
            await world.send(channel, str(number), by=alice)
    done = await work.erase(ALICE, NAME, Messages.ANONYMISE)
    assert (done.messages, done.traces["channels"], len(done.channels)) == (sum(sizes), 8, 8)
    for channel, size in zip(channels, sizes, strict=True):
        assert await bodies(world, channel) == [(NAME, str(number)) for number in range(size)]


async def test_nobody_is_found_for_an_unknown_name(work: Erasure) -> None:
    assert not await work.look(Identity("nobody"))
    assert not await work.erase(Identity("nobody"), NAME, Messages.DELETE)


def test_a_pseudonym_stays_the_same_and_does_not_tell_the_name(world: World) -> None:
    made = pseudonym(world.rest, ALICE, "key")
    assert made == pseudonym(world.rest, ALICE, "key")
    others = {
        pseudonym(world.rest, Identity("bob"), "key"),
        pseudonym(world.rest, ALICE, "another key"),
    }
    assert made not in others
    assert ALICE not in made
    assert len(TRACES) == len(set(TRACES))
