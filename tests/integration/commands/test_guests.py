from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from chatcore.commands.channels import ChannelDraft
from chatcore.commands.guests import GuestDraft, GuestPatch
from chatcore.domain.errors import Code
from chatcore.domain.model import Channel, ChannelState
from chatcore.domain.permissions import Permission, RoleType
from chatcore.domain.webhooks import Action

from .world import World, refused, unknown

ANNA, SHOP = "+15558675310", "+15550009999"
DRAFT = GuestDraft(address=ANNA, proxy_address=SHOP)


async def conversation(world: World, *members: str) -> Channel:
    return await world.channel(*members, private=True)


async def test_everybody_hears_of_a_guest(world: World) -> None:
    channel = await conversation(world)
    guest = await world.chat.guests.add(world.rest, channel.sid, DRAFT)
    patch = GuestPatch(attributes="[1]", last_read_message_index=None)
    changed = await world.chat.guests.update(world.rest, channel.sid, guest.sid, patch)
    await world.chat.guests.remove(world.rest, channel.sid, guest.sid)
    joined, updated, left = await world.channel_log(channel)
    assert joined["type"] == "member.joined"
    assert joined["member"] == {
        "sid": guest.sid,
        "channel_sid": channel.sid,
        "identity": None,
        "role_sid": None,
        "attributes": {},
        "last_consumed_message_index": None,
        "last_consumption_timestamp": None,
        "date_created": joined["at"],
        "date_updated": joined["at"],
        "rev": 1,
        "roster_position": guest.roster_position,
        "messaging_binding": {
            "type": "sms",
            "address": ANNA,
            "proxy_address": SHOP,
            "projected_address": None,
            "name": None,
            "level": None,
        },
    }
    assert (updated["type"], updated["member"]["attributes"]) == ("member.updated", [1])
    assert (left["type"], left["reason"], left["member"]["sid"]) == ("member.left", "removed", guest.sid)
    positions = [event["member"]["roster_position"] for event in (joined, updated, left)]
    assert positions == sorted(set(positions))
    assert [event["offset"] for event in (joined, updated, left)] == [1, 2, 3]
    assert (changed.rev, changed.roster_created) == (2, guest.roster_created)


async def test_a_conversation_counts_its_guests(world: World) -> None:
    channel = await conversation(world, "ann")
    first = await world.chat.guests.add(world.rest, channel.sid, DRAFT)
    await world.chat.guests.add(world.rest, channel.sid, GuestDraft(address="whatsapp:+15558675310"))
    assert ((now := await world.now(channel)).guests_count, now.members_count) == (2, 1)
    await world.chat.guests.remove(world.rest, channel.sid, first.sid)
    assert (await world.now(channel)).guests_count == 1
    await world.chat.channels.delete(world.rest, channel.sid)
    assert not await world.pool.fetchval("SELECT count(*) FROM guests WHERE channel_sid = $1", channel.sid)


async def test_an_update_without_fields_leaves_no_event(world: World) -> None:
    channel = await conversation(world)
    guest = await world.chat.guests.add(world.rest, channel.sid, DRAFT)
    assert await world.chat.guests.update(world.rest, channel.sid, guest.sid, GuestPatch()) == guest
    assert len(await world.channel_log(channel)) == 1


async def test_two_cannot_take_the_last_place(world: World) -> None:
    channel = await conversation(world)
    for number in range(49):
        await world.chat.guests.add(world.rest, channel.sid, GuestDraft(address=f"+1555123{number:04}"))
    adding = [world.chat.guests.add(world.rest, channel.sid, GuestDraft(address=a)) for a in (ANNA, SHOP)]
    answers = await asyncio.gather(*adding, return_exceptions=True)
    (lost,) = [answer for answer in answers if isinstance(answer, BaseException)]
    assert getattr(lost, "code", None) is Code.GUESTS_EXCEEDED
    assert (await world.now(channel)).guests_count == 50


async def test_two_conversations_cannot_take_the_same_pair(world: World) -> None:
    rooms = [await conversation(world), await conversation(world)]
    answers = await asyncio.gather(
        *(world.chat.guests.add(world.rest, room.sid, DRAFT) for room in rooms), return_exceptions=True
    )
    (lost,) = [answer for answer in answers if isinstance(answer, BaseException)]
    assert getattr(lost, "code", None) is Code.GUEST_PAIR_TAKEN
    assert sorted([(await world.now(room)).guests_count for room in rooms]) == [0, 1]


async def test_guests_take_places_of_participants(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatcore.commands.guests.PARTICIPANTS_MAX", 2)
    await world.configure(limit_channel_members=2)
    channel = await conversation(world, "ann")
    await world.chat.guests.add(world.rest, channel.sid, DRAFT)
    with refused(Code.CHANNEL_FULL):
        await world.chat.guests.add(world.rest, channel.sid, GuestDraft(address="+15551234567"))


async def test_bad_attributes_come_before_missing_roles(world: World) -> None:
    channel = await conversation(world)
    with refused(Code.ATTRIBUTES_INVALID):
        draft = GuestDraft(address=ANNA, attributes="{", role_sid=unknown("RL"))
        await world.chat.guests.add(world.rest, channel.sid, draft)
    guest = await world.chat.guests.add(world.rest, channel.sid, DRAFT)
    with refused(Code.ATTRIBUTES_INVALID):
        patch = GuestPatch(attributes="{", role_sid=unknown("RL"))
        await world.chat.guests.update(world.rest, channel.sid, guest.sid, patch)
    with refused(Code.ROLE_NOT_FOUND):
        await world.chat.guests.update(world.rest, channel.sid, guest.sid, GuestPatch(role_sid=unknown("RL")))


async def test_a_guest_gets_another_role_when_its_own_is_deleted(world: World) -> None:
    channel, role = await conversation(world), await world.role(RoleType.CHANNEL, Permission.SEND_MESSAGE)
    guest = await world.chat.guests.add(world.rest, channel.sid, replace(DRAFT, role_sid=role))
    await world.chat.roles.delete(world.rest, role)
    held = await world.chat.participants.get(world.rest, channel.sid, guest.sid)
    assert (guest.role_sid, held.role_sid) == (role, world.service.default_channel_role_sid)


async def test_public_channels_have_none(world: World) -> None:
    channel = await world.channel()
    with refused(Code.TYPE_NOT_PRIVATE):
        await world.chat.guests.add(world.rest, channel.sid, DRAFT)


async def test_a_guest_belongs_to_its_conversation(world: World) -> None:
    channel, other = await conversation(world), await conversation(world)
    guest = await world.chat.guests.add(world.rest, channel.sid, DRAFT)
    with refused(Code.MEMBER_NOT_FOUND):
        await world.chat.guests.update(world.rest, other.sid, guest.sid, GuestPatch(attributes="[]"))
    with refused(Code.MEMBER_NOT_FOUND):
        await world.chat.guests.remove(world.rest, other.sid, guest.sid)
    with refused(Code.CHANNEL_NOT_FOUND):
        await world.chat.guests.add(world.rest, unknown("CH"), DRAFT)


@pytest.mark.parametrize("permission", [Permission.ADD_MEMBER, Permission.ADD_NON_CHAT_PARTICIPANT])
async def test_a_client_needs_a_right_to_add_one(world: World, permission: Permission) -> None:
    ann = await world.user("ann")
    channel = await conversation(world)
    await world.add(channel, "ann", await world.role(RoleType.CHANNEL, permission))
    guest = await world.chat.guests.add(ann, channel.sid, DRAFT)
    for command in (
        world.chat.guests.update(ann, channel.sid, guest.sid, GuestPatch(attributes="[]")),
        world.chat.guests.update(ann, channel.sid, guest.sid, GuestPatch(proxy_address="+15550008888")),
        world.chat.guests.remove(ann, channel.sid, guest.sid),
    ):
        with refused(Code.NOT_AUTHORIZED):
            await command


async def test_other_clients_may_not(world: World) -> None:
    ann, bob = await world.user("ann"), await world.user("bob")
    channel = await conversation(world, "ann")
    with refused(Code.NOT_AUTHORIZED):
        await world.chat.guests.add(ann, channel.sid, DRAFT)
    with refused(Code.CHANNEL_NOT_FOUND):
        await world.chat.guests.add(bob, channel.sid, DRAFT)


async def test_moderators_change_and_remove_them(world: World) -> None:
    ann = await world.user("ann")
    channel = await conversation(world)
    rights = (Permission.ADD_MEMBER, Permission.REMOVE_MEMBER, Permission.EDIT_ANY_MEMBER_ATTRIBUTES)
    await world.add(channel, "ann", await world.role(RoleType.CHANNEL, *rights))
    guest = await world.chat.guests.add(ann, channel.sid, DRAFT)
    patch = GuestPatch(attributes="[]", proxy_address="+15550008888")
    changed = await world.chat.guests.update(ann, channel.sid, guest.sid, patch)
    assert (changed.attributes, changed.binding.proxy_address) == ("[]", "+15550008888")
    await world.chat.guests.remove(ann, channel.sid, guest.sid)


async def test_a_hook_is_asked_about_what_clients_do(world: World) -> None:
    ann = await world.user("ann")
    channel = await conversation(world)
    rights = (Permission.ADD_MEMBER, Permission.REMOVE_MEMBER, Permission.EDIT_ANY_MEMBER_ATTRIBUTES)
    await world.add(channel, "ann", await world.role(RoleType.CHANNEL, *rights))
    world.hook.asked.clear()
    guest = await world.chat.guests.add(ann, channel.sid, DRAFT)
    await world.chat.guests.update(ann, channel.sid, guest.sid, GuestPatch(attributes="[2]"))
    world.hook.refused.add(Action.MEMBER_REMOVE)
    with refused(Code.WEBHOOK_REJECTED):
        await world.chat.guests.remove(ann, channel.sid, guest.sid)
    asked = [(action, (facts or {})["member"]) for action, facts in world.hook.asked]
    assert [action for action, _ in asked] == [Action.MEMBER_ADD, Action.MEMBER_UPDATE, Action.MEMBER_REMOVE]
    assert all(member["messaging_binding"]["address"] == ANNA for _, member in asked)
    assert asked[1][1]["attributes"] == "[2]"
    assert (await world.now(channel)).guests_count == 1


async def webhook_jobs(world: World) -> list[dict[str, Any]]:  # Any: JSON
    return [job for job in await world.jobs() if "action" in job]


async def test_webhooks_are_told(world: World) -> None:
    filters = ("onParticipantAdded", "onParticipantUpdated", "onParticipantRemoved", "onConversationStateUpdated")
    await world.configure(post_webhook_url="https://example.org/", webhook_filters=filters)
    loud = replace(world.rest, webhooks=True)
    channel = await conversation(world)
    guest = await world.chat.guests.add(loud, channel.sid, DRAFT)
    await world.chat.guests.update(loud, channel.sid, guest.sid, GuestPatch(attributes="[]"))
    await world.chat.guests.remove(loud, channel.sid, guest.sid)
    await world.chat.guests.add(world.rest, channel.sid, DRAFT)
    jobs = await webhook_jobs(world)
    assert [job["event"] for job in jobs] == list(filters[:3])
    for job in jobs:
        assert job["facts"]["member"]["messaging_binding"]["address"] == ANNA
    assert [job["facts"].get("reason") for job in jobs] == ["ADDED", None, "REMOVED"]


async def test_a_new_guest_wakes_a_conversation(world: World) -> None:
    channel = await conversation(world)
    await world.chat.conversations.update(world.rest, channel.sid, ChannelDraft(state=ChannelState.INACTIVE))
    await world.chat.guests.add(world.rest, channel.sid, DRAFT)
    woken = await world.now(channel)
    assert woken.state is ChannelState.ACTIVE
    types = [event["type"] for event in await world.channel_log(channel)]
    assert types == ["channel.updated", "channel.updated", "member.joined"]


async def test_messages_leave_for_the_guests(world: World) -> None:
    channel = await conversation(world)
    quiet = await world.send(channel, "nobody is there")
    guests = [await world.chat.guests.add(world.rest, channel.sid, d) for d in (DRAFT, GuestDraft(address="a@b.org"))]
    message = await world.send(channel, "hello")
    reply = await world.send(channel, "hi", author=ANNA)
    addressed = [
        {"sid": g.sid, "type": g.binding.type, "address": g.binding.address, "proxy_address": g.binding.proxy_address}
        for g in guests
    ]
    rows = await world.pool.fetch(
        "SELECT kind, lane, job FROM outbox WHERE service_sid = $1 AND kind = 'delivery' ORDER BY id", world.service.sid
    )
    assert [row["job"] for row in rows] == [
        {
            "channel_sid": channel.sid,
            "message_sid": message.sid,
            "message_index": 1,
            "author": "system",
            "body": "hello",
            "media": [],
            "guests": addressed,
        },
        {
            "channel_sid": channel.sid,
            "message_sid": reply.sid,
            "message_index": 2,
            "author": ANNA,
            "body": "hi",
            "media": [],
            "guests": addressed[1:],
        },
    ]
    assert {row["lane"] for row in rows} == {f"delivery:{channel.sid}"}
    assert (quiet.member_sid, message.member_sid, reply.member_sid) == (None, None, guests[0].sid)


async def test_a_guest_that_writes_alone_is_not_answered(world: World) -> None:
    channel = await conversation(world)
    await world.chat.guests.add(world.rest, channel.sid, DRAFT)
    await world.send(channel, "hello?", author=ANNA)
    assert await world.jobs() == []


async def test_a_summary_costs_nothing_without_guests(world: World) -> None:
    channel = await conversation(world)
    message = await world.send(channel, "x")
    assert await world.chat.deliveries.summaries(await world.now(channel), [message]) == {}
    await world.chat.guests.add(world.rest, channel.sid, DRAFT)
    channel = await world.now(channel)
    assert await world.chat.deliveries.summaries(channel, []) == {}
    assert (await world.chat.deliveries.summaries(channel, [message]))[message.sid].total == 1
