"""Sends to channels that this node knows from its last batch: one statement, and nothing overlooked."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from chatcore.commands import known_channels
from chatcore.commands.channel_webhooks import WebhookDraft
from chatcore.commands.channels import ChannelDraft
from chatcore.commands.guests import GuestDraft
from chatcore.commands.members import MemberPatch
from chatcore.commands.sending import SendDraft, Sent
from chatcore.commands.users import UserDraft
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.events import channel_topic
from chatcore.domain.model import Channel, ChannelState
from chatcore.domain.permissions import Permission, RoleType
from chatcore.domain.webhooks import Vocabulary
from chatcore.store.postgres import PostgresStore

from .test_send_batch import assert_gapless
from .trouble import Trouble, troubled
from .world import World, node, refused

HOOK = WebhookDraft(
    vocabulary=Vocabulary.CHAT, type="webhook", url="https://example.org/hook", filters=["onMessageSent"]
)


async def known(world: World, *members: str) -> Channel:
    """A channel with a message, so that the node knows it and everybody in it."""
    channel = await world.channel(*members)
    for identity in members:
        await world.send(channel, by=await world.user(identity))
    await world.send(channel)
    return await world.now(channel)


async def transactions(world: World, trouble: Trouble, channel: Channel, body: str = "hello") -> int:
    """That one send takes."""
    before = trouble.transactions
    await world.send(channel, body)
    return trouble.transactions - before


async def test_the_second_send_needs_no_transaction(store: PostgresStore) -> None:
    async with troubled(store) as (world, trouble):
        channel = await world.channel("alice")
        alice = await world.user("alice")
        first = await world.send(channel, by=alice)
        before = trouble.transactions
        sent = [await world.send(channel, f"{n}", by=alice, attributes='{"n":1}', client_ref=f"r{n}") for n in range(9)]
        assert trouble.transactions == before
        await assert_gapless(world, channel, 10)
        _, page = await world.chat.messages.list(world.rest, channel.sid, limit=100)
        assert page.items == [first, *sent]
        assert (await world.now(channel)).last_message_sid == sent[-1].sid


async def test_texts_arrive_as_they_were_written(store: PostgresStore) -> None:
    texts = [
        "",
        ",",
        "a,b",
        "\x1f",
        "\x1f\x1f",
        '{"a":"\\u001f"}',
        "'; --",
        "\\",
        "null",
        "\n",
        "\u2028 👋🏽",
        "x" * 30_000,
    ]
    async with troubled(store) as (world, trouble):
        identities = ["alice", "b\x1fb", "c,c", "null"]
        channel = await known(world, *identities)
        before = trouble.transactions
        users = [await world.user(identity) for identity in identities]
        sent = await asyncio.gather(
            *(
                world.send(
                    channel, text, by=user, client_ref=f"{number}{user.identity}", attributes=f'["{number}\\u001f"]'
                )
                for user in users
                for number, text in enumerate(texts)
            )
        )
        assert trouble.transactions == before
        assert [message.body for message in sent] == texts * len(users)
        _, page = await world.chat.messages.list(world.rest, channel.sid, limit=100)
        stored = [message for message in page.items if message.client_ref is not None]
        assert stored == sorted(sent, key=lambda message: message.index)
        log = [event["message"] for event in await world.channel_log(channel) if event["type"] == "message.added"]
        assert [m["body"] for m in log if m["client_ref"] is not None] == [message.body for message in stored]


async def test_whatever_is_not_plain_takes_the_transaction(store: PostgresStore) -> None:
    async with troubled(store) as (world, trouble):
        channel = await known(world)
        assert await transactions(world, trouble, channel) == 0
        before = trouble.transactions
        await world.send(channel, subject="s")
        await world.send(channel, last_updated_by="bob")
        await world.send(channel, author="bob")
        assert trouble.transactions == before + 3
        await world.send(channel, author="bob")
        assert trouble.transactions == before + 3, "bob is known to be no member now"


async def test_another_node_wrote_meanwhile(store: PostgresStore, other_store: PostgresStore) -> None:
    async with troubled(store) as (world, trouble), node(other_store) as (other, _, _):
        channel = await known(world)
        await other.messages.send(world.rest, SendDraft(channel=channel.sid))
        assert await transactions(world, trouble, channel) == 1
        assert await transactions(world, trouble, channel) == 1, "it is not guessed at for a second"
        world.clock.passed += known_channels.AVOIDED
        assert await transactions(world, trouble, channel) == 1
        assert await transactions(world, trouble, channel) == 0
        await assert_gapless(world, channel, 6)


async def test_one_of_many_channels_was_changed(store: PostgresStore, other_store: PostgresStore) -> None:
    async with troubled(store) as (world, trouble), node(other_store) as (other, _, _):
        channels = [await known(world) for _ in range(5)]
        await other.messages.send(world.rest, SendDraft(channel=channels[2].sid))
        world.hook.curious = False
        before = trouble.transactions
        sent = await asyncio.gather(
            *(world.chat.messages.send(world.rest, SendDraft(channel=channels[n % 5].sid)) for n in range(20))
        )
        assert trouble.transactions == before + 1
        assert [answer.message.index for answer in sent] == [
            1 + n // 5 + (channels[n % 5] is channels[2]) for n in range(20)
        ]
        for channel in channels:
            await assert_gapless(world, channel, 6 if channel is channels[2] else 5)


async def test_trouble_with_the_others_repeats_and_loses_nothing(
    store: PostgresStore, other_store: PostgresStore
) -> None:
    async with troubled(store) as (world, trouble), node(other_store) as (other, _, _):
        quick, slow = await known(world), await known(world)
        await world.chat.services.settings(world.rest)
        world.hook.curious = False

        async def overtake() -> None:
            """The slow channel is known, and changed by the other node behind this one's back."""
            world.clock.passed += known_channels.AVOIDED
            await world.send(slow)
            await other.messages.send(world.rest, SendDraft(channel=slow.sid))

        async def both() -> list[object]:
            drafts = [SendDraft(channel=channel.sid) for channel in (quick, slow, quick)]
            sends = (world.chat.messages.send(world.rest, draft) for draft in drafts)
            return list(await asyncio.gather(*sends, return_exceptions=True))

        await overtake()
        trouble.conflicts = 2
        assert [type(answer) for answer in await both()] == [Sent] * 3
        assert trouble.conflicts == 0
        await assert_gapless(world, quick, 3)
        await assert_gapless(world, slow, 4)

        await overtake()
        trouble.failure = ChatError(Code.UNAVAILABLE, "away")
        assert [type(answer) for answer in await both()] == [Sent, ChatError, Sent]
        await assert_gapless(world, quick, 5)
        await assert_gapless(world, slow, 6)
        assert len(world.published.events(channel_topic(quick.sid))) == 5


async def test_a_permission_is_lost_with_the_next_send(world: World, other_store: PostgresStore) -> None:
    channel = await known(world, "alice")
    alice = await world.user("alice")
    role = await world.role(RoleType.CHANNEL, Permission.SEND_MESSAGE)
    await world.chat.members.update(world.rest, channel.sid, "alice", MemberPatch(role_sid=role))
    await world.send(channel, by=alice)
    async with node(other_store) as (other, _, _):
        await other.roles.update(world.rest, role, [Permission.LEAVE_CHANNEL])
        with refused(Code.NOT_AUTHORIZED):
            await world.send(channel, by=alice)
        await world.send(channel)
        await other.roles.update(world.rest, role, [Permission.SEND_MESSAGE])
        await world.send(channel, by=alice)
    await assert_gapless(world, channel, 5)


async def test_the_role_of_the_service_counts_too(world: World) -> None:
    mute = await world.role(RoleType.CHANNEL, Permission.LEAVE_CHANNEL)
    vocal = await world.role(RoleType.DEPLOYMENT, Permission.SEND_MESSAGE)
    channel = await world.channel()
    alice = await world.user("alice")
    await world.add(channel, "alice", mute)
    await world.chat.users.update(world.rest, "alice", UserDraft(role_sid=vocal))
    for _ in range(2):
        await world.send(channel, by=alice)
    await world.chat.users.update(
        world.rest, "alice", UserDraft(role_sid=await world.role(RoleType.DEPLOYMENT, Permission.JOIN_CHANNEL))
    )
    with refused(Code.NOT_AUTHORIZED):
        await world.send(channel, by=alice)
    await assert_gapless(world, channel, 2)


async def test_who_left_is_refused_and_who_came_back_has_another_membership(world: World) -> None:
    channel = await known(world, "alice")
    alice = await world.user("alice")
    old = await world.send(channel, by=alice)
    await world.chat.members.remove(world.rest, channel.sid, "alice")
    with refused(Code.NOT_A_MEMBER):
        await world.send(channel, by=alice)
    assert (await world.send(channel, author="alice")).member_sid is None
    member = await world.add(channel, "alice")
    for _ in range(2):
        assert (await world.send(channel, by=alice)).member_sid == member.sid != old.member_sid
        assert (await world.send(channel, author="alice")).member_sid == member.sid


async def test_new_targets_and_guests_hear_of_the_next_message(world: World) -> None:
    heard, visited = await known(world), await world.channel(private=True)
    await world.send(visited)
    await world.chat.channel_webhooks.create(world.rest, heard.sid, HOOK)
    await world.chat.guests.add(
        world.rest, visited.sid, GuestDraft(address="+15551000001", proxy_address="+15552000002")
    )
    server = replace(world.rest, webhooks=True)
    before = len(await world.jobs())
    await world.send(heard, by=server)
    await world.send(visited, by=server)
    scoped, delivery = (await world.jobs())[before:]
    assert (scoped["target"], len(delivery["guests"])) == ("scoped", 1)


async def test_jobs_of_service_webhooks_keep_the_order_of_the_messages(world: World) -> None:
    await world.configure(post_webhook_url="https://example.org/", webhook_filters=("onMessageSent",))
    await world.chat.services.settings(world.rest)
    server = replace(world.rest, webhooks=True)
    channels = [await known(world) for _ in range(3)]
    world.hook.curious = False
    await asyncio.gather(*(world.chat.messages.send(server, SendDraft(channel=channels[n % 3].sid)) for n in range(30)))
    jobs = await world.jobs()
    assert len(jobs) == 30
    for channel in channels:
        told = [job["facts"]["message"]["index"] for job in jobs if job["facts"]["channel"]["sid"] == channel.sid]
        assert told == list(range(1, 11))


async def test_a_closed_conversation_takes_nothing(world: World) -> None:
    channel = await known(world)
    await world.chat.channels.update(world.rest, channel.sid, ChannelDraft(state=ChannelState.CLOSED))
    with refused(Code.CHANNEL_CLOSED):
        await world.send(channel)


async def test_a_deleted_channel_is_gone(world: World) -> None:
    channel = await known(world)
    await world.chat.channels.delete(world.rest, channel.sid)
    with refused(Code.CHANNEL_NOT_FOUND):
        await world.send(channel)


async def test_strangers_stay_strangers(world: World) -> None:
    channel = await known(world, "alice")
    bob = await world.user("bob")
    for _ in range(2):
        with refused(Code.NOT_A_MEMBER):
            await world.send(channel, by=bob)
    other = await world.chat.services.create(world.rest.account_sid, "other")
    with refused(Code.CHANNEL_NOT_FOUND):
        await world.send(channel, by=replace(world.rest, service_sid=other.sid))


async def test_a_used_reference_is_found(world: World) -> None:
    channel = await known(world)
    first = await world.send(channel, "first", client_ref="r")
    again = await world.chat.messages.send(world.rest, SendDraft(channel=channel.sid, body="again", client_ref="r"))
    assert (again.message, again.duplicate) == (first, True)
    await world.send(channel)
    await assert_gapless(world, channel, 3)


async def test_messages_changed_meanwhile_change_nothing_else(world: World) -> None:
    channel = await known(world)
    second = await world.send(channel)
    await world.chat.messages.delete(world.rest, channel.sid, second.sid)
    third = await world.send(channel)
    assert third.index == 2
    found = await world.now(channel)
    assert (found.messages_count, found.next_index, found.last_message_sid) == (2, 3, third.sid)


async def test_the_oldest_acquaintance_is_forgotten(store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_channels, "CHANNELS", 2)
    async with troubled(store) as (world, trouble):
        first, second, third = [await known(world) for _ in range(3)]
        assert await transactions(world, trouble, second) == 0
        assert await transactions(world, trouble, first) == 1
        assert await transactions(world, trouble, third) == 1
