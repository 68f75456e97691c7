from __future__ import annotations

import asyncio
from dataclasses import replace

from chatcore.commands.guests import GuestDraft
from chatcore.commands.members import MemberPatch
from chatcore.domain.errors import Code
from chatcore.domain.permissions import Permission, RoleType

from .world import ALL, World, refused, waits_for_a_lock

ANNA = "+15558675310"


async def test_another_identity_takes_the_place(world: World) -> None:
    channel = await world.channel("ann", private=True)
    ann = await world.chat.participants.get(world.rest, channel.sid, "ann")
    await world.user("bob")
    moved = await world.chat.participants.update(world.rest, channel.sid, "ann", MemberPatch(), identity="bob")
    assert moved.sid == ann.sid
    left, joined = (await world.channel_log(channel))[-2:]
    assert (left["type"], left["member"]["identity"], left["member"]["sid"]) == ("member.left", "ann", ann.sid)
    assert (joined["type"], joined["member"]["identity"], joined["member"]["sid"]) == ("member.joined", "bob", ann.sid)
    assert [e["type"] for e in await world.user_log("ann")] == ["channel.joined", "channel.left"]
    assert [e["type"] for e in await world.user_log("bob")] == ["channel.joined"]
    assert (await world.profile("ann")).joined_channels_count == 0
    assert (await world.profile("bob")).joined_channels_count == 1
    assert (await world.now(channel)).members_count == 1


async def test_places_change_in_both_directions_at_once(world: World) -> None:
    """No two of them wait for each other."""
    rooms = [await world.channel(name, private=True) for name in ("ann", "bob") * 4]
    for name in ("ann", "bob"):
        await world.user(name)
    moves = [
        world.chat.participants.update(world.rest, room.sid, old, MemberPatch(), identity=new)
        for room, (old, new) in zip(rooms, [("ann", "bob"), ("bob", "ann")] * 4, strict=True)
    ]
    moved = await asyncio.gather(*moves)
    assert [member.identity for member in moved] == ["bob", "ann"] * 4
    for name in ("ann", "bob"):
        assert (await world.profile(name)).joined_channels_count == 4


async def test_somebody_who_is_there_cannot_take_another_place(world: World) -> None:
    channel = await world.channel("ann", "bob", private=True)
    with refused(Code.MEMBER_EXISTS):
        await world.chat.participants.update(world.rest, channel.sid, "ann", MemberPatch(), identity="bob")
    with refused(Code.ATTRIBUTES_INVALID):
        patch = MemberPatch(attributes="{")
        await world.chat.participants.update(world.rest, channel.sid, "ann", patch, identity="cid")
    with refused(Code.MEMBER_NOT_FOUND):
        await world.chat.participants.update(world.rest, channel.sid, "nobody", MemberPatch(), identity="cid")


async def test_a_guest_gets_no_identity(world: World) -> None:
    channel = await world.channel(private=True)
    guest = await world.chat.guests.add(world.rest, channel.sid, GuestDraft(address=ANNA))
    with refused(Code.PARTICIPANT_IDENTITY_WITH_ADDRESS):
        await world.chat.participants.update(world.rest, channel.sid, guest.sid, MemberPatch(), identity="ann")


async def test_a_client_needs_the_rights_to_add_and_remove(world: World) -> None:
    ann = await world.user("ann")
    channel = await world.channel("ann", "bob", private=True)
    with refused(Code.NOT_AUTHORIZED):
        await world.chat.participants.update(ann, channel.sid, "bob", MemberPatch(), identity="cid")
    rights = await world.role(RoleType.CHANNEL, Permission.ADD_MEMBER, Permission.REMOVE_MEMBER)
    await world.chat.members.update(world.rest, channel.sid, "ann", MemberPatch(role_sid=rights))
    moved = await world.chat.participants.update(ann, channel.sid, "bob", MemberPatch(), identity="cid")
    assert moved.identity == "cid"


async def test_clients_list_where_they_are_members(world: World) -> None:
    ann, bob = await world.user("ann"), await world.user("bob")
    channel = await world.channel("ann", private=True)
    guest = await world.chat.guests.add(world.rest, channel.sid, GuestDraft(address=ANNA))
    page = await world.chat.participants.list(ann, channel.sid, ALL)
    assert [one.sid for one in page.items][1:] == [guest.sid]
    assert await world.chat.participants.get(ann, channel.sid, guest.sid) == guest
    with refused(Code.CHANNEL_NOT_FOUND):
        await world.chat.participants.list(bob, channel.sid, ALL)


async def test_a_participant_that_is_replaced_keeps_what_it_has_read_last(world: World) -> None:
    channel = await world.channel("ann", private=True)
    for body in "abc":
        await world.send(channel, body)
    async with world.store.transaction() as tx:
        await tx.members.next_roster_position(channel.sid)
        moving = asyncio.ensure_future(
            world.chat.participants.update(world.rest, channel.sid, "ann", MemberPatch(), identity="bob")
        )
        await waits_for_a_lock(world, moving)
        member = await tx.members.get(channel.sid, "ann")
        assert member is not None
        roster = await tx.members.next_roster_position(channel.sid)
        await tx.members.update(replace(member, last_consumed_message_index=2, roster_position=roster))
    assert (await moving).last_consumed_message_index == 2
