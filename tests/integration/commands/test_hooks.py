"""What a before-hook sees, may change and may refuse."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from chatcore.commands.channels import ChannelDraft
from chatcore.commands.members import MemberPatch
from chatcore.commands.membership import MemberDraft
from chatcore.commands.messages import MessagePatch
from chatcore.commands.send_batch import SendDraft
from chatcore.commands.users import UserDraft
from chatcore.domain.errors import Code
from chatcore.domain.model import Actor, Channel

from .world import World, refused

Act = Callable[[World, Actor, Channel], Awaitable[object]]

ACTIONS: dict[str, tuple[str, Act]] = {
    "create": ("onChannelAdd", lambda w, a, _: w.chat.channels.create(a, ChannelDraft())),
    "update": ("onChannelUpdate", lambda w, a, c: w.chat.channels.update(a, c.sid, ChannelDraft(friendly_name="x"))),
    "delete": ("onChannelDestroy", lambda w, a, c: w.chat.channels.delete(a, c.sid)),
    "leave": ("onMemberRemove", lambda w, a, c: w.chat.channels.leave(a, c.sid)),
    "add": ("onMemberAdd", lambda w, a, c: w.chat.members.add(w.rest, c.sid, "bob", MemberDraft())),
    "remove": ("onMemberRemove", lambda w, a, c: w.chat.members.remove(w.rest, c.sid, "alice")),
    "change": (
        "onMemberUpdate",
        lambda w, a, c: w.chat.members.update(w.rest, c.sid, "alice", MemberPatch(attributes="1")),
    ),
    "send": ("onMessageSend", lambda w, a, c: w.chat.messages.send(a, SendDraft(channel=c.sid, body="x"))),
    "edit": ("onMessageUpdate", lambda w, a, c: w.chat.messages.update(w.rest, c.sid, 0, MessagePatch(body="x"))),
    "erase": ("onMessageRemove", lambda w, a, c: w.chat.messages.delete(w.rest, c.sid, 0)),
    "profile": ("onUserUpdate", lambda w, a, _: w.chat.users.update(a, "alice", UserDraft(friendly_name="x"))),
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
    world.hook.refused.add("onMemberAdd")
    with refused(Code.WEBHOOK_REJECTED):
        await world.chat.channels.join(alice, channel.sid)
    assert (await world.now(channel)).members_count == 0


async def test_a_message_is_changed_before_it_is_sent(world: World) -> None:
    alice, channel = await place(world)
    world.hook.answers["onMessageSend"] = {"Body": "clean", "Attributes": "[1]", "From": "moderator"}
    message = await world.send(channel, "dirty", by=alice)
    assert (message.body, message.attributes, message.author) == ("clean", "[1]", "moderator")
    assert world.hook.asked[-1][1] == {
        "ChannelSid": channel.sid,
        "Body": "dirty",
        "Attributes": None,
        "From": "alice",
    }


async def test_what_a_hook_makes_of_it_is_checked_as_well(world: World) -> None:
    alice, channel = await place(world)
    world.hook.answers["onMessageSend"] = {"Attributes": "{"}
    with refused(Code.ATTRIBUTES_INVALID):
        await world.send(channel, by=alice)
    world.hook.answers["onMessageUpdate"] = {"Body": "x" * 40_000}
    with refused(Code.BODY_TOO_LONG):
        await world.chat.messages.update(world.rest, channel.sid, 0, MessagePatch(body="new"))


async def test_a_channel_is_changed_before_it_is_made(world: World) -> None:
    world.hook.answers["onChannelAdd"] = {"FriendlyName": "Clean", "UniqueName": "clean", "Attributes": "[1]"}
    channel, _ = await world.chat.channels.create(world.rest, ChannelDraft(friendly_name="dirty"))
    assert (channel.friendly_name, channel.unique_name, channel.attributes) == ("Clean", "clean", "[1]")
    world.hook.answers["onChannelUpdate"] = {"FriendlyName": "Other"}
    changed = await world.chat.channels.update(world.rest, channel.sid, ChannelDraft(friendly_name="x"))
    assert changed.friendly_name == "Other"


async def test_a_hook_does_not_widen_what_a_client_may(world: World) -> None:
    alice, bob = await world.user("alice"), await world.user("bob")
    channel = await world.channel("alice", "bob")
    await world.send(channel, by=alice)
    world.hook.answers["onMessageUpdate"] = {"Body": "by the hook"}
    with refused(Code.NOT_AUTHORIZED):
        await world.chat.messages.update(bob, channel.sid, 0, MessagePatch(attributes="1"))
