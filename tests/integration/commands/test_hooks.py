"""What a before-hook sees, may change and may refuse."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from chatcore.commands.channels import ChannelDraft
from chatcore.commands.members import MemberPatch
from chatcore.commands.membership import MemberDraft
from chatcore.commands.messages import MessagePatch
from chatcore.commands.sending import SendDraft
from chatcore.commands.users import UserDraft
from chatcore.domain.errors import Code
from chatcore.domain.model import Actor, Channel
from chatcore.domain.webhooks import Action

from .world import World, refused

Act = Callable[[World, Actor, Channel], Awaitable[object]]

ACTIONS: dict[str, tuple[Action, Act]] = {
    "create": (Action.CHANNEL_ADD, lambda w, a, _: w.chat.channels.create(a, ChannelDraft())),
    "update": (
        Action.CHANNEL_UPDATE,
        lambda w, a, c: w.chat.channels.update(a, c.sid, ChannelDraft(friendly_name="x")),
    ),
    "delete": (Action.CHANNEL_REMOVE, lambda w, a, c: w.chat.channels.delete(a, c.sid)),
    "leave": (Action.MEMBER_REMOVE, lambda w, a, c: w.chat.channels.leave(a, c.sid)),
    "add": (Action.MEMBER_ADD, lambda w, a, c: w.chat.members.add(w.rest, c.sid, "bob", MemberDraft())),
    "remove": (Action.MEMBER_REMOVE, lambda w, a, c: w.chat.members.remove(w.rest, c.sid, "alice")),
    "change": (
        Action.MEMBER_UPDATE,
        lambda w, a, c: w.chat.members.update(w.rest, c.sid, "alice", MemberPatch(attributes="1")),
    ),
    "send": (Action.MESSAGE_ADD, lambda w, a, c: w.chat.messages.send(a, SendDraft(channel=c.sid, body="x"))),
    "edit": (Action.MESSAGE_UPDATE, lambda w, a, c: w.chat.messages.update(w.rest, c.sid, 0, MessagePatch(body="x"))),
    "erase": (Action.MESSAGE_REMOVE, lambda w, a, c: w.chat.messages.delete(w.rest, c.sid, 0)),
    "profile": (Action.USER_UPDATE, lambda w, a, _: w.chat.users.update(a, "alice", UserDraft(friendly_name="x"))),
}


async def place(world: World) -> tuple[Actor, Channel]:
    alice = await world.user("alice")
    channel = await world.channel("alice", created_by="alice")
    await world.send(channel, "old")
    world.hook.asked.clear()
    return alice, await world.now(channel)


@pytest.mark.parametrize("name", ACTIONS)
async def test_a_refused_action_changes_nothing(world: World, name: str) -> None:
    alice, channel = await place(world)
    profile = await world.profile("alice")
    action, act = ACTIONS[name]
    world.hook.refused.add(action)
    with refused(Code.WEBHOOK_REJECTED):
        await act(world, alice, channel)
    assert [asked for asked, _ in world.hook.asked] == [action]
    assert await world.now(channel) == channel
    assert await world.profile("alice") == profile


async def test_joining_is_asked_about(world: World) -> None:
    alice = await world.user("alice")
    channel = await world.channel()
    world.hook.refused.add(Action.MEMBER_ADD)
    with refused(Code.WEBHOOK_REJECTED):
        await world.chat.channels.join(alice, channel.sid)
    assert (await world.now(channel)).members_count == 0


async def test_a_message_is_changed_before_it_is_sent(world: World) -> None:
    alice, channel = await place(world)
    world.hook.answers[Action.MESSAGE_ADD] = {"body": "clean", "attributes": "[1]", "author": "moderator"}
    message = await world.send(channel, "dirty", by=alice)
    assert (message.body, message.attributes, message.author) == ("clean", "[1]", "moderator")
    facts = world.hook.asked[-1][1]
    assert facts is not None
    assert facts["channel"]["sid"] == channel.sid
    assert (facts["message"]["body"], facts["message"]["attributes"], facts["by"]) == ("dirty", "{}", "alice")


async def test_hooks_are_told_of_what_is_there_and_what_is_intended(world: World) -> None:
    alice, channel = await place(world)
    await world.chat.channels.update(alice, channel.sid, ChannelDraft(friendly_name="new", attributes="[2]"))
    await world.chat.members.remove(world.rest, channel.sid, "alice")
    (_, update), (_, removal) = world.hook.asked
    assert update is not None
    assert removal is not None
    assert (update["channel"]["friendly_name"], update["channel"]["attributes"]) == ("new", "[2]")
    assert update["channel"]["created_by"] == "alice"
    assert (removal["member"]["identity"], removal["reason"]) == ("alice", "REMOVED")


async def test_a_hook_is_not_asked_about_what_is_not_there(world: World) -> None:
    with refused(Code.CHANNEL_NOT_FOUND):
        await world.chat.channels.update(world.rest, "nowhere", ChannelDraft(friendly_name="x"))
    assert world.hook.asked == []


async def test_what_a_hook_makes_of_it_is_checked_as_well(world: World) -> None:
    alice, channel = await place(world)
    world.hook.answers[Action.MESSAGE_ADD] = {"attributes": "{"}
    with refused(Code.ATTRIBUTES_INVALID):
        await world.send(channel, by=alice)
    world.hook.answers[Action.MESSAGE_UPDATE] = {"body": "x" * 40_000}
    with refused(Code.BODY_TOO_LONG):
        await world.chat.messages.update(world.rest, channel.sid, 0, MessagePatch(body="new"))


async def test_a_channel_is_changed_before_it_is_made(world: World) -> None:
    world.hook.answers[Action.CHANNEL_ADD] = {"friendly_name": "Clean", "unique_name": "clean", "attributes": "[1]"}
    channel, _ = await world.chat.channels.create(world.rest, ChannelDraft(friendly_name="dirty"))
    assert (channel.friendly_name, channel.unique_name, channel.attributes) == ("Clean", "clean", "[1]")
    world.hook.answers[Action.CHANNEL_UPDATE] = {"friendly_name": "Other"}
    changed = await world.chat.channels.update(world.rest, channel.sid, ChannelDraft(friendly_name="x"))
    assert changed.friendly_name == "Other"


async def test_a_hook_does_not_widen_what_a_client_may(world: World) -> None:
    alice, bob = await world.user("alice"), await world.user("bob")
    channel = await world.channel("alice", "bob")
    await world.send(channel, by=alice)
    world.hook.answers[Action.MESSAGE_UPDATE] = {"body": "by the hook"}
    with refused(Code.NOT_AUTHORIZED):
        await world.chat.messages.update(bob, channel.sid, 0, MessagePatch(attributes="1"))
