"""Who may do what: every permission, from either role, for members and for others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from chatcore.commands.channels import ChannelDraft
from chatcore.commands.members import MemberPatch
from chatcore.commands.membership import MemberDraft
from chatcore.commands.messages import MessagePatch
from chatcore.commands.users import UserDraft
from chatcore.domain.errors import Code
from chatcore.domain.model import Actor, Channel, NotificationLevel
from chatcore.domain.permissions import Permission as P
from chatcore.domain.permissions import RoleType

from .world import ALL, World, refused

OWN, OTHERS = 0, 1  # indexes of the messages in the channel of a scene


@dataclass(frozen=True, slots=True)
class Scene:
    """alice acts; bob is a member, carol an existing user, dave invited. `role` is some channel role."""

    world: World
    alice: Actor
    channel: Channel
    role: str


Act = Callable[[Scene], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Operation:
    """What it needs, and whether a member only may do it whatever its roles say."""

    name: str
    needs: frozenset[P]
    members_only: bool
    act: Act

    def __str__(self) -> str:
        return self.name


def operation(*needs: P, members_only: bool = False) -> Callable[[Act], Act]:
    def add(act: Act) -> Act:
        OPERATIONS.append(Operation(act.__name__, frozenset(needs), members_only, act))
        return act

    return add


OPERATIONS: list[Operation] = []


@operation(P.EDIT_CHANNEL_NAME)
async def rename_channel(s: Scene) -> None:
    await s.world.chat.channels.update(s.alice, s.channel.sid, ChannelDraft(friendly_name="x"))


@operation(P.EDIT_CHANNEL_NAME)
async def change_unique_name(s: Scene) -> None:
    await s.world.chat.channels.update(s.alice, s.channel.sid, ChannelDraft(unique_name=None))


@operation(P.EDIT_CHANNEL_ATTRIBUTES)
async def change_channel_attributes(s: Scene) -> None:
    await s.world.chat.channels.update(s.alice, s.channel.sid, ChannelDraft(attributes="1"))


@operation(P.EDIT_CHANNEL_NAME, P.EDIT_CHANNEL_ATTRIBUTES)
async def change_name_and_attributes(s: Scene) -> None:
    draft = ChannelDraft(friendly_name="x", attributes="1")
    await s.world.chat.channels.update(s.alice, s.channel.sid, draft)


@operation(P.DESTROY_CHANNEL)
async def delete_channel(s: Scene) -> None:
    await s.world.chat.channels.delete(s.alice, s.channel.sid)


@operation(P.LEAVE_CHANNEL, members_only=True)
async def leave(s: Scene) -> None:
    await s.world.chat.channels.leave(s.alice, s.channel.sid)


@operation(P.INVITE_MEMBER)
async def invite(s: Scene) -> None:
    await s.world.chat.invites.create(s.alice, s.channel.sid, "carol")


@operation(P.INVITE_MEMBER, P.ADD_MEMBER, P.REMOVE_MEMBER)
async def invite_with_a_role(s: Scene) -> None:
    await s.world.chat.invites.create(s.alice, s.channel.sid, "carol", s.role)


@operation(P.INVITE_MEMBER)
async def uninvite(s: Scene) -> None:
    await s.world.chat.invites.delete(s.alice, s.channel.sid, "dave")


@operation(P.ADD_MEMBER)
async def add(s: Scene) -> None:
    await s.world.chat.members.add(s.alice, s.channel.sid, "carol", MemberDraft())


@operation(P.ADD_MEMBER, P.REMOVE_MEMBER)
async def add_with_a_role(s: Scene) -> None:
    await s.world.chat.members.add(s.alice, s.channel.sid, "carol", MemberDraft(role_sid=s.role))


@operation(P.REMOVE_MEMBER)
async def remove(s: Scene) -> None:
    await s.world.chat.members.remove(s.alice, s.channel.sid, "bob")


@operation(P.ADD_MEMBER, P.REMOVE_MEMBER)
async def change_a_role(s: Scene) -> None:
    await s.world.chat.members.update(s.alice, s.channel.sid, "bob", MemberPatch(role_sid=s.role))


@operation(P.EDIT_ANY_MEMBER_ATTRIBUTES)
async def change_attributes_of_another_member(s: Scene) -> None:
    await s.world.chat.members.update(s.alice, s.channel.sid, "bob", MemberPatch(attributes="1"))


@operation(P.EDIT_OWN_MEMBER_ATTRIBUTES, members_only=True)
async def change_own_member_attributes(s: Scene) -> None:
    await s.world.chat.members.update(s.alice, s.channel.sid, "alice", MemberPatch(attributes="1"))


@operation(P.SEND_MESSAGE, members_only=True)
async def send(s: Scene) -> None:
    await s.world.send(s.channel, by=s.alice)


@operation(P.EDIT_NOTIFICATION_LEVEL, members_only=True)
async def notify(s: Scene) -> None:
    await s.world.chat.channels.notify(s.alice, s.channel.sid, NotificationLevel.MUTED)


@operation(P.EDIT_OWN_MESSAGE)
async def edit_own_message(s: Scene) -> None:
    await s.world.chat.messages.update(s.alice, s.channel.sid, OWN, MessagePatch(body="x"))


@operation(P.EDIT_ANY_MESSAGE)
async def edit_a_message_of_another(s: Scene) -> None:
    await s.world.chat.messages.update(s.alice, s.channel.sid, OTHERS, MessagePatch(body="x"))


@operation(P.EDIT_OWN_MESSAGE_ATTRIBUTES)
async def change_own_message_attributes(s: Scene) -> None:
    await s.world.chat.messages.update(s.alice, s.channel.sid, OWN, MessagePatch(attributes="1"))


@operation(P.EDIT_ANY_MESSAGE_ATTRIBUTES)
async def change_message_attributes_of_another(s: Scene) -> None:
    await s.world.chat.messages.update(s.alice, s.channel.sid, OTHERS, MessagePatch(attributes="1"))


@operation(P.EDIT_ANY_MESSAGE, P.EDIT_ANY_MESSAGE_ATTRIBUTES)
async def change_all_of_a_message_of_another(s: Scene) -> None:
    patch = MessagePatch(body="x", attributes="1")
    await s.world.chat.messages.update(s.alice, s.channel.sid, OTHERS, patch)


@operation(P.DELETE_OWN_MESSAGE)
async def delete_own_message(s: Scene) -> None:
    await s.world.chat.messages.delete(s.alice, s.channel.sid, OWN)


@operation(P.DELETE_ANY_MESSAGE)
async def delete_a_message_of_another(s: Scene) -> None:
    await s.world.chat.messages.delete(s.alice, s.channel.sid, OTHERS)


ANYBODYS = {
    P.EDIT_OWN_MESSAGE: P.EDIT_ANY_MESSAGE,
    P.EDIT_OWN_MESSAGE_ATTRIBUTES: P.EDIT_ANY_MESSAGE_ATTRIBUTES,
    P.DELETE_OWN_MESSAGE: P.DELETE_ANY_MESSAGE,
    P.EDIT_OWN_MEMBER_ATTRIBUTES: P.EDIT_ANY_MEMBER_ATTRIBUTES,
}
"""What includes what."""
OF_OWN = [o for o in OPERATIONS if o.needs & ANYBODYS.keys()]
every_operation = pytest.mark.parametrize("op", OPERATIONS, ids=str)


async def scene(
    world: World,
    *,
    deployment: frozenset[P] = frozenset(),
    in_channel: frozenset[P] | None = frozenset(),
    private: bool = False,
) -> Scene:
    """`in_channel` are the permissions of alice's channel role; None where she is not a member."""
    alice = await world.user("alice")
    role = await world.role(RoleType.CHANNEL)
    await world.chat.users.update(
        world.rest, "alice", UserDraft(role_sid=await world.role(RoleType.DEPLOYMENT, *deployment))
    )
    channel = await world.channel("bob", private=private)
    for name in ("carol", "dave"):
        await world.user(name)
    await world.chat.invites.create(world.rest, channel.sid, "dave")
    for author in ("alice", "bob"):
        await world.send(channel, author=author)
    if in_channel is not None:
        await world.add(channel, "alice", await world.role(RoleType.CHANNEL, *in_channel))
    return Scene(world, alice, await world.now(channel), role)


def everything_but(permissions: frozenset[P]) -> frozenset[P]:
    included = {wider for narrow, wider in ANYBODYS.items() if narrow in permissions}
    return frozenset(P) - permissions - included


@every_operation
async def test_the_channel_role_alone_allows_it(world: World, op: Operation) -> None:
    await op.act(await scene(world, in_channel=op.needs))


@every_operation
async def test_the_deployment_role_alone_allows_it_to_a_member(world: World, op: Operation) -> None:
    await op.act(await scene(world, deployment=op.needs))


@every_operation
async def test_both_roles_together_allow_it(world: World, op: Operation) -> None:
    one, *rest = sorted(op.needs)
    await op.act(await scene(world, deployment=frozenset([one]), in_channel=frozenset(rest)))


@every_operation
async def test_everything_else_does_not_allow_it(world: World, op: Operation) -> None:
    for missing in op.needs:
        others = everything_but(frozenset([missing]))
        s = await scene(world, deployment=others, in_channel=others)
        before = await world.now(s.channel)
        with refused(Code.NOT_AUTHORIZED):
            await op.act(s)
        assert await world.now(s.channel) == before
        await world.chat.users.delete(world.rest, "alice")


@pytest.mark.parametrize("op", OF_OWN, ids=str)
async def test_who_may_change_everybodys_may_change_its_own(world: World, op: Operation) -> None:
    await op.act(await scene(world, in_channel=frozenset(ANYBODYS[p] for p in op.needs)))


@every_operation
async def test_who_is_not_a_member_of_a_public_channel(world: World, op: Operation) -> None:
    """A deployment role works in every channel, where membership itself is not what is needed."""
    s = await scene(world, deployment=frozenset(P), in_channel=None)
    if op.name == "change_own_member_attributes":
        with refused(Code.MEMBER_NOT_FOUND):
            await op.act(s)
    elif op.members_only:
        with refused(Code.NOT_A_MEMBER):
            await op.act(s)
    else:
        await op.act(s)


@every_operation
async def test_a_stranger_without_permissions_in_a_public_channel(world: World, op: Operation) -> None:
    s = await scene(world, in_channel=None)
    members_only = op.members_only and op.name != "change_own_member_attributes"
    with refused(Code.NOT_A_MEMBER if members_only else Code.NOT_AUTHORIZED):
        await op.act(s)


@every_operation
async def test_to_a_stranger_a_private_channel_does_not_exist(world: World, op: Operation) -> None:
    s = await scene(world, deployment=frozenset(P), in_channel=None, private=True)
    with refused(Code.CHANNEL_NOT_FOUND):
        await op.act(s)


@pytest.mark.parametrize("op", [o for o in OPERATIONS if o.name not in ("leave", "notify")], ids=str)
async def test_rest_is_never_restricted(world: World, op: Operation) -> None:
    """It has no commands to leave or to be notified."""
    s = await scene(world)
    await op.act(Scene(world, world.rest, s.channel, s.role))


# Outside channels.


async def test_creating_needs_its_permission_from_the_deployment_role(world: World) -> None:
    s = await scene(world, deployment=frozenset(P) - {P.CREATE_CHANNEL}, in_channel=frozenset(P))
    with refused(Code.NOT_AUTHORIZED):
        await world.chat.channels.create(s.alice, ChannelDraft())
    with refused(Code.NOT_AUTHORIZED):
        await world.chat.channels.create(world.as_("nobody"), ChannelDraft())


async def test_joining_needs_its_permission(world: World) -> None:
    s = await scene(world, deployment=frozenset(P) - {P.JOIN_CHANNEL}, in_channel=None)
    with refused(Code.NOT_AUTHORIZED):
        await world.chat.channels.join(s.alice, s.channel.sid)
    await world.chat.users.update(
        world.rest, "alice", UserDraft(role_sid=await world.role(RoleType.DEPLOYMENT, P.JOIN_CHANNEL))
    )
    await world.chat.channels.join(s.alice, s.channel.sid)


@pytest.mark.parametrize(
    ("held", "own", "others"),
    [
        (frozenset[P](), False, False),
        (frozenset([P.EDIT_OWN_USER_INFO]), True, False),
        (frozenset([P.EDIT_ANY_USER_INFO]), True, True),
    ],
)
async def test_profiles(world: World, held: frozenset[P], own: bool, others: bool) -> None:
    s = await scene(world, deployment=held, in_channel=frozenset(P))
    for identity, allowed in (("alice", own), ("bob", others)):
        draft = UserDraft(friendly_name="x")
        if allowed:
            await world.chat.users.update(s.alice, identity, draft)
        else:
            with refused(Code.NOT_AUTHORIZED):
                await world.chat.users.update(s.alice, identity, draft)


async def test_only_rest_changes_deployment_roles(world: World) -> None:
    s = await scene(world, deployment=frozenset(P))
    role = await world.role(RoleType.DEPLOYMENT, *P)
    for identity in ("alice", "bob"):
        with refused(Code.NOT_AUTHORIZED):
            await world.chat.users.update(s.alice, identity, UserDraft(role_sid=role))


@pytest.mark.parametrize("what", ["message", "messages", "member", "members", "invites", "unread", "typing"])
async def test_reading_needs_membership_and_nothing_else(world: World, what: str) -> None:
    s = await scene(world)
    stranger = await world.user("stranger")
    await world.chat.users.update(world.rest, "stranger", UserDraft(role_sid=await world.role(RoleType.DEPLOYMENT, *P)))

    async def read(actor: Actor) -> object:
        sid, chat = s.channel.sid, world.chat
        reads: dict[str, Callable[[], Awaitable[object]]] = {
            "message": lambda: chat.messages.get(actor, sid, 0),
            "messages": lambda: chat.messages.list(actor, sid, limit=1),
            "member": lambda: chat.members.get(actor, sid, "bob"),
            "members": lambda: chat.members.list(actor, sid, ALL),
            "invites": lambda: chat.invites.list(actor, sid, ALL),
            "unread": lambda: chat.horizons.unread(actor, sid),
            "typing": lambda: chat.typing.start(actor, sid),
        }
        return await reads[what]()

    await read(s.alice)
    for actor in (stranger, world.as_("nobody")):
        with refused(Code.NOT_A_MEMBER):
            await read(actor)
