"""Commands on members of a channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from chatcore.domain import limits, serial, snapshot
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.events import EventType, LeaveReason
from chatcore.domain.ids import ChannelSid, Identity, RoleSid
from chatcore.domain.model import UNSET, Actor, Channel, Member, NotificationLevel, Unset, given
from chatcore.domain.paging import Page, Window
from chatcore.domain.permissions import Permission, RoleType
from chatcore.domain.snapshot import Facts
from chatcore.domain.webhooks import Action
from chatcore.ports.hooks import BeforeHook
from chatcore.ports.store import Repositories
from chatcore.ports.views import Access

from . import membership, notify
from .access import check_revision, enter, enter_as_member, require, require_either, require_sight
from .activity import require_open
from .horizons import horizon_parts, horizon_signal
from .membership import MemberDraft, check_index
from .rates import Rates
from .unit import Unit, Work, advance


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPatch:
    """Fields to change; UNSET leaves a field as it is. An index of None clears the read horizon."""

    role_sid: str | Unset = UNSET
    attributes: str | Unset = UNSET
    last_consumed_message_index: int | Unset | None = UNSET
    last_consumption_timestamp: datetime | Unset | None = UNSET
    notification_level: NotificationLevel | Unset = UNSET
    date_created: datetime | Unset = UNSET
    date_updated: datetime | Unset = UNSET


def member_not_found(key: str) -> ChatError:
    return ChatError(Code.MEMBER_NOT_FOUND, f"Member {key} was not found")


def _editing(patch: MemberPatch) -> list[Permission]:
    """What somebody who is not a member needs."""
    needed = []
    if patch.role_sid is not UNSET:
        needed += [Permission.ADD_MEMBER, Permission.REMOVE_MEMBER]
    if patch.attributes is not UNSET:
        needed.append(Permission.EDIT_ANY_MEMBER_ATTRIBUTES)
    return needed


async def _find(repos: Repositories, channel_sid: ChannelSid, key: str) -> Member:
    member = await repos.members.get(channel_sid, key)
    if member is None:
        raise member_not_found(key)
    return member


Found = tuple[Access, Member]


async def _enter_to_add(
    repos: Repositories, actor: Actor, channel_key: str, draft: MemberDraft, *, lock: bool = False
) -> Access:
    needed = [Permission.ADD_MEMBER]
    if draft.role_sid is not UNSET:
        needed.append(Permission.REMOVE_MEMBER)
    return await enter(repos, actor, channel_key, needed=needed, lock=lock)


async def _find_to_update(
    repos: Repositories, actor: Actor, channel_key: str, key: str, patch: MemberPatch, *, lock: bool = False
) -> Found:
    access = await enter(repos, actor, channel_key, lock=lock)
    require_sight(actor, access, *_editing(patch))
    member = await _find(repos, access.channel.sid, key)
    if patch.role_sid is not UNSET:
        require(actor, access, Permission.ADD_MEMBER, Permission.REMOVE_MEMBER)
    if patch.attributes is not UNSET:
        anybodys, own = Permission.EDIT_ANY_MEMBER_ATTRIBUTES, Permission.EDIT_OWN_MEMBER_ATTRIBUTES
        require_either(actor, access, anybodys, own, owner=member.identity)
    return access, member


async def _find_to_remove(
    repos: Repositories, actor: Actor, channel_key: str, key: str, *, lock: bool = False
) -> Found:
    access = await enter(repos, actor, channel_key, needed=[Permission.REMOVE_MEMBER], lock=lock)
    return access, await _find(repos, access.channel.sid, key)


class Members:
    """One public method is one command. Members are addressed by SID or identity."""

    def __init__(self, unit: Unit, rates: Rates, hook: BeforeHook) -> None:
        self._unit = unit
        self._rates = rates
        self._hook = hook

    async def get(self, actor: Actor, channel_key: str, key: str) -> Member:
        access = await enter_as_member(self._unit.store.read, actor, channel_key)
        return await _find(self._unit.store.read, access.channel.sid, key)

    async def list(
        self, actor: Actor, channel_key: str, window: Window, *, identities: Sequence[Identity] = ()
    ) -> Page[Member]:
        access = await enter_as_member(self._unit.store.read, actor, channel_key)
        return await self._unit.store.read.members.list(access.channel.sid, window, identities=identities)

    async def add(self, actor: Actor, channel_key: str, identity: str, draft: MemberDraft) -> Member:
        """The user is created when missing; a pending invite is consumed."""
        entry = partial(_enter_to_add, actor=actor, channel_key=channel_key, draft=draft)

        async def act(work: Work) -> Member:
            access = await entry(work.tx, lock=True)
            limits.identity(identity)
            if draft.attributes is not UNSET:
                limits.attributes(draft.attributes)
            self._rates.channel(access.channel.sid)
            service = await membership.service_of(work.tx, actor)
            user, _ = await membership.ensure_user(work, actor, service, Identity(identity))
            _, member = await membership.admit(work, actor, service, access.channel, user, draft)
            return member

        async def look() -> Facts:
            access = await entry(self._unit.store.read)
            role, attributes = given(draft.role_sid, None), given(draft.attributes, "{}")
            return _told(access, {"identity": identity, "role_sid": role, "attributes": attributes}, "ADDED")

        await self._hook.before(actor, Action.MEMBER_ADD, look)
        return await self._unit.run(actor, act)

    async def update(
        self, actor: Actor, channel_key: str, key: str, patch: MemberPatch, *, if_rev: int | None = None
    ) -> Member:
        """An update without any field answers with the member as it is and leaves no event. A client that changes a
        role needs what adding and removing the member needs."""
        finding = partial(_find_to_update, actor=actor, channel_key=channel_key, key=key, patch=patch)

        async def act(work: Work) -> Member:
            access, member = await finding(work.tx, lock=True)
            check_revision(member.rev, if_rev)
            if patch == MemberPatch():
                return member
            require_open(access.channel)
            self._rates.channel(access.channel.sid)
            return await self._change(work, actor, access, member, patch)

        async def look() -> Facts:
            access, member = await finding(self._unit.store.read)
            role, attributes = given(patch.role_sid, member.role_sid), given(patch.attributes, member.attributes)
            return _told(access, {**snapshot.member(member), "role_sid": role, "attributes": attributes}, None)

        await self._hook.before(actor, Action.MEMBER_UPDATE, look)
        return await self._unit.run(actor, act)

    async def remove(self, actor: Actor, channel_key: str, key: str, *, leaving: bool = False) -> None:
        """`leaving`: a server says that the user went by itself, so nobody is told that it was removed."""
        reason = LeaveReason.LEFT if leaving else LeaveReason.REMOVED
        finding = partial(_find_to_remove, actor=actor, channel_key=channel_key, key=key)

        async def act(work: Work) -> None:
            access, member = await finding(work.tx, lock=True)
            self._rates.channel(access.channel.sid)
            service = await membership.service_of(work.tx, actor)
            await membership.dismiss(work, actor, service, access.channel, member, reason)

        async def look() -> Facts:
            access, member = await finding(self._unit.store.read)
            return _told(access, snapshot.member(member), reason.name)

        await self._hook.before(actor, Action.MEMBER_REMOVE, look)
        await self._unit.run(actor, act)

    @staticmethod
    async def _change(work: Work, actor: Actor, access: Access, member: Member, patch: MemberPatch) -> Member:
        """Durable fields make an event; a moved horizon only moves the positions other protocols replay by."""
        if patch.attributes is not UNSET:
            limits.attributes(patch.attributes)
        role = member.role_sid
        if patch.role_sid is not UNSET:
            service = await membership.service_of(work.tx, actor)
            role = RoleSid((await membership.role_of(work.tx, service, patch.role_sid, RoleType.CHANNEL)).sid)
        # A client's report does not lock the channel: what it moved is certain only under the roster's lock.
        roster = await work.tx.members.next_roster_position(access.channel.sid)
        member = await _find(work.tx, access.channel.sid, member.sid)
        index = given(patch.last_consumed_message_index, member.last_consumed_message_index)
        moment = given(patch.last_consumption_timestamp, member.last_consumption_timestamp)
        if patch.last_consumed_message_index is not UNSET:
            check_index(access.channel, patch.last_consumed_message_index)
            moment = None if index is None else given(patch.last_consumption_timestamp, work.now)
        horizon = replace(patch, role_sid=UNSET, attributes=UNSET, date_created=UNSET, date_updated=UNSET)
        durable = patch != horizon
        channel = advance(access.channel) if durable else access.channel
        changed = replace(
            member,
            role_sid=role,
            attributes=given(patch.attributes, member.attributes),
            last_consumed_message_index=index,
            last_consumption_timestamp=moment,
            notification_level=given(patch.notification_level, member.notification_level),
            date_created=given(patch.date_created, member.date_created),
            date_updated=given(patch.date_updated, work.now),
            rev=channel.stream.offset if durable else member.rev,
            roster_position=roster,
        )
        if index != member.last_consumed_message_index:
            changed = await _log_horizon(work, channel, changed)
            service = await membership.service_of(work.tx, actor)
            work.jobs += notify.for_badges(service, [(changed.identity, changed.user_sid)])
        else:
            await work.tx.members.update(changed)
        if changed.notification_level is not member.notification_level:
            await membership.log_settings(work, changed)
        if durable:
            await work.tx.channels.save(channel)
            work.log_channel(channel, EventType.MEMBER_UPDATED, subject=member.user_sid, member=serial.member(changed))
        await work.tell(actor, Action.MEMBER_UPDATE, {"member": snapshot.member(changed)}, channel=channel)
        return changed


def _told(access: Access, member: Facts, why: str | None) -> Facts:
    """What a before-hook is told: the member with the intended values."""
    return {"channel": snapshot.channel(access.channel), "member": member, "reason": why}


async def _log_horizon(work: Work, channel: Channel, member: Member) -> Member:
    """Saves a member whose horizon moved; its own devices get an event, the others a signal."""
    stream = await membership.stream_of(work, member.user_sid)
    stream.offset += 1
    member = replace(member, own_position=stream.offset)
    await work.tx.users.save_streams([stream])
    await work.tx.members.update(member)
    unread = await work.tx.members.unread(channel.sid, member.identity)
    count = unread.unread_messages_count if unread is not None else None
    work.log_user(stream, EventType.READ_UPDATED, channel.sid, **horizon_parts(member, count))
    work.signals.append(horizon_signal(member, work.now))
    return member
