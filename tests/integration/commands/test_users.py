from __future__ import annotations

import asyncio
import json

import pytest

from chatcore.commands.users import UserDraft
from chatcore.domain import serial
from chatcore.domain.errors import Code
from chatcore.domain.events import channel_topic, profile_topic, user_topic
from chatcore.domain.ids import Identity
from chatcore.domain.permissions import RoleType

from .world import ALL, World, decoded, refused, unknown


async def test_the_first_connection_makes_the_user_once(world: World) -> None:
    actor = world.as_("alice")
    users = await asyncio.gather(*(world.chat.users.connected(actor, Identity("alice"), None) for _ in range(5)))
    assert len({user.sid for user in users}) == 1
    assert users[0].role_sid == world.service.default_service_role_sid
    assert (users[0].friendly_name, users[0].attributes, users[0].joined_channels_count) == (None, "{}", 0)
    assert await world.profile("alice") == await world.profile(users[0].sid)


async def test_a_tokens_role_counts_for_a_new_user_where_it_fits(world: World) -> None:
    deployment = await world.role(RoleType.DEPLOYMENT, "createChannel")
    channel = await world.role(RoleType.CHANNEL)
    for name, role, expected in (
        ("a", deployment, deployment),
        ("b", channel, world.service.default_service_role_sid),
        ("c", unknown("RL"), world.service.default_service_role_sid),
        ("d", "nonsense", world.service.default_service_role_sid),
    ):
        user = await world.chat.users.connected(world.as_(name), Identity(name), role)
        assert user.role_sid == expected
    again = await world.chat.users.connected(world.as_("a"), Identity("a"), None)
    assert again.role_sid == deployment


@pytest.mark.parametrize(
    ("identity", "code"),
    [
        ("", Code.IDENTITY_EMPTY),
        ("system", Code.IDENTITY_RESERVED),
        ("x" * 257, Code.IDENTITY_TOO_LONG),
        ("US" + "0" * 32, Code.IDENTITY_LOOKS_LIKE_SID),
        ("a\x00b", Code.INVALID_PARAMETER),
        ("\ud800", Code.INVALID_PARAMETER),
    ],
)
async def test_identities_that_nobody_can_have(world: World, identity: str, code: Code) -> None:
    with refused(code):
        await world.chat.users.create(world.rest, identity, UserDraft())
    with refused(code):
        await world.chat.users.connected(world.as_(identity), Identity(identity), None)
    channel = await world.channel()
    with refused(code):
        await world.add(channel, identity)


async def test_a_sid_is_no_identity_even_if_it_is_somebodys(world: World) -> None:
    alice = await world.user("alice")
    assert alice.user_sid is not None
    with refused(Code.IDENTITY_LOOKS_LIKE_SID):
        await world.chat.users.connected(world.as_(alice.user_sid), Identity(alice.user_sid), None)


async def test_identities_are_compared_exactly(world: World) -> None:
    for identity in ("alice", "Alice", "alice ", "alıce", "a" * 256, "🎉"):
        await world.chat.users.create(world.rest, identity, UserDraft())
        with refused(Code.USER_EXISTS):
            await world.chat.users.create(world.rest, identity, UserDraft())
    assert len((await world.chat.users.list(world.rest, ALL)).items) == 6


async def test_every_field_of_a_new_user_is_kept(world: World) -> None:
    role = await world.role(RoleType.DEPLOYMENT)
    draft = UserDraft(friendly_name="Zoë", attributes='{"a" : 1}', role_sid=role)
    user = await world.chat.users.create(world.rest, "zoe", draft)
    assert (user.friendly_name, user.attributes, user.role_sid) == ("Zoë", '{"a" : 1}', role)
    assert await world.profile("zoe") == user


async def test_a_channel_role_is_no_role_for_a_user(world: World) -> None:
    await world.user("alice")
    role = await world.role(RoleType.CHANNEL)
    with refused(Code.DEPLOYMENT_ROLE_NOT_FOUND):
        await world.chat.users.create(world.rest, "bob", UserDraft(role_sid=role))
    with refused(Code.DEPLOYMENT_ROLE_NOT_FOUND):
        await world.chat.users.update(world.rest, "alice", UserDraft(role_sid=role))
    with refused(Code.ROLE_NOT_FOUND):
        await world.chat.users.update(world.rest, "alice", UserDraft(role_sid=unknown("RL")))


async def test_an_update_is_an_event_for_the_user_and_a_signal_for_watchers(world: World) -> None:
    alice = await world.user("alice")
    user = await world.chat.users.update(alice, "alice", UserDraft(friendly_name="Al", attributes='{"a":1}'))
    assert (user.friendly_name, user.attributes, user.rev) == ("Al", '{"a":1}', 1)
    assert await world.profile("alice") == user
    ((event, signal),) = world.published.calls
    assert (event.topic, signal.topic) == (user_topic(user.sid), profile_topic(user.sid))
    assert decoded(event)["user"] == decoded(signal)["user"] == json.loads(serial.user(user))
    assert decoded(event)["by"] == "alice"
    assert [event] == await world.log(user_topic(user.sid))


async def test_a_user_update_of_nothing_leaves_no_event(world: World) -> None:
    await world.user("alice")
    before = await world.profile("alice")
    assert await world.chat.users.update(world.rest, "alice", UserDraft()) == before
    assert world.published.calls == []


@pytest.mark.parametrize("cleared", [None, ""])
async def test_a_friendly_name_can_be_cleared(world: World, cleared: str | None) -> None:
    await world.chat.users.create(world.rest, "alice", UserDraft(friendly_name="Al"))
    user = await world.chat.users.update(world.rest, "alice", UserDraft(friendly_name=cleared))
    assert user.friendly_name is None


async def test_concurrent_updates_of_different_fields_keep_both(world: World) -> None:
    await world.user("alice")
    role = await world.role(RoleType.DEPLOYMENT)
    channel = await world.channel()
    await asyncio.gather(
        *(world.chat.users.update(world.rest, "alice", UserDraft(attributes=str(n))) for n in range(5)),
        world.chat.users.update(world.rest, "alice", UserDraft(friendly_name="Al")),
        world.chat.users.update(world.rest, "alice", UserDraft(role_sid=role)),
        world.add(channel, "alice"),
    )
    user = await world.profile("alice")
    assert (user.friendly_name, user.role_sid, user.joined_channels_count) == ("Al", role, 1)
    log = await world.user_log("alice")
    assert [e["offset"] for e in log] == list(range(1, 9))
    last = [e for e in log if e["type"] == "user.updated"][-1]["user"]
    assert last == json.loads(serial.user(user))


async def test_users_that_are_not_there(world: World) -> None:
    for key in ("nobody", unknown("US")):
        with refused(Code.USER_NOT_FOUND):
            await world.profile(key)
        with refused(Code.USER_NOT_FOUND):
            await world.chat.users.update(world.rest, key, UserDraft(friendly_name="x"))
        with refused(Code.USER_NOT_FOUND):
            await world.chat.users.delete(world.rest, key)


async def test_many_are_found_by_identity(world: World) -> None:
    for name in ("a", "b"):
        await world.user(name)
    found = await world.chat.users.many(world.rest, [Identity(i) for i in ("a", "b", "nobody", "a")])
    assert {u.identity for u in found} == {"a", "b"}
    assert await world.chat.users.many(world.rest, []) == []


async def test_deleting_a_user_ends_memberships_and_invitations_but_not_messages(world: World) -> None:
    alice = await world.user("alice")
    channels = [await world.channel("alice", "bob") for _ in range(3)]
    invited = await world.channel()
    await world.chat.invites.create(world.rest, invited.sid, "alice")
    await world.send(channels[0], "kept", by=alice)
    world.published.calls.clear()
    await world.chat.users.delete(world.rest, "alice")
    with refused(Code.USER_NOT_FOUND):
        await world.profile("alice")
    for channel in channels:
        found = await world.now(channel)
        assert found.members_count == 1
        last = (await world.channel_log(channel))[-1]
        assert (last["type"], last["reason"], last["member"]["identity"]) == ("member.left", "user_deleted", "alice")
        assert world.published.events(channel_topic(channel.sid))[-1].subject == alice.user_sid
    assert (await world.chat.invites.list(world.rest, invited.sid, ALL)).items == []
    assert (await world.chat.messages.get(world.rest, channels[0].sid, 0)).author == "alice"
    assert world.published.signals == []


async def test_a_deleted_identity_may_come_back_as_another_user(world: World) -> None:
    alice = await world.user("alice")
    channel = await world.channel("alice")
    await world.chat.users.delete(world.rest, "alice")
    back = await world.user("alice")
    assert back.user_sid != alice.user_sid
    with refused(Code.NOT_A_MEMBER):
        await world.send(channel, by=back)
    assert await world.user_log("alice") == []


async def test_a_user_is_deleted_while_others_use_its_channels(world: World) -> None:
    """No deadlock; counts are right afterwards."""
    await world.user("alice")
    channels = [await world.channel("alice", "bob") for _ in range(4)]
    bob = await world.user("bob")
    for channel in channels:
        await world.send(channel)
    await asyncio.gather(
        world.chat.users.delete(world.rest, "alice"),
        *(world.send(channel, by=bob) for channel in channels for _ in range(3)),
        *(world.chat.horizons.report(bob, channel.sid, 0) for channel in channels),
        *(world.add(channel, "carol") for channel in reversed(channels)),
    )
    for channel in channels:
        found = await world.now(channel)
        assert (found.members_count, found.messages_count) == (2, 4)
        log = await world.channel_log(channel)
        assert [e["offset"] for e in log] == list(range(1, found.stream.offset + 1))
