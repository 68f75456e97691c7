"""Before-hooks never hear of what is refused anyway, and so give nothing away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chatcore.commands.channels import ChannelDraft
from chatcore.commands.guests import GuestDraft, GuestPatch
from chatcore.commands.members import MemberPatch
from chatcore.commands.messages import MessagePatch
from chatcore.commands.sending import SendDraft
from chatcore.commands.users import UserDraft
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import ChannelSid
from chatcore.domain.model import Actor
from chatcore.domain.permissions import Permission as P
from chatcore.domain.permissions import RoleType
from chatcore.domain.webhooks import Action

from .operations import OPERATIONS, Act, Operation, Scene, everything_but, scene
from .world import World, refused, unknown

GUEST = GuestDraft(address="+15550003", proxy_address="+15550004")
NAME = "hidden"


async def guest_of(s: Scene) -> str:
    guests = await s.world.store.read.guests.of_channels([s.channel.sid])
    return next((guest.sid for guest in guests.get(s.channel.sid, ())), unknown("MB"))


async def change_a_guest(s: Scene) -> None:
    await s.world.chat.guests.update(s.alice, s.channel.sid, await guest_of(s), GuestPatch(attributes="1"))


async def change_the_role_of_a_guest(s: Scene) -> None:
    await s.world.chat.guests.update(s.alice, s.channel.sid, await guest_of(s), GuestPatch(role_sid=s.role))


async def remove_a_guest(s: Scene) -> None:
    await s.world.chat.guests.remove(s.alice, s.channel.sid, await guest_of(s))


async def add_an_address_with_a_role(s: Scene) -> None:
    draft = GuestDraft(address="+15550001", proxy_address="+15550002", role_sid=s.role)
    await s.world.chat.guests.add(s.alice, s.channel.sid, draft)


def on_guests(act: Act, *needs: P) -> Operation:
    return Operation(act.__name__, frozenset(needs), False, False, False, True, act)


UNHEARD = {"invite", "invite_with_a_role", "uninvite", "notify"}
"""There are no hooks on these."""

HEARD = [op for op in OPERATIONS if op.name not in UNHEARD] + [
    on_guests(change_a_guest, P.EDIT_ANY_MEMBER_ATTRIBUTES),
    on_guests(change_the_role_of_a_guest, P.ADD_MEMBER, P.REMOVE_MEMBER),
    on_guests(remove_a_guest, P.REMOVE_MEMBER),
    on_guests(add_an_address_with_a_role, P.ADD_MEMBER, P.REMOVE_MEMBER),
]
IN_CHANNEL = [op for op in HEARD if not op.outside or op.entering]
heard = pytest.mark.parametrize("op", HEARD, ids=str)
in_channel = pytest.mark.parametrize("op", IN_CHANNEL, ids=str)


async def place(
    world: World, deployment: frozenset[P], role: frozenset[P] | None, *, private: bool, invited: bool = False
) -> Scene:
    """A scene in a channel with a unique name and, where it is private, a guest. From now on the hook refuses all."""
    s = await scene(world, deployment=deployment, in_channel=role, private=private)
    await world.chat.channels.update(world.rest, s.channel.sid, ChannelDraft(unique_name=NAME))
    if private:
        await world.chat.guests.add(world.rest, s.channel.sid, GUEST)
    if invited:
        await world.chat.invites.create(world.rest, s.channel.sid, "alice")
    world.hook.asked.clear()
    world.hook.refused = set(Action)
    return s


def keyed(s: Scene, key: str) -> Scene:
    """The same, of the channel of that SID or unique name."""
    return replace(s, channel=replace(s.channel, sid=ChannelSid(key)))


async def answer(op: Operation, s: Scene) -> tuple[Code, str]:
    """The refusal, with what it says of the channel taken out."""
    with pytest.raises(ChatError) as caught:
        await op.act(s)
    return caught.value.code, caught.value.message.replace(s.channel.sid, "…")


async def refused_unasked(op: Operation, s: Scene) -> Code:
    """The code, which is the same without a hook."""
    world = s.world
    held = await answer(op, s)
    world.hook.refused = set()
    assert await answer(op, s) == held
    world.hook.refused = set(Action)
    assert world.hook.asked == []
    return held[0]


def outsiders(op: Operation) -> Code:
    """What somebody without any permissions hears who sees the channel and is not in it."""
    members_only = op.members_only and op.name != "change_own_member_attributes"
    return Code.NOT_A_MEMBER if members_only else Code.NOT_AUTHORIZED


@in_channel
async def test_a_private_channel_is_as_absent_as_one_that_is_not_there(world: World, op: Operation) -> None:
    s = await place(world, frozenset(P), None, private=True)
    absent = [await answer(op, keyed(s, key)) for key in (unknown("CH"), "nowhere")]
    assert [await answer(op, keyed(s, key)) for key in (s.channel.sid, NAME)] == absent
    assert await refused_unasked(op, s) is Code.CHANNEL_NOT_FOUND
    assert await refused_unasked(op, keyed(s, NAME)) is Code.CHANNEL_NOT_FOUND


@pytest.mark.parametrize("op", [op for op in IN_CHANNEL if op.members_only], ids=str)
async def test_what_only_members_do_in_a_public_channel(world: World, op: Operation) -> None:
    s = await place(world, frozenset(P), None, private=False)
    missing = op.name == "change_own_member_attributes"  # it may change everybody's, and is nobody here
    assert await refused_unasked(op, s) is (Code.MEMBER_NOT_FOUND if missing else Code.NOT_A_MEMBER)


@pytest.mark.parametrize("private", [False, True], ids=["public", "private"])
@heard
async def test_a_caller_whose_roles_have_everything_else(world: World, op: Operation, private: bool) -> None:
    held = everything_but(op.needs)
    s = await place(world, held, None if op.entering else held, private=private)
    absent = private and op.entering  # who is no member does not even see it
    assert await refused_unasked(op, s) is (Code.CHANNEL_NOT_FOUND if absent else Code.NOT_AUTHORIZED)


@in_channel
async def test_somebody_without_permissions_in_a_public_channel(world: World, op: Operation) -> None:
    s = await place(world, frozenset(), None, private=False)
    assert await refused_unasked(op, s) is outsiders(op)


@pytest.mark.parametrize("op", [op for op in HEARD if not op.outside], ids=str)
async def test_an_invitee_who_has_not_joined(world: World, op: Operation) -> None:
    s = await place(world, frozenset(), None, private=True, invited=True)
    assert await refused_unasked(op, s) is outsiders(op)


@pytest.mark.parametrize("op", [op for op in HEARD if op.name != "create_channel"], ids=str)
async def test_somebody_of_another_service(world: World, op: Operation) -> None:
    stranger = await elsewhere(world)
    s = await place(world, frozenset(P), frozenset(P), private=op.private)
    code = await refused_unasked(op, replace(s, alice=stranger))
    assert code is (Code.CHANNEL_NOT_FOUND if op in IN_CHANNEL else Code.USER_NOT_FOUND)
    if op in IN_CHANNEL:
        nowhere = replace(keyed(s, unknown("CH")), alice=stranger)
        assert await answer(op, nowhere) == await answer(op, replace(s, alice=stranger))


async def elsewhere(world: World) -> Actor:
    """alice of another service of the account, who may do everything there."""
    service = await world.chat.services.create(world.rest.account_sid, "Other")
    there = replace(world, rest=replace(world.rest, service_sid=service.sid), service=service)
    stranger = await there.user("alice")
    role = await there.role(RoleType.DEPLOYMENT, *P)
    await there.chat.users.update(there.rest, "alice", UserDraft(role_sid=role))
    return stranger


@heard
async def test_who_may_is_asked_about_once(world: World, op: Operation) -> None:
    s = await place(world, op.needs, None if op.entering else frozenset(), private=op.private)
    with refused(Code.WEBHOOK_REJECTED):
        await op.act(s)
    world.hook.refused = set()
    await op.act(s)
    (first, told), (second, _) = world.hook.asked
    assert first is second
    assert told is not None


async def test_who_is_invited_is_asked_about_when_it_joins(world: World) -> None:
    s = await place(world, frozenset(), None, private=True, invited=True)
    with refused(Code.WEBHOOK_REJECTED):
        await world.chat.channels.join(s.alice, s.channel.sid)
    assert [action for action, _ in world.hook.asked] == [Action.MEMBER_ADD]


async def test_a_member_that_joins_again(world: World) -> None:
    s = await place(world, frozenset(), frozenset(), private=True)
    with refused(Code.MEMBER_EXISTS):
        await world.chat.channels.join(s.alice, s.channel.sid)
    assert world.hook.asked == []


@pytest.mark.parametrize("invited", [False, True])
async def test_updates_of_nothing_are_for_members(world: World, invited: bool) -> None:
    s = await place(world, frozenset(P), None, private=invited, invited=invited)
    for key in (1, 99):
        with refused(Code.NOT_A_MEMBER):
            await world.chat.messages.update(s.alice, s.channel.sid, key, MessagePatch())
    for identity in ("bob", "nobody"):
        with refused(Code.NOT_A_MEMBER):
            await world.chat.members.update(s.alice, s.channel.sid, identity, MemberPatch())
    assert world.hook.asked == []


async def test_deployment_roles_are_not_for_clients(world: World) -> None:
    s = await place(world, frozenset(P), None, private=False)
    for identity in ("alice", "bob"):
        with refused(Code.NOT_AUTHORIZED):
            await world.chat.users.update(s.alice, identity, UserDraft(role_sid=s.role))
    assert world.hook.asked == []


async def test_the_creator_that_has_not_joined_sees_the_channel_but_sends_nothing(world: World) -> None:
    s = await place(world, frozenset(P), None, private=True)
    draft = ChannelDraft(created_by="alice")
    world.hook.refused = set()
    await world.chat.channels.update(world.rest, s.channel.sid, draft)
    world.hook.refused, world.hook.asked = set(Action), []
    for key in (s.channel.sid, NAME):
        with refused(Code.CHANNEL_NOT_FOUND):
            await world.chat.messages.send(s.alice, SendDraft(channel=key, body="x"))
    assert world.hook.asked == []
    with refused(Code.WEBHOOK_REJECTED):
        await world.chat.channels.join(s.alice, s.channel.sid)


async def test_files_of_others_are_as_absent_as_those_that_are_not_there(world: World) -> None:
    s = await place(world, frozenset(P), frozenset(), private=True)
    world.hook.refused = set()
    await world.add(s.channel, "carol")
    world.hook.refused, world.hook.asked = set(Action), []
    for sid in (s.file, unknown("ME")):
        with refused(Code.MEDIA_NOT_FOUND):
            await world.send(s.channel, by=world.as_("carol"), media_sids=(sid,))
    assert world.hook.asked == []


async def test_a_file_that_is_sent_once_more_is_the_first_message(world: World) -> None:
    s = await place(world, frozenset(P), frozenset(), private=True)
    world.hook.refused = set()
    first = await world.send(s.channel, by=s.alice, media_sids=(s.file,), client_ref="once")
    assert await world.send(s.channel, by=s.alice, media_sids=(s.file,), client_ref="once") == first
    with refused(Code.MEDIA_ATTACHED):
        await world.send(s.channel, by=s.alice, media_sids=(s.file,))
