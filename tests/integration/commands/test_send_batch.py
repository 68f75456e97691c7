"""Sends that share transactions."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chatcore.commands.sending import SendDraft, Sent
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.events import Event, channel_topic
from chatcore.domain.model import Actor, Channel
from chatcore.domain.permissions import RoleType
from chatcore.store.postgres import PostgresStore
from tests.support.patience import until

from .trouble import troubled
from .world import World, new_world, node, refused, unknown


async def together(world: World, *drafts: tuple[Actor, SendDraft]) -> list[Sent | Code]:
    """Sends in one batch, in this order."""
    await world.chat.services.settings(world.rest)
    world.hook.curious = False
    found = await asyncio.gather(
        *(world.chat.messages.send(actor, draft) for actor, draft in drafts), return_exceptions=True
    )
    answers: list[Sent | Code] = []
    for answer in found:
        if isinstance(answer, ChatError):
            answers.append(answer.code)
        else:
            assert not isinstance(answer, BaseException), answer
            answers.append(answer)
    return answers


async def assert_gapless(world: World, channel: Channel, count: int) -> None:
    """Indexes and offsets of that many messages, in state and log alike."""
    _, page = await world.chat.messages.list(world.rest, channel.sid, limit=count + 1)
    assert [m.index for m in page.items] == list(range(count))
    log = [e for e in await world.channel_log(channel) if e["type"] == "message.added"]
    assert [e["message"]["index"] for e in log] == list(range(count))
    assert [e["message"]["sid"] for e in log] == [m.sid for m in page.items]
    every = await world.channel_log(channel)
    assert [e["offset"] for e in every] == list(range(1, len(every) + 1))
    found = await world.now(channel)
    assert (found.next_index, found.messages_count, found.stream.offset) == (count, count, len(every))


async def test_a_batch_keeps_the_order_in_which_it_was_handed_in(world: World) -> None:
    channel = await world.channel()
    drafts = [(world.rest, SendDraft(channel=channel.sid, body=str(number))) for number in range(50)]
    answers = await together(world, *drafts)
    assert [a.message.index for a in answers if isinstance(a, Sent)] == list(range(50))
    assert [a.message.body for a in answers if isinstance(a, Sent)] == [str(number) for number in range(50)]
    assert len(world.published.calls) < 5, "they shared transactions"
    published = [e.offset for e in world.published.events(channel_topic(channel.sid))]
    assert published == list(range(1, 51))
    await assert_gapless(world, channel, 50)


async def test_a_batch_over_several_channels(world: World) -> None:
    channels = [await world.channel() for _ in range(5)]
    drafts = [(world.rest, SendDraft(channel=channels[n % 5].sid, body=str(n))) for n in range(40)]
    answers = await together(world, *drafts)
    assert all(isinstance(a, Sent) for a in answers)
    for channel in channels:
        await assert_gapless(world, channel, 8)


async def test_two_nodes_send_into_the_same_channels_without_gaps(world: World, other_store: PostgresStore) -> None:
    channels = [await world.channel() for _ in range(3)]
    async with node(other_store) as (other, other_published, _):

        async def writer(chat: object, number: int) -> None:
            for turn in range(5):
                draft = SendDraft(channel=channels[(number + turn) % 3].sid, body=f"{number}.{turn}")
                await (world.chat if chat is None else other).messages.send(world.rest, draft)

        await asyncio.gather(*(writer(None if number % 2 else other, number) for number in range(24)))
        for channel in channels:
            await assert_gapless(world, channel, 40)
            heard = [e.offset for p in (world.published, other_published) for e in p.events(channel_topic(channel.sid))]
            assert sorted(heard) == list(range(1, 41)), "each event is published by exactly one node"


async def test_what_one_writer_sends_in_turn_stays_in_order_over_two_nodes(
    world: World, other_store: PostgresStore
) -> None:
    channel = await world.channel()
    async with node(other_store) as (other, _, _):
        for turn in range(20):
            chat = world.chat if turn % 2 else other
            await chat.messages.send(world.rest, SendDraft(channel=channel.sid, body=str(turn)))
    _, page = await world.chat.messages.list(world.rest, channel.sid, limit=100)
    assert [m.body for m in page.items] == [str(turn) for turn in range(20)]


async def test_refused_sends_fail_alone_and_burn_no_index(world: World) -> None:
    alice, bob, carol = [await world.user(name) for name in ("alice", "bob", "carol")]
    channel, secret = await world.channel("alice"), await world.channel("bob", private=True)
    mute = await world.role(RoleType.CHANNEL)
    await world.add(channel, "carol", mute)
    good = SendDraft(channel=channel.sid, body="good")
    answers = await together(
        world,
        (alice, good),
        (bob, good),
        (carol, good),
        (alice, SendDraft(channel=secret.sid)),
        (alice, SendDraft(channel=unknown("CH"))),
        (alice, SendDraft(channel=channel.sid, body="x" * 32_769)),
        (alice, SendDraft(channel=channel.sid, attributes="{")),
        (alice, SendDraft(channel=channel.sid, client_ref="x" * 65)),
        (alice, SendDraft(channel=channel.sid, body="a\x00b")),
        (alice, SendDraft(channel=channel.sid, body="\ud800")),
        (alice, SendDraft(channel=channel.sid, media_sids=(unknown("ME"),))),
        (world.rest, SendDraft(channel=channel.sid, author="a\x00b")),
        (world.rest, SendDraft(channel=channel.sid, author="a" * 257)),
        (bob, SendDraft(channel=secret.sid)),
        (alice, good),
    )
    assert [a if isinstance(a, Code) else a.message.index for a in answers] == [
        0,
        Code.NOT_A_MEMBER,
        Code.NOT_AUTHORIZED,
        Code.CHANNEL_NOT_FOUND,
        Code.CHANNEL_NOT_FOUND,
        Code.BODY_TOO_LONG,
        Code.ATTRIBUTES_INVALID,
        Code.INVALID_PARAMETER,
        Code.INVALID_PARAMETER,
        Code.INVALID_PARAMETER,
        Code.MEDIA_NOT_FOUND,
        Code.INVALID_PARAMETER,
        Code.AUTHOR_TOO_LONG,
        0,
        1,
    ]
    assert len([call for call in world.published.calls if call[0].type == "message.added"]) == 1, "it was one batch"
    await assert_gapless(world, channel, 2)


BAD_KEYS = [{"client_ref": "a\x00b"}, {"client_ref": "\ud800"}, {"author": "a\x00b", "client_ref": "r"}]


@pytest.mark.parametrize("bad", BAD_KEYS)
async def test_a_send_that_the_database_cannot_even_look_up_fails_alone(world: World, bad: dict[str, Any]) -> None:
    channel = await world.channel()
    good = world.rest, SendDraft(channel=channel.sid, client_ref="good")
    answers = await together(world, good, (world.rest, SendDraft(channel=channel.sid, **bad)), good)
    assert answers[1] is Code.INVALID_PARAMETER
    assert [a.duplicate for a in answers if isinstance(a, Sent)] == [False, True]
    await assert_gapless(world, channel, 1)


async def test_an_invitee_of_a_private_channel_is_not_a_member(world: World) -> None:
    bob = await world.user("bob")
    channel = await world.channel(private=True)
    await world.chat.invites.create(world.rest, channel.sid, "bob")
    with refused(Code.NOT_A_MEMBER):
        await world.send(channel, by=bob)


async def test_a_channel_of_another_service_does_not_exist(world: World) -> None:
    channel = await world.channel()
    service = await world.chat.services.create(world.rest.account_sid, "other")
    stranger = Actor(account_sid=world.rest.account_sid, service_sid=service.sid)
    assert await together(
        world, (stranger, SendDraft(channel=channel.sid)), (world.rest, SendDraft(channel=channel.sid))
    ) == [Code.CHANNEL_NOT_FOUND, await _first(world, channel)]


async def _first(world: World, channel: Channel) -> Sent:
    return Sent(message=await world.chat.messages.get(world.rest, channel.sid, 0), duplicate=False)


# References.


async def test_a_reference_is_good_for_one_message(world: World) -> None:
    alice, bob = await world.user("alice"), await world.user("bob")
    channel, other = await world.channel("alice", "bob"), await world.channel("alice")
    first = (await together(world, (alice, SendDraft(channel=channel.sid, body="1", client_ref="r"))))[0]
    assert isinstance(first, Sent)
    again, by_bob, elsewhere, differently = await together(
        world,
        (alice, SendDraft(channel=channel.sid, body="other", client_ref="r")),
        (bob, SendDraft(channel=channel.sid, body="2", client_ref="r")),
        (alice, SendDraft(channel=other.sid, body="3", client_ref="r")),
        (alice, SendDraft(channel=channel.sid, body="4", client_ref="R")),
    )
    assert again == Sent(message=first.message, duplicate=True)
    for sent in (by_bob, elsewhere, differently):
        assert isinstance(sent, Sent)
        assert not sent.duplicate
    await assert_gapless(world, channel, 3)


async def test_one_batch_may_hold_a_reference_several_times(world: World) -> None:
    channel = await world.channel()
    draft = SendDraft(channel=channel.sid, body="1", client_ref="r")
    answers = await together(world, *[(world.rest, draft)] * 5)
    assert [a.duplicate for a in answers if isinstance(a, Sent)] == [False, True, True, True, True]
    assert len({a.message.sid for a in answers if isinstance(a, Sent)}) == 1
    await assert_gapless(world, channel, 1)


async def test_a_reference_holds_over_two_nodes_at_once(world: World, other_store: PostgresStore) -> None:
    channel = await world.channel()
    async with node(other_store) as (other, _, _):
        drafts = [SendDraft(channel=channel.sid, client_ref=f"r{number % 5}") for number in range(40)]
        sent = await asyncio.gather(
            *((world.chat if n % 2 else other).messages.send(world.rest, draft) for n, draft in enumerate(drafts))
        )
    assert sum(not s.duplicate for s in sent) == 5
    assert len({s.message.sid for s in sent}) == 5
    await assert_gapless(world, channel, 5)


async def test_deleting_a_message_frees_its_reference(world: World) -> None:
    channel = await world.channel()
    first = await world.send(channel, client_ref="r")
    await world.chat.messages.delete(world.rest, channel.sid, 0)
    second = await world.send(channel, client_ref="r")
    assert second.sid != first.sid
    assert second.index == 1


async def test_a_repeated_reference_answers_even_while_the_channel_is_too_busy(store: PostgresStore) -> None:
    async with new_world(store, channel_rate=1) as world:
        channel = await world.channel()
        for number in range(5):
            await world.send(channel, client_ref=str(number))
        with refused(Code.CHANNEL_RATE_EXCEEDED):
            await world.send(channel, client_ref="5")
        sent = await world.chat.messages.send(world.rest, SendDraft(channel=channel.sid, client_ref="0"))
        assert sent.duplicate
        world.clock.passed += 6
        await world.send(channel, client_ref="5")
        await assert_gapless(world, channel, 6)


# Trouble.


async def test_conflicts_are_tried_again(store: PostgresStore) -> None:
    async with troubled(store) as (world, trouble):
        channel = await world.channel()
        trouble.conflicts = 4
        await world.send(channel)
        await assert_gapless(world, channel, 1)
        fresh = await world.channel()  # an unknown one: the other needs no transaction any more
        trouble.conflicts = 5
        with refused(Code.UNAVAILABLE):
            await world.send(fresh)
        await assert_gapless(world, fresh, 0)
        await world.send(fresh)


async def test_when_the_batch_cannot_be_written_its_good_sends_still_are(
    store: PostgresStore, caplog: pytest.LogCaptureFixture
) -> None:
    async with troubled(store) as (world, trouble):
        channel = await world.channel()
        trouble.poison = "poison"
        bodies = ["a", "b", "poison", "c", "d"]
        drafts = [SendDraft(channel=channel.sid, body=body, subject="takes a transaction") for body in bodies]
        answers = await together(world, *((world.rest, draft) for draft in drafts))
        assert [a if isinstance(a, Code) else a.message.index for a in answers] == [0, 1, Code.INTERNAL, 2, 3]
        await assert_gapless(world, channel, 4)
    assert [record.message for record in caplog.records] == ["A send could not be written"]


async def test_while_the_database_is_away_sends_are_refused_as_temporary(store: PostgresStore) -> None:
    async with troubled(store) as (world, trouble):
        channel = await world.channel()
        trouble.failure = ChatError(Code.UNAVAILABLE, "away")
        answers = await together(world, *[(world.rest, SendDraft(channel=channel.sid))] * 3)
        assert answers == [Code.UNAVAILABLE] * 3
        trouble.failure = None
        await world.send(channel)
        await assert_gapless(world, channel, 1)


async def test_sends_that_nobody_waits_for_any_more_are_still_made(store: PostgresStore) -> None:
    async with troubled(store) as (world, trouble):
        channel = await world.channel()
        trouble.gate.clear()
        before = trouble.transactions
        waiting = [asyncio.create_task(world.send(channel, "0"))]
        await until(lambda: trouble.transactions > before)
        waiting += [asyncio.create_task(world.send(channel, "1"))]
        await until(lambda: world.chat.batch._waiting)
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        trouble.gate.set()
        await world.send(channel, "2")
        await assert_gapless(world, channel, 3)


async def test_a_node_that_stops_refuses_what_waits(store: PostgresStore) -> None:
    async with troubled(store) as (world, trouble):
        channel = await world.channel()
        await world.chat.services.settings(world.rest)
        trouble.gate.clear()
        before = trouble.transactions
        waiting = [asyncio.create_task(world.send(channel, "first"))]
        await until(lambda: trouble.transactions > before)
        waiting += [asyncio.create_task(world.send(channel, "second"))]
        await until(lambda: world.chat.batch._waiting)
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [getattr(outcome, "code", outcome) for outcome in outcomes] == [Code.UNAVAILABLE] * 2


async def test_a_lone_send_waits_for_nothing(store: PostgresStore) -> None:
    async with troubled(store) as (world, trouble):
        channel = await world.channel()
        before = trouble.transactions
        await world.send(channel)
        assert trouble.transactions == before + 1


async def test_only_events_of_committed_messages_are_published(store: PostgresStore) -> None:
    async with troubled(store) as (world, trouble):
        channel = await world.channel()
        world.published.calls.clear()
        trouble.conflicts = 2
        await world.send(channel)
        ((event,),) = world.published.calls
        assert isinstance(event, Event)
        assert event.offset == 1
