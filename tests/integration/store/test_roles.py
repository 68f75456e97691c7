"""Roles."""

from __future__ import annotations

from dataclasses import replace

from chatcore.domain.ids import RoleSid, ServiceSid, new_sid
from chatcore.domain.model import Role, Service
from chatcore.domain.permissions import RoleType
from chatcore.store.postgres import PostgresStore

from . import make


def _role(service: Service, kind: RoleType) -> Role:
    return Role(
        sid=RoleSid(new_sid("RL")),
        service_sid=service.sid,
        friendly_name="guest",
        type=kind,
        permissions=("sendMessage",),
        date_created=make.NOW,
        date_updated=make.NOW,
    )


async def test_a_role_is_found_within_its_service_only(store: PostgresStore, service: Service) -> None:
    role = _role(service, RoleType.CHANNEL)
    await store.read.roles.create(role)
    assert await store.read.roles.get(service.sid, role.sid) == role
    assert await store.read.roles.get(ServiceSid(new_sid("IS")), role.sid) is None


async def test_permissions_may_become_empty(store: PostgresStore, service: Service) -> None:
    role = _role(service, RoleType.CHANNEL)
    await store.read.roles.create(role)
    changed = replace(role, permissions=(), date_updated=make.later(1))
    await store.read.roles.update(changed)
    assert await store.read.roles.get(service.sid, role.sid) == changed


async def test_holders_of_a_deleted_role_get_the_replacement(store: PostgresStore, service: Service) -> None:
    own, deployment = _role(service, RoleType.CHANNEL), _role(service, RoleType.DEPLOYMENT)
    for role in (own, deployment):
        await store.read.roles.create(role)
    alice, bob = await make.user(store, service, "alice"), await make.user(store, service, "bob")
    channel = await make.channel(store, service)
    await store.read.users.update(replace(alice, role_sid=deployment.sid))
    member = await make.member(store, service, channel, alice)
    await store.read.members.update(replace(member, role_sid=own.sid))
    await make.invite(store, replace(service, default_channel_role_sid=own.sid), channel, bob)

    async with store.transaction() as tx:
        await tx.roles.delete(own.sid, service.default_channel_role_sid)
        await tx.roles.delete(deployment.sid, service.default_service_role_sid)

    user = await store.read.users.get(service.sid, "alice")
    found = await store.read.members.get(channel.sid, "alice")
    invite = await store.read.invites.get(channel.sid, "bob")
    assert user is not None
    assert found is not None
    assert invite is not None
    assert user.role_sid == service.default_service_role_sid
    assert found.role_sid == invite.role_sid == service.default_channel_role_sid
    assert await store.read.roles.get(service.sid, own.sid) is None
