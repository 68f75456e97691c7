"""Who may see a channel and who may act in it: the checks in the order clients rely on.

Visible, then member, then permitted; sizes and names come after. A private channel does not exist for strangers.
Before-hooks come after these checks too: a command reads what they are told through the same function as what its
transaction relies on, so they never hear of what would be refused anyway, and their answer gives nothing away.
"""

from __future__ import annotations

from collections.abc import Sequence

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import Identity
from chatcore.domain.model import Actor, Channel, ChannelType, Member
from chatcore.domain.permissions import Permission
from chatcore.ports.store import Repositories
from chatcore.ports.views import Access


def channel_not_found(key: str) -> ChatError:
    return ChatError(Code.CHANNEL_NOT_FOUND, f"Channel {key} was not found")


def not_authorized(permission: str) -> ChatError:
    return ChatError(Code.NOT_AUTHORIZED, f"The role does not have the permission {permission}")


def not_a_member() -> ChatError:
    return ChatError(Code.NOT_A_MEMBER, "User is not a member of the channel")


async def enter(
    repos: Repositories, actor: Actor, key: str, *, needed: Sequence[Permission] = (), lock: bool = False
) -> Access:
    """The channel, if the actor may know that it exists and has all of the permissions `needed`. Raises
    ChatError(CHANNEL_NOT_FOUND), (NOT_AUTHORIZED)."""
    access = await repos.channels.access(actor.service_sid, key, actor.identity, lock=lock)
    if access is None:
        raise channel_not_found(key)
    if (
        actor.identity is not None
        and access.channel.type is ChannelType.PRIVATE
        and access.member is None
        and access.invite is None
        and not is_waited_for(access.channel, actor.identity)
    ):
        raise channel_not_found(key)
    require(actor, access, *needed)
    return access


def is_waited_for(channel: Channel, identity: str) -> bool:
    """The creator is no member before it joins, which it may do once without an invitation."""
    return channel.created_by == identity and not channel.creator_left


async def enter_as_member(
    repos: Repositories, actor: Actor, key: str, *, needed: Sequence[Permission] = (), lock: bool = False
) -> Access:
    """As `enter`, for what only members may do; a REST caller passes. Raises ChatError(NOT_A_MEMBER) too."""
    access = await enter(repos, actor, key, lock=lock)
    if actor.identity is not None and access.member is None:
        raise not_a_member()
    require(actor, access, *needed)
    return access


async def enter_to_join(repos: Repositories, actor: Actor, key: str, *, lock: bool = False) -> Access:
    """As `enter`, for who is not a member yet; who is invited needs no permission. Raises ChatError(MEMBER_EXISTS),
    (NOT_AUTHORIZED)."""
    access = await enter(repos, actor, key, lock=lock)
    if access.member is not None:
        raise ChatError(Code.MEMBER_EXISTS, f"{actor.identity} is a member of the channel already")
    if access.invite is None:
        require(actor, access, Permission.JOIN_CHANNEL)
    return access


def own_member(access: Access) -> Member:
    """The caller's membership, for commands that only clients have."""
    if access.member is None:
        raise not_a_member()
    return access.member


def require(actor: Actor, access: Access, *permissions: Permission) -> None:
    """All of the permissions, from the deployment role or the channel role. REST callers are never restricted."""
    if actor.identity is None:
        return
    for permission in permissions:
        if permission not in access.permissions:
            raise not_authorized(permission)


def require_either(actor: Actor, access: Access, anybodys: Permission, own: Permission, *, owner: str) -> None:
    """`anybodys`, or `own` where the thing belongs to the caller."""
    if actor.identity is None or anybodys in access.permissions:
        return
    if owner == actor.identity and own in access.permissions:
        return
    raise not_authorized(own if owner == actor.identity else anybodys)


def require_sight(actor: Actor, access: Access, *anybodys: Permission) -> None:
    """Before something inside the channel is looked up for a change: who is not a member must not even learn whether
    it is there, unless it may change everybody's (`anybodys`, one for each kind of change that is asked for)."""
    if access.member is not None or actor.identity is None:
        return
    if not anybodys:
        raise not_a_member()
    require(actor, access, *anybodys)


def check_revision(held: int, expected: int | None) -> None:
    """Optimistic locking where a caller asked for it."""
    if expected is not None and held != expected:
        raise ChatError(Code.REVISION_MISMATCH, f"The resource is at revision {held}")


def identity_of(actor: Actor) -> Identity:
    """The client behind a command that REST does not have."""
    assert actor.identity is not None, "a client command was called for a REST caller"
    return actor.identity
