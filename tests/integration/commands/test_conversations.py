"""Conversations: what the account gives them, who is in them from the beginning, and how silence ends them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from chatcore.commands.channels import ChannelDraft
from chatcore.commands.conversations import NewMember
from chatcore.commands.guests import GuestDraft
from chatcore.commands.membership import MemberDraft
from chatcore.domain.errors import Code
from chatcore.domain.model import Channel, ChannelState, ChannelType

from .world import World, refused

ANNA = "+15558675310"


def member(identity: str) -> NewMember:
    return NewMember(identity=identity, draft=MemberDraft())


async def timed(world: World, **fields: int) -> Channel:
    draft = ChannelDraft(state=ChannelState.ACTIVE, inactive_after=60, closed_after=600)
    return await world.chat.conversations.create(world.rest, replace(draft, **fields))  # type: ignore[arg-type]  # seconds


async def fire(world: World, channel: Channel) -> Channel | None:
    """The worker's step, where it is due."""
    for actor, sid in await world.chat.channels.due(1000):
        if sid == channel.sid:
            return await world.chat.channels.run_timer(actor, sid)
    return None


async def test_the_account_gives_what_was_not_given(world: World) -> None:
    await world.chat.accounts.configure(
        world.rest.account_sid,
        lambda held: replace(held, default_inactive_timer="PT5M", default_closed_timer="P1D"),
    )
    account = await world.chat.accounts.configuration(world.rest.account_sid)
    made = await world.chat.conversations.create(world.rest, ChannelDraft())
    assert made.type is ChannelType.PRIVATE
    assert made.messaging_service_sid == account.default_messaging_service_sid
    assert (made.timers.inactive_after, made.timers.closed_after) == (300, 86_400)
    own = ChannelDraft(state=ChannelState.ACTIVE, inactive_after=None, closed_after=700)
    made = await world.chat.conversations.create(world.rest, own)
    assert (made.timers.inactive_after, made.timers.closed_after) == (None, 700)


async def test_members_and_guests_are_there_from_the_beginning(world: World) -> None:
    made = await world.chat.conversations.create(
        world.rest, ChannelDraft(), [member("ann"), GuestDraft(address=ANNA), member("bob")]
    )
    assert (made.members_count, made.guests_count, made.stream.offset) == (2, 1, 3)
    log = await world.channel_log(made)
    assert [(e["type"], e["member"]["identity"]) for e in log] == [
        ("member.joined", "ann"),
        ("member.joined", None),
        ("member.joined", "bob"),
    ]
    assert [e["type"] for e in await world.user_log("ann")] == ["channel.joined"]


async def test_nothing_is_made_where_one_cannot_take_part(world: World) -> None:
    draft = ChannelDraft(unique_name="trip")
    with refused(Code.MEMBER_EXISTS):
        await world.chat.conversations.create(world.rest, draft, [member("ann"), member("ann")])
    with refused(Code.USER_NOT_FOUND):
        await world.chat.users.get(world.rest, "ann")
    await world.chat.conversations.create(world.rest, draft)


async def test_the_same_people_in_any_order_at_once(world: World) -> None:
    """No two of them wait for each other."""
    names = [f"user {n}" for n in range(6)]
    orders = [names, names[::-1], names[3:] + names[:3], names[::-1]]
    made = await asyncio.gather(
        *(world.chat.conversations.create(world.rest, ChannelDraft(), [member(n) for n in order]) for order in orders)
    )
    assert [one.members_count for one in made] == [6] * 4
    for name in names:
        assert (await world.profile(name)).joined_channels_count == 4


async def test_webhooks_hear_of_the_conversation_first(world: World) -> None:
    filters = ("onConversationAdded", "onParticipantAdded", "onUserAdded")
    await world.configure(post_webhook_url="https://example.org/", webhook_filters=filters)
    loud = replace(world.rest, webhooks=True)
    await world.chat.conversations.create(loud, ChannelDraft(), [member("ann"), GuestDraft(address=ANNA)])
    events = [job["event"] for job in await world.jobs()]
    assert events == ["onConversationAdded", "onUserAdded", "onParticipantAdded", "onParticipantAdded"]


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        (ChannelDraft(state=ChannelState.CLOSED), Code.STATE_CLOSED_AT_CREATION),
        (ChannelDraft(inactive_after=60), Code.TIMER_WITHOUT_STATE),
        (ChannelDraft(closed_after=None), Code.TIMER_WITHOUT_STATE),
        (ChannelDraft(messaging_service_sid="x"), Code.MESSAGING_SERVICE_INVALID),
    ],
)
async def test_rules_of_the_beginning(world: World, draft: ChannelDraft, code: Code) -> None:
    with refused(code):
        await world.chat.conversations.create(world.rest, draft)


async def test_silence_makes_it_inactive_then_closes_it(world: World) -> None:
    filters = ("onConversationStateUpdated", "onConversationUpdated")
    await world.configure(post_webhook_url="https://example.org/", webhook_filters=filters)
    made = await timed(world)
    world.clock.passed += 59
    assert await fire(world, made) is None
    world.clock.passed += 2
    silent = await fire(world, made)
    assert silent is not None
    assert (silent.state, silent.timers.date_inactive) == (ChannelState.INACTIVE, None)
    assert silent.timers.date_closed == made.timers.date_closed
    assert await fire(world, made) is None
    world.clock.passed += 600
    closed = await fire(world, made)
    assert closed is not None
    assert (closed.state, closed.timers.date_closed) == (ChannelState.CLOSED, None)
    assert [e["channel"]["state"] for e in await world.channel_log(made)] == ["inactive", "closed"]
    told = [(job["event"], job["source"], job["facts"]) for job in await world.jobs()]
    moves = [(event, source, f["state_from"], f["state_to"], f["reason"]) for event, source, f in told]
    assert moves == [
        ("onConversationStateUpdated", "API", "active", "inactive", "TIMER"),
        ("onConversationStateUpdated", "API", "inactive", "closed", "TIMER"),
    ]


async def test_both_timers_that_ran_out_close_it_at_once(world: World) -> None:
    made = await timed(world)
    world.clock.passed += 601
    closed = await fire(world, made)
    assert closed is not None
    assert closed.state is ChannelState.CLOSED


async def test_many_workers_move_it_once(world: World) -> None:
    made = await timed(world)
    world.clock.passed += 61
    (actor,) = [actor for actor, sid in await world.chat.channels.due(1000) if sid == made.sid]
    answers = await asyncio.gather(*(world.chat.channels.run_timer(actor, made.sid) for _ in range(5)))
    assert [answer is None for answer in answers].count(False) == 1
    assert len(await world.channel_log(made)) == 1


async def test_messages_put_silence_off(world: World) -> None:
    made = await timed(world)
    world.clock.passed += 50
    await world.send(made)
    world.clock.passed += 50
    assert await fire(world, made) is None
    world.clock.passed += 11
    silent = await fire(world, made)
    assert silent is not None
    assert silent.state is ChannelState.INACTIVE
    await world.send(made)
    woken = await world.now(made)
    assert woken.state is ChannelState.ACTIVE
    assert woken.timers.date_inactive is not None
    assert woken.timers.date_closed is not None
    assert woken.timers.date_closed - woken.timers.date_inactive == timedelta(seconds=540)


async def test_a_conversation_that_is_gone_has_no_timers(world: World) -> None:
    made = await timed(world)
    world.clock.passed += 61
    (actor,) = [actor for actor, sid in await world.chat.channels.due(1000) if sid == made.sid]
    await world.chat.channels.delete(world.rest, made.sid)
    assert await world.chat.channels.run_timer(actor, made.sid) is None
