"""Commands on roles, made and changed through REST."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chatcore.domain import limits
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import RoleSid, new_sid
from chatcore.domain.model import Actor, Role
from chatcore.domain.paging import Page, Window
from chatcore.domain.permissions import RoleType, parse

from .membership import service_of
from .rates import Rates
from .unit import Unit, Work


def parse_permissions(names: Sequence[str]) -> tuple[str, ...]:
    """Known names of either vocabulary, duplicates dropped, order kept."""
    found: dict[str, None] = {}
    for name in names:
        permission = parse(name)
        if permission is None:
            raise ChatError(Code.PERMISSION_UNKNOWN, f"Permission {limits.clean('Permission', name)} is unknown")
        found[permission.value] = None
    return tuple(found)


class Roles:
    """One public method is one command."""

    def __init__(self, unit: Unit, rates: Rates) -> None:
        self._unit = unit
        self._rates = rates

    async def create(self, actor: Actor, friendly_name: str, kind: str, permissions: Sequence[str]) -> Role:
        limits.friendly_name(friendly_name)
        if kind not in set(RoleType):
            raise ChatError(Code.ROLE_TYPE_INVALID, "Type must be channel or deployment")
        names = parse_permissions(permissions)

        async def act(work: Work) -> Role:
            service = await service_of(work.tx, actor)
            self._rates.service(service.sid)
            role = Role(
                sid=RoleSid(new_sid("RL")),
                service_sid=service.sid,
                friendly_name=friendly_name,
                type=RoleType(kind),
                permissions=names,
                date_created=work.now,
                date_updated=work.now,
            )
            await work.tx.roles.create(role)
            return role

        return await self._unit.run(actor, act)

    async def get(self, actor: Actor, sid: str) -> Role:
        role = await self._unit.store.read.roles.get(actor.service_sid, sid)
        if role is None:
            raise ChatError(Code.ROLE_NOT_FOUND, f"Role {sid} was not found")
        return role

    async def list(self, actor: Actor, window: Window) -> Page[Role]:
        return await self._unit.store.read.roles.list(actor.service_sid, window)

    async def update(self, actor: Actor, sid: str, permissions: Sequence[str]) -> Role:
        """Replaces the whole list; in force with the next command of everybody who holds the role."""
        names = parse_permissions(permissions)
        role = await self.get(actor, sid)
        self._rates.service(actor.service_sid)

        async def act(work: Work) -> Role:
            changed = replace(role, permissions=names, date_updated=work.now)
            await work.tx.roles.update(changed)
            return changed

        return await self._unit.run(actor, act)

    async def delete(self, actor: Actor, sid: str) -> None:
        """Whoever held it gets the service's default role of its type. Raises ChatError(CONFLICT) for a default."""

        async def act(work: Work) -> None:
            service = await service_of(work.tx, actor)
            role = await work.tx.roles.get(service.sid, sid)
            if role is None:
                raise ChatError(Code.ROLE_NOT_FOUND, f"Role {sid} was not found")
            defaults = (
                service.default_service_role_sid,
                service.default_channel_role_sid,
                service.default_channel_creator_role_sid,
            )
            if role.sid in defaults:
                raise ChatError(Code.CONFLICT, "The role is a default of the service")
            self._rates.service(service.sid)
            kind = role.type
            replacement = defaults[0] if kind is RoleType.DEPLOYMENT else defaults[1]
            await work.tx.roles.delete(role.sid, replacement)

        await self._unit.run(actor, act)
