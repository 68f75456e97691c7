from __future__ import annotations

import pytest

from chatcore.commands.users import UserDraft
from chatcore.domain.errors import Code
from chatcore.domain.permissions import DEFAULT_ROLES, RoleType

from .world import ALL, World, refused, unknown


async def test_every_service_starts_with_four_roles(world: World) -> None:
    roles = (await world.chat.roles.list(world.rest, ALL)).items
    assert {(r.friendly_name, r.type, frozenset(r.permissions)) for r in roles} == {
        (name, kind, frozenset(p.value for p in permissions)) for name, kind, permissions in DEFAULT_ROLES
    }
    named = {role.friendly_name: role.sid for role in roles}
    assert world.service.default_service_role_sid == named["service user"]
    assert world.service.default_channel_role_sid == named["channel user"]
    assert world.service.default_channel_creator_role_sid == named["channel admin"]


async def test_permissions_of_both_vocabularies_are_one(world: World) -> None:
    names = ["sendMessage", "addParticipant", "addMember", "sendMessage", "addNonChatParticipant"]
    role = await world.chat.roles.create(world.rest, "x", "channel", names)
    assert role.permissions == ("sendMessage", "addMember", "addNonChatParticipant")
    assert await world.chat.roles.get(world.rest, role.sid) == role


async def test_a_permission_of_the_other_type_is_stored(world: World) -> None:
    role = await world.chat.roles.create(world.rest, "x", "channel", ["createChannel"])
    assert role.permissions == ("createChannel",)


@pytest.mark.parametrize("name", ["", "fly", "SendMessage", "a\ud800"])
async def test_unknown_permissions(world: World, name: str) -> None:
    code = Code.INVALID_PARAMETER if "\ud800" in name else Code.PERMISSION_UNKNOWN
    with refused(code):
        await world.chat.roles.create(world.rest, "x", "channel", ["sendMessage", name])
    role = await world.role(RoleType.CHANNEL, "sendMessage")
    with refused(code):
        await world.chat.roles.update(world.rest, role, [name])
    assert (await world.chat.roles.get(world.rest, role)).permissions == ("sendMessage",)


@pytest.mark.parametrize("kind", ["", "Channel", "service"])
async def test_unknown_types(world: World, kind: str) -> None:
    with refused(Code.ROLE_TYPE_INVALID):
        await world.chat.roles.create(world.rest, "x", kind, [])


async def test_an_update_replaces_the_list(world: World) -> None:
    role = await world.role(RoleType.CHANNEL, "sendMessage", "leaveChannel")
    changed = await world.chat.roles.update(world.rest, role, ["addMember"])
    assert changed.permissions == ("addMember",)
    assert changed.date_updated > changed.date_created
    assert await world.chat.roles.get(world.rest, role) == changed


async def test_roles_that_are_not_there(world: World) -> None:
    other = await world.chat.services.create(world.rest.account_sid, "other")
    for sid in (unknown("RL"), other.default_channel_role_sid, "nonsense"):
        with refused(Code.ROLE_NOT_FOUND):
            await world.chat.roles.get(world.rest, sid)
        with refused(Code.ROLE_NOT_FOUND):
            await world.chat.roles.update(world.rest, sid, [])
        with refused(Code.ROLE_NOT_FOUND):
            await world.chat.roles.delete(world.rest, sid)


async def test_who_held_a_deleted_role_gets_the_default(world: World) -> None:
    deployment, in_channel = await world.role(RoleType.DEPLOYMENT), await world.role(RoleType.CHANNEL)
    for name in ("alice", "bob"):
        await world.user(name)
    await world.chat.users.update(world.rest, "alice", UserDraft(role_sid=deployment))
    channel = await world.channel()
    await world.add(channel, "alice", in_channel)
    await world.chat.invites.create(world.rest, channel.sid, "bob", in_channel)
    for role in (deployment, in_channel):
        await world.chat.roles.delete(world.rest, role)
    assert (await world.profile("alice")).role_sid == world.service.default_service_role_sid
    member = await world.chat.members.get(world.rest, channel.sid, "alice")
    assert member.role_sid == world.service.default_channel_role_sid
    (invite,) = (await world.chat.invites.list(world.rest, channel.sid, ALL)).items
    assert invite.role_sid == world.service.default_channel_role_sid


async def test_a_default_role_stays(world: World) -> None:
    for sid in (
        world.service.default_service_role_sid,
        world.service.default_channel_role_sid,
        world.service.default_channel_creator_role_sid,
    ):
        with refused(Code.CONFLICT):
            await world.chat.roles.delete(world.rest, sid)


async def test_another_default_frees_the_old_one(world: World) -> None:
    role = await world.role(RoleType.CHANNEL, "sendMessage")
    old = world.service.default_channel_role_sid
    await world.configure(default_channel_role_sid=role)
    await world.chat.roles.delete(world.rest, old)
    assert (await world.add(await world.channel(), "alice")).role_sid == role
