"""Who may do what: every operation and every permission, asked by holders and by everybody else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from enum import Enum

import pytest
import pytest_asyncio

from chatcore.commands.channels import ChannelDraft
from chatcore.commands.users import UserDraft
from chatcore.domain.errors import Code
from chatcore.domain.model import Actor
from chatcore.domain.permissions import Permission as P
from chatcore.domain.permissions import RoleType
from chatcore.store.postgres import PostgresStore

from .operations import ANYBODYS, OPERATIONS, Operation, Scene, everything_but, scene
from .world import ALL, World, new_world, refused


class Caller(Enum):
    """Who asks, and what of."""

    HOLDER_BY_USER = "a member whose deployment role has what it needs"
    HOLDER_BY_CHANNEL = "a member whose channel role has it"
    NON_HOLDER = "a member whose roles have everything else"
    NON_MEMBER = "somebody of the service whose deployment role has everything"
    NON_MEMBER_PRIVATE = "the same, of a private channel"
    OTHER_SERVICE = "somebody of another service of the account, whose roles have everything"
    OTHER_ACCOUNT = "somebody of another account, whose roles have everything"

    def __str__(self) -> str:
        return self.name.lower()


STRANGERS = {Caller.OTHER_SERVICE, Caller.OTHER_ACCOUNT}
IN_CHANNEL = [op for op in OPERATIONS if not op.outside]
OF_OWN = [op for op in IN_CHANNEL if op.needs & ANYBODYS.keys()]
every_operation = pytest.mark.parametrize("op", OPERATIONS, ids=str)
every_caller = pytest.mark.parametrize("caller", Caller, ids=str)


def expected(op: Operation, caller: Caller) -> Code | None:
    """None: it is done."""
    match caller:
        case Caller.HOLDER_BY_USER:
            return None
        case Caller.HOLDER_BY_CHANNEL if op.entering:
            return Code.MEMBER_EXISTS
        case Caller.HOLDER_BY_CHANNEL:
            return Code.NOT_AUTHORIZED if op.outside else None
        case Caller.NON_HOLDER:
            return Code.NOT_AUTHORIZED
        case Caller.NON_MEMBER if op.name == "change_own_member_attributes":
            return Code.MEMBER_NOT_FOUND
        case Caller.NON_MEMBER if op.private:
            return Code.TYPE_NOT_PRIVATE
        case Caller.NON_MEMBER:
            return Code.NOT_A_MEMBER if op.members_only else None
        case Caller.NON_MEMBER_PRIVATE if not op.outside or op.entering:
            return Code.CHANNEL_NOT_FOUND
        case Caller.NON_MEMBER_PRIVATE:
            return None
        case _ if op.name == "create_channel":
            return None  # in its own service
        case _ if op.outside and not op.entering:
            return Code.USER_NOT_FOUND
    return Code.CHANNEL_NOT_FOUND


async def setting(world: World, op: Operation, caller: Caller, other: Actor) -> Scene:
    """Where that caller asks for it. `other` is a stranger."""
    everything = frozenset(P)
    match caller:
        case Caller.HOLDER_BY_USER:
            in_channel = None if op.entering else frozenset[P]()
            return await scene(world, deployment=op.needs, in_channel=in_channel, private=op.private)
        case Caller.HOLDER_BY_CHANNEL:
            return await scene(world, in_channel=op.needs, private=op.private)
        case Caller.NON_HOLDER:
            others = everything_but(op.needs)
            return await scene(world, deployment=others, in_channel=None if op.entering else others)
        case Caller.NON_MEMBER | Caller.NON_MEMBER_PRIVATE:
            private = caller is Caller.NON_MEMBER_PRIVATE
            return await scene(world, deployment=everything, in_channel=None, private=private)
    return replace(await scene(world, in_channel=None), alice=other)


@pytest_asyncio.fixture(loop_scope="package")
async def stranger(world: World, store: PostgresStore, caller: Caller) -> AsyncIterator[Actor]:
    """alice of somewhere else, who may do everything there."""
    if caller is Caller.OTHER_ACCOUNT:
        async with new_world(store) as elsewhere:
            yield await powerful(elsewhere)
    else:
        service = await world.chat.services.create(world.rest.account_sid, "Other")
        there = replace(world.rest, service_sid=service.sid)
        yield await powerful(replace(world, rest=there, service=service))


async def powerful(world: World) -> Actor:
    alice = await world.user("alice")
    role = await world.role(RoleType.DEPLOYMENT, *P)
    await world.chat.users.update(world.rest, "alice", UserDraft(role_sid=role))
    return alice


@every_caller
@every_operation
async def test_who_may(world: World, stranger: Actor, op: Operation, caller: Caller) -> None:
    s = await setting(world, op, caller, stranger)
    before = await world.now(s.channel)
    code = expected(op, caller)
    if code is None:
        await op.act(s)
        return
    with refused(code):
        await op.act(s)
    assert await world.now(s.channel) == before


def test_every_permission_is_asked_for() -> None:
    single = {next(iter(op.needs)) for op in OPERATIONS if len(op.needs) == 1}
    assert single == set(P)


@pytest.mark.parametrize("op", [op for op in IN_CHANNEL if len(op.needs) > 1], ids=str)
async def test_both_roles_together_allow_it(world: World, op: Operation) -> None:
    one, *rest = sorted(op.needs)
    await op.act(await scene(world, deployment=frozenset([one]), in_channel=frozenset(rest)))


@pytest.mark.parametrize("op", [op for op in OPERATIONS if len(op.needs) > 1], ids=str)
async def test_each_of_several_permissions_is_needed(world: World, op: Operation) -> None:
    for missing in op.needs:
        others = everything_but(frozenset([missing]))
        s = await scene(world, deployment=others, in_channel=others)
        with refused(Code.NOT_AUTHORIZED):
            await op.act(s)
        await world.chat.users.delete(world.rest, "alice")


@pytest.mark.parametrize("op", OF_OWN, ids=str)
async def test_who_may_change_everybodys_may_change_its_own(world: World, op: Operation) -> None:
    await op.act(await scene(world, in_channel=frozenset(ANYBODYS[p] for p in op.needs), private=op.private))


@pytest.mark.parametrize("op", IN_CHANNEL, ids=str)
async def test_a_stranger_without_permissions_in_a_public_channel(world: World, op: Operation) -> None:
    s = await scene(world, in_channel=None)
    members_only = op.members_only and op.name != "change_own_member_attributes"
    with refused(Code.NOT_A_MEMBER if members_only else Code.NOT_AUTHORIZED):
        await op.act(s)


@pytest.mark.parametrize("op", [o for o in OPERATIONS if o.name not in ("join", "leave", "notify")], ids=str)
async def test_rest_is_never_restricted(world: World, op: Operation) -> None:
    """It has no commands to join, to leave or to be notified."""
    await op.act(replace(await scene(world, private=op.private), alice=world.rest))


async def test_who_does_not_exist_creates_nothing(world: World) -> None:
    with refused(Code.NOT_AUTHORIZED):
        await world.chat.channels.create(world.as_("nobody"), ChannelDraft())


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
