"""Commands on invites to a channel: accepting one is joining."""

from __future__ import annotations

from collections.abc import Sequence

from chatcore.domain import limits
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import Identity
from chatcore.domain.model import UNSET, Actor, Invite, Unset
from chatcore.domain.paging import Page, Window
from chatcore.domain.permissions import Permission

from . import membership
from .access import enter, enter_as_member, identity_of, require
from .activity import require_open
from .rates import Rates
from .unit import Unit, Work


def invite_not_found(key: str) -> ChatError:
    return ChatError(Code.INVITE_NOT_FOUND, f"Invite {key} was not found")


class Invites:
    """One public method is one command. Invites are addressed by SID or identity."""

    def __init__(self, unit: Unit, rates: Rates) -> None:
        self._unit = unit
        self._rates = rates

    async def create(self, actor: Actor, key: str, identity: str, role_sid: str | Unset = UNSET) -> Invite:
        """The user must exist. Raises ChatError(ALREADY_INVITED), (MEMBER_EXISTS), (USER_NOT_FOUND)."""

        async def act(work: Work) -> Invite:
            access = await enter(work.tx, actor, key, lock=True)
            require(actor, access, Permission.INVITE_MEMBER)
            if role_sid is not UNSET:
                require(actor, access, Permission.ADD_MEMBER, Permission.REMOVE_MEMBER)
            limits.identity(identity)
            require_open(access.channel)
            self._rates.channel(access.channel.sid)
            service = await membership.service_of(work.tx, actor)
            user = await work.tx.users.get(service.sid, identity)
            if user is None:
                raise ChatError(Code.USER_NOT_FOUND, f"User {identity} was not found")
            return await membership.invite_user(work, actor, service, access.channel, user, role_sid)

        return await self._unit.run(actor, act)

    async def delete(self, actor: Actor, key: str, invite_key: str) -> None:
        async def act(work: Work) -> None:
            access = await enter(work.tx, actor, key, lock=True)
            require(actor, access, Permission.INVITE_MEMBER)
            invite = await work.tx.invites.get(access.channel.sid, invite_key)
            if invite is None:
                raise invite_not_found(invite_key)
            self._rates.channel(access.channel.sid)
            await membership.withdraw(work, access.channel, invite)

        await self._unit.run(actor, act)

    async def decline(self, actor: Actor, key: str) -> None:
        async def act(work: Work) -> None:
            access = await enter(work.tx, actor, key, lock=True)
            if access.invite is None:
                raise ChatError(Code.INVITE_NOT_FOUND, "There is no invite to decline")
            self._rates.channel(access.channel.sid)
            await membership.withdraw(work, access.channel, access.invite)

        identity_of(actor)
        await self._unit.run(actor, act)

    async def get(self, actor: Actor, key: str, invite_key: str) -> Invite:
        access = await enter_as_member(self._unit.store.read, actor, key)
        invite = await self._unit.store.read.invites.get(access.channel.sid, invite_key)
        if invite is None:
            raise invite_not_found(invite_key)
        return invite

    async def list(
        self, actor: Actor, key: str, window: Window, *, identities: Sequence[Identity] = ()
    ) -> Page[Invite]:
        access = await enter_as_member(self._unit.store.read, actor, key)
        return await self._unit.store.read.invites.list(access.channel.sid, window, identities=identities)
