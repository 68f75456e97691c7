"""Commands on channels: make, change, delete, join, leave, invite, and the caller's own view of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chatcore.domain import limits, serial
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.events import EventType, LeaveReason
from chatcore.domain.ids import ChannelSid, Identity, UserSid, new_epoch, new_sid
from chatcore.domain.model import (
    UNSET,
    Actor,
    Channel,
    ChannelType,
    Invite,
    Member,
    Membership,
    MembershipStatus,
    NotificationLevel,
    Position,
    Unset,
    given,
)
from chatcore.domain.paging import Page, Window
from chatcore.domain.permissions import Permission
from chatcore.ports.hooks import BeforeHook
from chatcore.ports.store import Access

from . import membership
from .access import (
    channel_not_found,
    check_revision,
    enter,
    enter_as_member,
    identity_of,
    not_authorized,
    own_member,
    require,
)
from .membership import MemberDraft
from .rates import Rates
from .unit import Unit, Work, advance

LOG_KEPT_AFTER_DELETION = timedelta(days=1)
"""Nodes that missed the last broadcast still read the log of a deleted channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelDraft:
    """Fields of a new channel, or those of an update. UNSET: default, or unchanged. None or '' clears a name."""

    friendly_name: str | Unset | None = UNSET
    unique_name: str | Unset | None = UNSET
    type: ChannelType | Unset = UNSET
    attributes: str | Unset = UNSET
    created_by: str | Unset = UNSET
    date_created: datetime | Unset = UNSET
    date_updated: datetime | Unset = UNSET


def _checked(draft: ChannelDraft) -> ChannelDraft:
    if draft.friendly_name is not UNSET:
        draft = replace(draft, friendly_name=limits.friendly_name(draft.friendly_name or None))
    if draft.unique_name is not UNSET:
        draft = replace(draft, unique_name=limits.unique_name(draft.unique_name))
    if draft.attributes is not UNSET:
        limits.channel_attributes(draft.attributes)
    if draft.created_by is not UNSET:
        limits.author(draft.created_by)
    return draft


class Channels:
    """One public method is one command."""

    def __init__(self, unit: Unit, rates: Rates, hook: BeforeHook) -> None:
        self._unit = unit
        self._rates = rates
        self._hook = hook

    async def create(self, actor: Actor, draft: ChannelDraft, *, join: bool = False) -> tuple[Channel, Member | None]:
        """With `join` the calling client becomes its first member, with the creator's role."""
        draft = await self._before(actor, "onChannelAdd", draft)

        async def act(work: Work) -> tuple[Channel, Member | None]:
            service = await membership.service_of(work.tx, actor)
            if actor.identity is not None:
                held = await work.tx.users.permissions(actor.service_sid, actor.identity)
                if held is None or Permission.CREATE_CHANNEL not in held:
                    raise not_authorized(Permission.CREATE_CHANNEL)
            fields = _checked(draft)
            self._rates.service(actor.service_sid)
            created = given(fields.date_created, work.now)
            channel = Channel(
                sid=ChannelSid(new_sid("CH")),
                service_sid=service.sid,
                friendly_name=given(fields.friendly_name, None),
                unique_name=given(fields.unique_name, None),
                type=given(fields.type, ChannelType.PUBLIC),
                attributes=given(fields.attributes, "{}"),
                created_by=given(fields.created_by, actor.name),
                members_count=0,
                messages_count=0,
                next_index=0,
                last_message=None,
                last_message_sid=None,
                date_created=created,
                date_updated=given(fields.date_updated, created),
                rev=0,
                stream=Position(offset=0, epoch=new_epoch()),
            )
            await work.tx.channels.create(channel)
            if not join:
                return channel, None
            user = await work.tx.users.get(service.sid, identity_of(actor))
            if user is None:
                raise ChatError(Code.USER_NOT_FOUND, f"User {actor.identity} was not found")
            return await membership.admit(work, actor, service, channel, user, MemberDraft())

        return await self._unit.run(actor, act)

    async def get(self, actor: Actor, key: str) -> Access:
        """By SID or unique name, as the caller meets it."""
        return await enter(self._unit.store.read, actor, key)

    async def list(self, actor: Actor, window: Window, *, types: Sequence[ChannelType] = ()) -> Page[Channel]:
        """Clients see the public ones."""
        if actor.identity is not None:
            types = (ChannelType.PUBLIC,)
        return await self._unit.store.read.channels.list(actor.service_sid, window, types=types)

    async def update(self, actor: Actor, key: str, draft: ChannelDraft, *, if_rev: int | None = None) -> Channel:
        """An update without any field answers with the channel as it is and leaves no event."""
        draft = await self._before(actor, "onChannelUpdate", draft, ChannelSid=key)

        async def act(work: Work) -> Channel:
            access = await enter(work.tx, actor, key, lock=True)
            if draft.friendly_name is not UNSET or draft.unique_name is not UNSET:
                require(actor, access, Permission.EDIT_CHANNEL_NAME)
            if draft.attributes is not UNSET:
                require(actor, access, Permission.EDIT_CHANNEL_ATTRIBUTES)
            check_revision(access.channel.rev, if_rev)
            fields = replace(_checked(draft), type=UNSET)
            if fields == ChannelDraft():
                return access.channel
            self._rates.channel(access.channel.sid)
            old = access.channel
            channel = advance(old)
            channel = replace(
                channel,
                friendly_name=given(fields.friendly_name, old.friendly_name),
                unique_name=given(fields.unique_name, old.unique_name),
                attributes=given(fields.attributes, old.attributes),
                created_by=given(fields.created_by, old.created_by),
                date_created=given(fields.date_created, old.date_created),
                date_updated=given(fields.date_updated, work.now),
                rev=channel.stream.offset,
            )
            await work.tx.channels.save(channel)
            work.log_channel(channel, EventType.CHANNEL_UPDATED, channel=serial.channel(channel))
            return channel

        return await self._unit.run(actor, act)

    async def delete(self, actor: Actor, key: str) -> None:
        """With members, invites and messages."""

        async def act(work: Work) -> None:
            access = await enter(work.tx, actor, key, lock=True)
            require(actor, access, Permission.DESTROY_CHANNEL)
            self._rates.service(actor.service_sid)
            channel = advance(access.channel)
            members = await work.tx.members.all_of(channel.sid)
            invites = await work.tx.invites.all_of(channel.sid)
            joined = {m.user_sid for m in members}
            await work.tx.members.next_roster_position(channel.sid)  # its lock comes before those of the streams
            streams = await work.tx.users.lock_streams([*joined, *(i.user_sid for i in invites)])
            work.log_channel(channel, EventType.CHANNEL_DELETED)
            for sid, stream in streams.items():
                stream.offset += 1
                stream.joined_count -= sid in joined
                if sid in joined:
                    reason, rev = serial.reason(LeaveReason.DELETED), str(channel.stream.offset)
                    work.log_user(stream, EventType.CHANNEL_LEFT, channel.sid, reason=reason, rev=rev)
                else:
                    invite = next(i for i in invites if i.user_sid == sid)
                    work.log_user(stream, EventType.CHANNEL_UNINVITED, channel.sid, invite=serial.invite(invite))
            await work.tx.users.save_streams(list(streams.values()))
            await work.tx.channels.delete(channel.sid, work.now + LOG_KEPT_AFTER_DELETION)

        await self._hook.before(actor, "onChannelDestroy", {"ChannelSid": key})
        await self._unit.run(actor, act)

    async def join(self, actor: Actor, key: str) -> tuple[Channel, Member]:
        """Also accepts an invite."""
        identity = identity_of(actor)

        async def act(work: Work) -> tuple[Channel, Member]:
            access = await enter(work.tx, actor, key, lock=True)
            service = await membership.service_of(work.tx, actor)
            if access.member is not None:
                raise ChatError(Code.MEMBER_EXISTS, f"{identity} is a member of the channel already")
            if access.invite is None:
                require(actor, access, Permission.JOIN_CHANNEL)
            self._rates.channel(access.channel.sid)
            user = await work.tx.users.get(service.sid, identity)
            if user is None:
                raise ChatError(Code.USER_NOT_FOUND, f"User {identity} was not found")
            return await membership.admit(work, actor, service, access.channel, user, MemberDraft())

        await self._hook.before(actor, "onMemberAdd", {"ChannelSid": key, "Identity": identity, "Reason": "JOINED"})
        return await self._unit.run(actor, act)

    async def leave(self, actor: Actor, key: str) -> None:
        identity = identity_of(actor)

        async def act(work: Work) -> None:
            access = await enter_as_member(work.tx, actor, key, lock=True)
            require(actor, access, Permission.LEAVE_CHANNEL)
            self._rates.channel(access.channel.sid)
            service = await membership.service_of(work.tx, actor)
            await membership.dismiss(work, actor, service, access.channel, own_member(access), LeaveReason.LEFT)

        await self._hook.before(actor, "onMemberRemove", {"ChannelSid": key, "Identity": identity, "Reason": "LEFT"})
        await self._unit.run(actor, act)

    async def invite(self, actor: Actor, key: str, identity: str, role_sid: str | Unset = UNSET) -> Invite:
        """The user must exist. Raises ChatError(ALREADY_INVITED), (MEMBER_EXISTS), (USER_NOT_FOUND)."""

        async def act(work: Work) -> Invite:
            access = await enter(work.tx, actor, key, lock=True)
            require(actor, access, Permission.INVITE_MEMBER)
            if role_sid is not UNSET:
                require(actor, access, Permission.ADD_MEMBER, Permission.REMOVE_MEMBER)
            limits.identity(identity)
            self._rates.channel(access.channel.sid)
            service = await membership.service_of(work.tx, actor)
            user = await work.tx.users.get(service.sid, identity)
            if user is None:
                raise ChatError(Code.USER_NOT_FOUND, f"User {identity} was not found")
            return await membership.invite_user(work, actor, service, access.channel, user, role_sid)

        return await self._unit.run(actor, act)

    async def uninvite(self, actor: Actor, key: str, invite_key: str) -> None:
        """By invite SID or identity."""

        async def act(work: Work) -> None:
            access = await enter(work.tx, actor, key, lock=True)
            require(actor, access, Permission.INVITE_MEMBER)
            invite = await work.tx.invites.get(access.channel.sid, invite_key)
            if invite is None:
                raise ChatError(Code.INVITE_NOT_FOUND, f"Invite {invite_key} was not found")
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

    async def invites(
        self, actor: Actor, key: str, window: Window, *, identities: Sequence[Identity] = ()
    ) -> Page[Invite]:
        access = await enter_as_member(self._unit.store.read, actor, key)
        return await self._unit.store.read.invites.list(access.channel.sid, window, identities=identities)

    async def memberships(
        self, user_sid: UserSid, window: Window, *, status: MembershipStatus | None = None
    ) -> Page[Membership]:
        """A user's own channels, joined and invited."""
        return await self._unit.store.read.channels.of_user(user_sid, window, status=status)

    async def notify(self, actor: Actor, key: str, level: NotificationLevel) -> Membership:
        """How the caller wants to hear about this channel while away."""

        async def act(work: Work) -> tuple[UserSid, ChannelSid]:
            access = await enter_as_member(work.tx, actor, key, lock=True)
            require(actor, access, Permission.EDIT_NOTIFICATION_LEVEL)
            member = own_member(access)
            self._rates.channel(access.channel.sid)
            await work.tx.members.update(replace(member, notification_level=level))
            stream = await membership.stream_of(work, member.user_sid)
            stream.offset += 1
            await work.tx.members.set_own_positions({member.sid: stream.offset})
            await work.tx.users.save_streams([stream])
            work.log_user(stream, EventType.CHANNEL_SETTINGS, member.channel_sid, notification_level=f'"{level.value}"')
            return member.user_sid, member.channel_sid

        user_sid, channel_sid = await self._unit.run(actor, act)
        found = await self._unit.store.read.channels.membership(user_sid, channel_sid)
        if found is None:
            raise channel_not_found(key)
        return found

    async def _before(self, actor: Actor, action: str, draft: ChannelDraft, **more: str) -> ChannelDraft:
        """The draft with what the hook changed."""
        intended = {
            "FriendlyName": given(draft.friendly_name, None),
            "UniqueName": given(draft.unique_name, None),
            "Attributes": given(draft.attributes, None),
        }
        answer = await self._hook.before(actor, action, {**intended, **more})
        if answer["FriendlyName"] != intended["FriendlyName"]:
            draft = replace(draft, friendly_name=answer["FriendlyName"])
        if answer["UniqueName"] != intended["UniqueName"]:
            draft = replace(draft, unique_name=answer["UniqueName"])
        if (attributes := answer["Attributes"]) != intended["Attributes"] and attributes is not None:
            draft = replace(draft, attributes=attributes)
        return draft
