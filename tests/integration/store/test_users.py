"""Users and their streams."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import Identity, ServiceSid, UserSid, new_sid
from chatcore.domain.model import Position, Service
from chatcore.store.postgres import PostgresStore

from . import make


async def test_a_user_is_found_by_sid_and_identity(store: PostgresStore, service: Service) -> None:
    alice = await make.user(store, service, "alice")
    assert await store.read.users.get(service.sid, alice.sid) == alice
    assert await store.read.users.get(service.sid, "alice") == alice
    assert await store.read.users.get(service.sid, "Alice") is None
    assert await store.read.users.get(ServiceSid(new_sid("IS")), alice.sid) is None


async def test_identities_are_taken_once(store: PostgresStore, service: Service) -> None:
    await make.user(store, service, "alice")
    with pytest.raises(ChatError) as refused:
        await make.user(store, service, "alice")
    assert refused.value.code is Code.USER_EXISTS


async def test_ensuring_makes_a_user_once(store: PostgresStore, service: Service) -> None:
    first = make.a_user(service, "alice")
    assert await store.read.users.ensure(first) == (first, True)
    assert await store.read.users.ensure(make.a_user(service, "alice")) == (first, False)


async def test_concurrent_ensuring_makes_one_user(store: PostgresStore, service: Service) -> None:
    async def ensure() -> tuple[UserSid, bool]:
        async with store.transaction() as tx:
            user, made = await tx.users.ensure(make.a_user(service, "alice"))
            return user.sid, made

    answers = await asyncio.gather(*(ensure() for _ in range(5)))
    assert len({sid for sid, _ in answers}) == 1
    assert sorted(made for _, made in answers) == [False] * 4 + [True]


async def test_many_leaves_out_who_does_not_exist(store: PostgresStore, service: Service) -> None:
    alice, bob = await make.user(store, service, "alice"), await make.user(store, service, "bob")
    found = await store.read.users.many(service.sid, [Identity("bob"), Identity("nobody"), Identity("alice")])
    assert {user.sid for user in found} == {alice.sid, bob.sid}


async def test_a_profile_changes(store: PostgresStore, service: Service) -> None:
    alice = await make.user(store, service, "alice")
    changed = replace(alice, friendly_name="Alice", attributes='{"a":  1}', rev=4, date_updated=make.later(2))
    await store.read.users.update(changed)
    assert await store.read.users.get(service.sid, "alice") == changed


async def test_streams_are_locked_and_saved(store: PostgresStore, service: Service) -> None:
    alice = await make.user(store, service, "alice")
    async with store.transaction() as tx:
        streams = await tx.users.lock_streams([alice.sid, UserSid(new_sid("US"))])
        assert list(streams) == [alice.sid]
        stream = streams[alice.sid]
        stream.offset, stream.joined_count, stream.info_position = 3, 2, 9
        await tx.users.save_streams([stream])
    found = await store.read.users.get(service.sid, "alice")
    assert found == replace(
        alice,
        joined_channels_count=2,
        info_position=9,
        stream=Position(offset=3, epoch=alice.stream.epoch),
    )


async def test_a_deleted_user_takes_memberships_and_invites_along(store: PostgresStore, service: Service) -> None:
    alice, channel = await make.user(store, service, "alice"), await make.channel(store, service)
    other = await make.channel(store, service)
    await make.member(store, service, channel, alice)
    await make.invite(store, service, other, alice)
    await store.read.users.delete(alice.sid)
    assert await store.read.users.get(service.sid, alice.sid) is None
    assert await store.read.members.all_of(channel.sid) == []
    assert await store.read.invites.all_of(other.sid) == []


async def test_permissions_are_those_of_the_deployment_role(store: PostgresStore, service: Service) -> None:
    await make.user(store, service, "alice")
    held = await store.read.users.permissions(service.sid, Identity("alice"))
    assert held == frozenset({"createChannel", "joinChannel", "editOwnUserInfo"})
    assert await store.read.users.permissions(service.sid, Identity("nobody")) is None


async def test_text_that_cannot_be_stored_is_a_bad_parameter(store: PostgresStore, service: Service) -> None:
    for key in ("a\x00b", "a\ud800b"):
        with pytest.raises(ChatError) as refused:
            await store.read.users.get(service.sid, key)
        assert refused.value.code is Code.INVALID_PARAMETER
