"""Text that no database or encoder could take is refused by name, wherever it comes in, and nothing changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from chatcore.commands.channels import ChannelDraft
from chatcore.commands.members import MemberPatch
from chatcore.commands.membership import MemberDraft
from chatcore.commands.messages import MessagePatch
from chatcore.commands.sending import SendDraft
from chatcore.commands.users import UserDraft
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import MessageSid
from chatcore.domain.model import Channel

from .world import World

Act = Callable[[World, Channel, str], Awaitable[object]]

WRITES: dict[str, Act] = {
    "channel friendly name": lambda w, c, t: w.chat.channels.update(w.rest, c.sid, ChannelDraft(friendly_name=t)),
    "channel unique name": lambda w, c, t: w.chat.channels.update(w.rest, c.sid, ChannelDraft(unique_name=t)),
    "channel creator": lambda w, c, t: w.chat.channels.update(w.rest, c.sid, ChannelDraft(created_by=t)),
    "new channel creator": lambda w, c, t: w.chat.channels.create(w.rest, ChannelDraft(created_by=t)),
    "new channel name": lambda w, c, t: w.chat.channels.create(w.rest, ChannelDraft(friendly_name=t)),
    "identity": lambda w, c, t: w.chat.members.add(w.rest, c.sid, t, MemberDraft()),
    "invitee": lambda w, c, t: w.chat.invites.create(w.rest, c.sid, t),
    "body": lambda w, c, t: w.chat.messages.send(w.rest, SendDraft(channel=c.sid, body=t)),
    "author": lambda w, c, t: w.chat.messages.send(w.rest, SendDraft(channel=c.sid, author=t)),
    "editor": lambda w, c, t: w.chat.messages.send(w.rest, SendDraft(channel=c.sid, last_updated_by=t)),
    "client ref": lambda w, c, t: w.chat.messages.send(w.rest, SendDraft(channel=c.sid, client_ref=t)),
    "new body": lambda w, c, t: w.chat.messages.update(w.rest, c.sid, 0, MessagePatch(body=t)),
    "new author": lambda w, c, t: w.chat.messages.update(w.rest, c.sid, 0, MessagePatch(author=t)),
    "new editor": lambda w, c, t: w.chat.messages.update(w.rest, c.sid, 0, MessagePatch(last_updated_by=t)),
    "user name": lambda w, c, t: w.chat.users.update(w.rest, "alice", UserDraft(friendly_name=t)),
    "role name": lambda w, c, t: w.chat.roles.create(w.rest, t, "channel", []),
}
ATTRIBUTES: dict[str, Act] = {
    "channel": lambda w, c, t: w.chat.channels.update(w.rest, c.sid, ChannelDraft(attributes=t)),
    "new channel": lambda w, c, t: w.chat.channels.create(w.rest, ChannelDraft(attributes=t)),
    "member": lambda w, c, t: w.chat.members.update(w.rest, c.sid, "alice", MemberPatch(attributes=t)),
    "new member": lambda w, c, t: w.chat.members.add(w.rest, c.sid, "bob", MemberDraft(attributes=t)),
    "message": lambda w, c, t: w.chat.messages.send(w.rest, SendDraft(channel=c.sid, attributes=t)),
    "old message": lambda w, c, t: w.chat.messages.update(w.rest, c.sid, 0, MessagePatch(attributes=t)),
    "user": lambda w, c, t: w.chat.users.update(w.rest, "alice", UserDraft(attributes=t)),
    "new user": lambda w, c, t: w.chat.users.create(w.rest, "bob", UserDraft(attributes=t)),
}
KEYS: dict[str, Act] = {
    "channel": lambda w, c, t: w.chat.channels.get(w.rest, t),
    "channel of a send": lambda w, c, t: w.chat.messages.send(w.rest, SendDraft(channel=t)),
    "member": lambda w, c, t: w.chat.members.get(w.rest, c.sid, t),
    "invite": lambda w, c, t: w.chat.invites.delete(w.rest, c.sid, t),
    "message": lambda w, c, t: w.chat.messages.get(w.rest, c.sid, MessageSid(t)),
    "user": lambda w, c, t: w.chat.users.get(w.rest, t),
    "role": lambda w, c, t: w.chat.roles.get(w.rest, t),
    "role of a member": lambda w, c, t: w.chat.members.update(w.rest, c.sid, "alice", MemberPatch(role_sid=t)),
    "service": lambda w, c, t: w.chat.services.get(w.rest.account_sid, t),
}
BAD = ["a\x00b", "\ud800", "x\udfff", "\x00"]


async def place(world: World) -> Channel:
    await world.user("alice")
    channel = await world.channel("alice")
    await world.send(channel, "old")
    return await world.now(channel)


async def assert_refused_unchanged(world: World, act: Act, texts: list[str], codes: set[Code]) -> None:
    channel = await place(world)
    before = await world.now(channel), await world.profile("alice"), await world.channel_log(channel)
    for text in texts:
        with pytest.raises(ChatError) as caught:
            await act(world, channel, text)
        assert caught.value.code in codes, (text[:20], caught.value)
    assert before == (await world.now(channel), await world.profile("alice"), await world.channel_log(channel))


@pytest.mark.parametrize("where", WRITES)
async def test_text(world: World, where: str) -> None:
    await assert_refused_unchanged(world, WRITES[where], BAD, {Code.INVALID_PARAMETER})


@pytest.mark.parametrize("where", ATTRIBUTES)
async def test_attributes(world: World, where: str) -> None:
    quoted = [f'"{text}"' for text in BAD]
    escaped = ['"\\ud800"', '{"\\udfff": 1}', '["\\ud800\\ud800"]', '{"a": "\\udc00\\ud800"}']
    await assert_refused_unchanged(world, ATTRIBUTES[where], quoted + escaped, {Code.INVALID_PARAMETER})
    broken = [
        "",
        " ",
        "{",
        "'a'",
        "{a:1}",
        "[1,]",
        "NaN",
        "-Infinity",
        "nul",
        '"\n"',
        "1 2",
        "\ufeff1",
        "01",
        "+1",
        ".5",
    ]
    deep = ["[" * depth + "]" * depth for depth in (500, 900, 1000, 1500, 2000)]
    deeper = ['{"a":' * depth + "1" + "}" * depth for depth in (500, 650)]
    escapes = ['["\\u0041",' + "[" * depth + "]" * depth + "]" for depth in range(900, 1000, 7)]
    await world.chat.users.delete(world.rest, "alice")
    await assert_refused_unchanged(
        world, ATTRIBUTES[where], broken + deep + deeper + escapes, {Code.ATTRIBUTES_INVALID}
    )


@pytest.mark.parametrize("where", KEYS)
async def test_keys(world: World, where: str) -> None:
    channel = await place(world)
    for text in [*BAD, "", "x" * 3000, "../..", "' OR 1"]:
        with pytest.raises(ChatError) as caught:
            await KEYS[where](world, channel, text)
        assert caught.value.code is Code.INVALID_PARAMETER or caught.value.code.name.endswith("NOT_FOUND")


@pytest.mark.parametrize("where", WRITES)
async def test_text_of_four_bytes_passes(world: World, where: str) -> None:
    channel = await place(world)
    if where == "invitee":
        await world.user("🎉\u2028\ufeff")
    await WRITES[where](world, channel, "🎉\u2028\ufeff")
