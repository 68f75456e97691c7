"""Two at once: unique constraints and locks decide, the loser is told, and every count is right afterwards."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable

import pytest

from chatcore.commands.channels import ChannelDraft
from chatcore.commands.messages import MessagePatch
from chatcore.commands.users import UserDraft
from chatcore.domain.errors import ChatError
from chatcore.domain.model import Channel
from chatcore.store.postgres import PostgresStore
from tests.support.patience import PATIENCE, until

from .trouble import troubled
from .world import ALL, World, node, waits_for_a_lock


async def outcomes(*calls: Awaitable[object]) -> Counter[str]:
    """How often each ended well, or with which code."""
    found: Counter[str] = Counter()
    for outcome in await asyncio.gather(*calls, return_exceptions=True):
        if isinstance(outcome, ChatError):
            found[outcome.code.name] += 1
        else:
            assert not isinstance(outcome, BaseException), outcome
            found["done"] += 1
    return found


async def assert_consistent(world: World, channel: Channel) -> None:
    """Counters, lists and the log say the same."""
    found = await world.now(channel)
    members = (await world.chat.members.list(world.rest, channel.sid, ALL)).items
    assert found.members_count == len(members) == len({m.identity for m in members})
    log = await world.channel_log(channel)
    assert [e["offset"] for e in log] == list(range(1, found.stream.offset + 1))
    present: set[str] = set()
    for event in log:
        if event["type"] == "member.joined":
            assert event["member"]["identity"] not in present
            present.add(event["member"]["identity"])
        elif event["type"] == "member.left":
            present.remove(event["member"]["identity"])
    assert present == {m.identity for m in members}


async def test_one_unique_name_for_two_channels(world: World) -> None:
    done = await outcomes(*(world.channel(unique_name="one") for _ in range(6)))
    assert done == {"done": 1, "UNIQUE_NAME_TAKEN": 5}
    assert len((await world.chat.channels.list(world.rest, ALL)).items) == 1


async def test_two_channels_take_the_same_name(world: World) -> None:
    channels = [await world.channel() for _ in range(4)]
    draft = ChannelDraft(unique_name="one")
    done = await outcomes(*(world.chat.channels.update(world.rest, c.sid, draft) for c in channels))
    assert done == {"done": 1, "UNIQUE_NAME_TAKEN": 3}


async def test_one_user_joins_twice(world: World) -> None:
    alice = await world.user("alice")
    channel = await world.channel()
    done = await outcomes(
        *(world.chat.channels.join(alice, channel.sid) for _ in range(4)), world.add(channel, "alice")
    )
    assert done == {"done": 1, "MEMBER_EXISTS": 4}
    assert (await world.profile("alice")).joined_channels_count == 1
    await assert_consistent(world, channel)


async def test_more_join_than_there_is_room(world: World) -> None:
    await world.configure(limit_channel_members=3)
    channel = await world.channel()
    actors = [await world.user(f"user{number}") for number in range(9)]
    done = await outcomes(*(world.chat.channels.join(actor, channel.sid) for actor in actors))
    assert done == {"done": 3, "CHANNEL_FULL": 6}
    await assert_consistent(world, channel)


async def test_one_user_joins_more_channels_than_it_may(world: World) -> None:
    await world.configure(limit_user_channels=3)
    channels = [await world.channel() for _ in range(8)]
    done = await outcomes(*(world.add(channel, "alice") for channel in channels))
    assert done == {"done": 3, "USER_CHANNELS_EXCEEDED": 5}
    assert (await world.profile("alice")).joined_channels_count == 3
    for channel in channels:
        await assert_consistent(world, channel)


async def test_one_identity_is_invited_twice(world: World) -> None:
    await world.user("bob")
    channel = await world.channel()
    done = await outcomes(*(world.chat.invites.create(world.rest, channel.sid, "bob") for _ in range(4)))
    assert done == {"done": 1, "ALREADY_INVITED": 3}
    assert [e["type"] for e in await world.user_log("bob")] == ["channel.invited"]


async def test_an_invite_is_accepted_declined_and_withdrawn_at_once(world: World) -> None:
    bob = await world.user("bob")
    channel = await world.channel(private=True)
    await world.chat.invites.create(world.rest, channel.sid, "bob")
    done = await outcomes(
        world.chat.channels.join(bob, channel.sid),
        world.chat.invites.decline(bob, channel.sid),
        world.chat.invites.delete(world.rest, channel.sid, "bob"),
    )
    assert done["done"] == 1
    assert (await world.chat.invites.list(world.rest, channel.sid, ALL)).items == []
    await assert_consistent(world, channel)


async def test_one_identity_is_created_twice(world: World) -> None:
    done = await outcomes(*(world.chat.users.create(world.rest, "alice", UserDraft()) for _ in range(5)))
    assert done == {"done": 1, "USER_EXISTS": 4}


async def test_one_unknown_identity_is_added_to_many_channels(world: World) -> None:
    channels = [await world.channel() for _ in range(6)]
    assert await outcomes(*(world.add(channel, "newcomer") for channel in channels)) == {"done": 6}
    user = await world.profile("newcomer")
    assert user.joined_channels_count == 6
    log = await world.user_log("newcomer")
    assert [e["offset"] for e in log] == list(range(1, 7))


async def test_who_leaves_and_is_removed_is_gone_once(world: World) -> None:
    alice = await world.user("alice")
    channel = await world.channel("alice", "bob")
    done = await outcomes(
        *(world.chat.channels.leave(alice, channel.sid) for _ in range(2)),
        *(world.chat.members.remove(world.rest, channel.sid, "alice") for _ in range(2)),
    )
    assert done["done"] == 1
    assert done["NOT_A_MEMBER"] + done["MEMBER_NOT_FOUND"] == 3
    assert (await world.profile("alice")).joined_channels_count == 0
    await assert_consistent(world, channel)


async def test_a_message_is_deleted_once(world: World) -> None:
    channel = await world.channel()
    await world.send(channel)
    done = await outcomes(*(world.chat.messages.delete(world.rest, channel.sid, 0) for _ in range(4)))
    assert done == {"done": 1, "MESSAGE_NOT_FOUND": 3}
    assert (await world.now(channel)).messages_count == 0


async def test_edits_of_different_fields_are_both_kept(world: World) -> None:
    channel = await world.channel()
    await world.send(channel)
    await outcomes(
        world.chat.messages.update(world.rest, channel.sid, 0, MessagePatch(body="new")),
        world.chat.messages.update(world.rest, channel.sid, 0, MessagePatch(attributes="1")),
        world.chat.channels.update(world.rest, channel.sid, ChannelDraft(friendly_name="x")),
        world.chat.channels.update(world.rest, channel.sid, ChannelDraft(attributes="2")),
    )
    message = await world.chat.messages.get(world.rest, channel.sid, 0)
    assert (message.body, message.attributes) == ("new", "1")
    found = await world.now(channel)
    assert (found.friendly_name, found.attributes, found.stream.offset) == ("x", "2", 5)


async def test_of_two_that_require_a_revision_one_wins(world: World) -> None:
    channel = await world.channel()
    draft = ChannelDraft(friendly_name="x")
    done = await outcomes(*(world.chat.channels.update(world.rest, channel.sid, draft, if_rev=0) for _ in range(4)))
    assert done == {"done": 1, "REVISION_MISMATCH": 3}


async def test_a_channel_is_deleted_while_everybody_uses_it(world: World) -> None:
    people = [await world.user(f"user{number}") for number in range(6)]
    channel = await world.channel(*(p.identity for p in people[:3] if p.identity))
    await world.send(channel)
    done = await outcomes(
        *(world.send(channel, by=p) for p in people[:3]),
        *(world.chat.horizons.report(p, channel.sid, 0) for p in people[:3]),
        *(world.chat.channels.join(p, channel.sid) for p in people[3:]),
        world.chat.channels.delete(world.rest, channel.sid),
        world.chat.channels.leave(people[0], channel.sid),
    )
    assert set(done) <= {"done", "CHANNEL_NOT_FOUND", "NOT_A_MEMBER"}
    for person in people:
        assert (await world.profile(str(person.identity))).joined_channels_count == 0
    log = await world.channel_log(channel)
    assert [e["offset"] for e in log] == list(range(1, len(log) + 1))
    assert log[-1]["type"] == "channel.deleted"
    assert [e["type"] for e in log].count("channel.deleted") == 1


async def test_many_join_and_leave_many_channels(world: World) -> None:
    """No deadlock: nobody is turned away as unavailable."""
    people = [await world.user(f"user{number}") for number in range(6)]
    channels = [await world.channel() for _ in range(4)]

    async def wander(number: int) -> None:
        for turn in range(6):
            channel = channels[(number * 3 + turn) % 4]
            await world.chat.channels.join(people[number], channel.sid)
            await world.send(channel, by=people[number])
            await world.chat.horizons.report_all(people[number], channel.sid)
            await world.chat.channels.leave(people[number], channel.sid)

    async with asyncio.timeout(PATIENCE):
        assert await outcomes(*(wander(number) for number in range(6))) == {"done": 6}
    for channel in channels:
        await assert_consistent(world, channel)
        assert (await world.now(channel)).members_count == 0


async def test_users_are_deleted_while_they_join(world: World) -> None:
    channels = [await world.channel() for _ in range(4)]
    people = [await world.user(f"user{number}") for number in range(8)]
    calls: list[Awaitable[object]] = []
    for number, person in enumerate(people):
        for channel in channels[: 2 + number % 3]:
            calls.append(world.chat.channels.join(person, channel.sid))
        calls.insert(number * 2, world.chat.users.delete(world.rest, str(person.identity)))
    done = await outcomes(*calls)
    assert set(done) <= {"done", "USER_NOT_FOUND", "NOT_AUTHORIZED"}
    for channel in channels:
        await assert_consistent(world, channel)
        assert (await world.now(channel)).members_count == 0


async def test_a_user_is_deleted_while_its_joining_is_not_committed_yet(store: PostgresStore) -> None:
    async with troubled(store) as (world, trouble):
        alice = await world.user("alice")
        channel = await world.channel()
        trouble.before_commit.clear()
        joining = asyncio.ensure_future(world.chat.channels.join(alice, channel.sid))
        await until(lambda: trouble.held == 1)
        async with node(store) as (other, _, _):
            deleting = asyncio.ensure_future(other.users.delete(world.rest, "alice"))
            await waits_for_a_lock(world, deleting)
            trouble.before_commit.set()
            await joining
            await deleting
        await assert_consistent(world, channel)
        assert (await world.now(channel)).members_count == 0


@pytest.mark.parametrize("what", ["channel", "user"])
async def test_what_is_deleted_twice_is_deleted_once(world: World, what: str) -> None:
    await world.user("alice")
    channel = await world.channel("alice")
    if what == "channel":
        done = await outcomes(*(world.chat.channels.delete(world.rest, channel.sid) for _ in range(3)))
        assert done == {"done": 1, "CHANNEL_NOT_FOUND": 2}
    else:
        done = await outcomes(*(world.chat.users.delete(world.rest, "alice") for _ in range(3)))
        assert done == {"done": 1, "USER_NOT_FOUND": 2}
        await assert_consistent(world, channel)
