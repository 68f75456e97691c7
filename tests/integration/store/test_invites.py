"""Invites."""

from __future__ import annotations

import pytest

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import Identity
from chatcore.domain.model import Service
from chatcore.domain.paging import Window
from chatcore.store.postgres import PostgresStore

from . import make


async def test_an_invite_is_found_by_sid_and_identity(store: PostgresStore, service: Service) -> None:
    channel, other = await make.channel(store, service), await make.channel(store, service)
    alice = await make.user(store, service, "alice")
    invite = await make.invite(store, service, channel, alice)
    assert await store.read.invites.get(channel.sid, invite.sid) == invite
    assert await store.read.invites.get(channel.sid, "alice") == invite
    assert await store.read.invites.get(other.sid, invite.sid) is None
    assert await store.read.invites.all_of(channel.sid) == await store.read.invites.of_user(alice.sid) == [invite]


async def test_nobody_is_invited_twice(store: PostgresStore, service: Service) -> None:
    channel, alice = await make.channel(store, service), await make.user(store, service, "alice")
    await make.invite(store, service, channel, alice)
    with pytest.raises(ChatError) as refused:
        await make.invite(store, service, channel, alice)
    assert refused.value.code is Code.ALREADY_INVITED


async def test_an_invite_is_taken_once(store: PostgresStore, service: Service) -> None:
    channel, alice = await make.channel(store, service), await make.user(store, service, "alice")
    invite = await make.invite(store, service, channel, alice)
    assert await store.read.invites.take(channel.sid, Identity("alice")) == invite
    assert await store.read.invites.take(channel.sid, Identity("alice")) is None


async def test_invites_are_listed_by_identity(store: PostgresStore, service: Service) -> None:
    channel = await make.channel(store, service)
    for name in ("alice", "bob", "carol"):
        await make.invite(store, service, channel, await make.user(store, service, name))
    page = await store.read.invites.list(
        channel.sid, Window(limit=1), identities=[Identity("carol"), Identity("alice"), Identity("nobody")]
    )
    assert [invite.identity for invite in page.items] == ["alice"]
    assert (page.has_before, page.has_after) == (False, True)


async def test_a_deleted_invite_is_gone(store: PostgresStore, service: Service) -> None:
    channel, alice = await make.channel(store, service), await make.user(store, service, "alice")
    invite = await make.invite(store, service, channel, alice)
    await store.read.invites.delete(invite.sid)
    assert await store.read.invites.get(channel.sid, "alice") is None
