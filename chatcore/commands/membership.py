"""How a user gets into a channel and out of it, whoever asked for it. Used by the commands on channels and members."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from chatcore.domain import serial, snapshot
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.events import EventType, LeaveReason
from chatcore.domain.ids import Identity, InviteSid, MemberSid, RoleSid, UserSid, new_epoch, new_sid
from chatcore.domain.model import (
    UNSET,
    Actor,
    Channel,
    Invite,
    Member,
    NotificationLevel,
    Position,
    Role,
    Service,
    Unset,
    User,
    given,
)
from chatcore.domain.permissions import RoleType
from chatcore.domain.pushes import PushEvent
from chatcore.domain.webhooks import Action
from chatcore.ports.store import Repositories
from chatcore.ports.views import UserStream

from . import notify
from .activity import touched
from .unit import Work, advance


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberDraft:
    """What a new member may bring along; what is not given follows from channel, invite and service. A SID only where
    it takes the place of a member that was just dismissed."""

    sid: MemberSid | Unset = UNSET
    role_sid: str | Unset = UNSET
    attributes: str | Unset = UNSET
    last_consumed_message_index: int | Unset | None = UNSET
    last_consumption_timestamp: datetime | Unset | None = UNSET
    date_created: datetime | Unset = UNSET
    date_updated: datetime | Unset = UNSET


async def service_of(repos: Repositories, actor: Actor) -> Service:
    service = await repos.services.find(actor.service_sid)
    if service is None or service.account_sid != actor.account_sid:
        raise ChatError(Code.SERVICE_NOT_FOUND, f"Service {actor.service_sid} was not found")
    return service


async def role_of(repos: Repositories, service: Service, sid: str, kind: RoleType) -> Role:
    """A role of the service that fits; raises the code of the kind that was wanted."""
    role = await repos.roles.get(service.sid, sid)
    if role is None or role.type is not kind:
        wanted = Code.CHANNEL_ROLE_NOT_FOUND if kind is RoleType.CHANNEL else Code.DEPLOYMENT_ROLE_NOT_FOUND
        raise ChatError(Code.ROLE_NOT_FOUND if role is None else wanted, f"Role {sid} was not found")
    return role


async def ensure_user(
    work: Work, actor: Actor, service: Service, identity: Identity, *, role_sid: RoleSid | None = None
) -> tuple[User, bool]:
    """The user of that identity, made with the default role if there was none."""
    user = User(
        sid=UserSid(new_sid("US")),
        service_sid=service.sid,
        identity=identity,
        friendly_name=None,
        attributes="{}",
        role_sid=role_sid or service.default_service_role_sid,
        joined_channels_count=0,
        date_created=work.now,
        date_updated=work.now,
        rev=0,
        info_position=1,
        stream=Position(offset=0, epoch=new_epoch()),
    )
    user, made = await work.tx.users.ensure(user)
    if made:
        await work.tell(actor, Action.USER_ADD, {"user": snapshot.user(user)})
    return user, made


async def stream_of(work: Work, sid: UserSid) -> UserStream:
    streams = await work.tx.users.lock_streams([sid])
    if sid not in streams:
        raise ChatError(Code.USER_NOT_FOUND, f"User {sid} was not found")
    return streams[sid]


async def log_settings(work: Work, member: Member) -> None:
    """Tells the member's own devices of a notification level that changed."""
    stream = await stream_of(work, member.user_sid)
    stream.offset += 1
    await work.tx.members.set_own_positions({member.sid: stream.offset})
    await work.tx.users.save_streams([stream])
    level = f'"{member.notification_level.value}"'
    work.log_user(stream, EventType.CHANNEL_SETTINGS, member.channel_sid, notification_level=level)


def check_index(channel: Channel, index: int | None) -> None:
    """A read horizon lies on or before the newest index that was given out."""
    if index is not None and not 0 <= index < max(channel.next_index, 1):
        raise ChatError(Code.CONSUMED_INDEX_INVALID, f"Message index {index} is not in 0…{channel.next_index - 1}")
    if index is not None and channel.next_index == 0:
        raise ChatError(Code.CONSUMED_INDEX_INVALID, "The channel has no messages yet")


def horizon_time(draft: MemberDraft, now: datetime) -> datetime | None:
    """Setting an index without a time means now; clearing the index clears the time."""
    index = given(draft.last_consumed_message_index, None)
    default = None if index is None else now
    moment = given(draft.last_consumption_timestamp, default)
    return None if index is None and draft.last_consumed_message_index is not UNSET else moment


async def admit(
    work: Work, actor: Actor, service: Service, channel: Channel, user: User, draft: MemberDraft
) -> tuple[Channel, Member]:
    """Makes the user a member of the locked channel: consumes its invite, counts, logs. Saves channel and stream."""
    tx = work.tx
    if await tx.members.get(channel.sid, user.identity) is not None:
        raise ChatError(Code.MEMBER_EXISTS, f"{user.identity} is a member of the channel already")
    invite = await tx.invites.take(channel.sid, user.identity)
    if draft.role_sid is not UNSET:
        role = (await role_of(tx, service, draft.role_sid, RoleType.CHANNEL)).sid
    elif channel.created_by == user.identity:
        role = service.default_channel_creator_role_sid
    else:
        role = invite.role_sid if invite is not None else service.default_channel_role_sid
    check_index(channel, given(draft.last_consumed_message_index, None))
    if channel.members_count >= service.limit_channel_members:
        raise ChatError(Code.CHANNEL_FULL, f"The channel has its {service.limit_channel_members} members")

    roster = await tx.members.next_roster_position(channel.sid)
    stream = await stream_of(work, user.sid)
    if stream.joined_count >= service.limit_user_channels:
        raise ChatError(
            Code.USER_CHANNELS_EXCEEDED, f"{user.identity} is in its {service.limit_user_channels} channels"
        )
    channel = await wake(work, actor, channel)
    channel = replace(advance(channel), members_count=channel.members_count + 1)
    stream.offset += 1
    stream.joined_count += 1
    created = given(draft.date_created, work.now)
    member = Member(
        sid=given(draft.sid, MemberSid(new_sid("MB"))),
        channel_sid=channel.sid,
        service_sid=service.sid,
        user_sid=user.sid,
        identity=user.identity,
        role_sid=role,
        attributes=given(draft.attributes, "{}"),
        notification_level=NotificationLevel.DEFAULT,
        last_consumed_message_index=given(draft.last_consumed_message_index, None),
        last_consumption_timestamp=horizon_time(draft, work.now),
        date_created=created,
        date_updated=given(draft.date_updated, created),
        rev=channel.stream.offset,
        roster_created=roster,
        roster_position=roster,
        own_created=stream.offset,
        own_position=stream.offset,
    )
    await tx.members.insert(member)
    await tx.channels.save(channel)
    await tx.users.save_streams([stream])
    text = serial.member(member)
    work.log_channel(channel, EventType.MEMBER_JOINED, subject=user.sid, member=text)
    work.log_user(stream, EventType.CHANNEL_JOINED, channel.sid, channel=serial.channel(channel), member=text)
    work.jobs += notify.for_membership(
        service, channel, PushEvent.ADDED, identity=user.identity, by=actor.identity, ref=channel.stream.offset
    )
    why = "JOINED" if actor.identity == user.identity else "ADDED"
    await work.tell(actor, Action.MEMBER_ADD, {"member": snapshot.member(member), "reason": why}, channel=channel)
    return channel, member


async def wake(work: Work, actor: Actor, channel: Channel) -> Channel:
    """The locked channel after activity other than a message. Not saved yet. Raises ChatError(CHANNEL_CLOSED)."""
    woken = touched(channel, work.now)
    if woken.state is channel.state:
        return woken
    woken = advance(woken)
    woken = replace(woken, rev=woken.stream.offset)
    work.log_channel(woken, EventType.CHANNEL_UPDATED, channel=serial.channel(woken))
    await tell_state(work, actor, channel, woken, "EVENT")
    return woken


async def tell_state(work: Work, actor: Actor, old: Channel, new: Channel, why: str) -> None:
    """`why` is API, TIMER or EVENT."""
    states = {"state_from": old.state.value, "state_to": new.state.value, "reason": why}
    await work.tell(actor, Action.STATE_UPDATE, states, channel=new)


async def dismiss(
    work: Work, actor: Actor, service: Service, channel: Channel, member: Member, reason: LeaveReason
) -> Channel:
    """Ends a membership of the locked channel: counts, logs. Saves channel and stream."""
    tx = work.tx
    roster = await tx.members.next_roster_position(channel.sid)
    await tx.members.delete(member.sid)
    stream = await stream_of(work, member.user_sid)
    left = channel.creator_left or channel.created_by == member.identity
    channel = replace(advance(channel), members_count=channel.members_count - 1, creator_left=left)
    stream.offset += 1
    stream.joined_count -= 1
    await tx.channels.save(channel)
    await tx.users.save_streams([stream])
    gone = replace(member, rev=channel.stream.offset, roster_position=roster)
    work.log_channel(
        channel,
        EventType.MEMBER_LEFT,
        subject=member.user_sid,
        member=serial.member(gone),
        reason=serial.reason(reason),
    )
    rev = str(channel.stream.offset)
    work.log_user(stream, EventType.CHANNEL_LEFT, channel.sid, reason=serial.reason(reason), rev=rev)
    if reason is LeaveReason.REMOVED:
        work.jobs += notify.for_membership(
            service, channel, PushEvent.REMOVED, identity=member.identity, by=actor.identity, ref=channel.stream.offset
        )
    if reason in (LeaveReason.LEFT, LeaveReason.REMOVED):
        work.jobs += notify.for_badges(service, [(member.identity, member.user_sid)])
        facts = {"member": snapshot.member(gone), "reason": reason.name}
        await work.tell(actor, Action.MEMBER_REMOVE, facts, channel=channel)
    return channel


async def withdraw(work: Work, channel: Channel, invite: Invite) -> None:
    """Ends an invitation and tells the invitee."""
    await work.tx.invites.delete(invite.sid)
    stream = await stream_of(work, invite.user_sid)
    stream.offset += 1
    await work.tx.users.save_streams([stream])
    work.log_user(stream, EventType.CHANNEL_UNINVITED, channel.sid, invite=serial.invite(invite))


async def invite_user(
    work: Work, actor: Actor, service: Service, channel: Channel, user: User, role_sid: str | Unset
) -> Invite:
    """Invites a user to the locked channel."""
    tx = work.tx
    role = service.default_channel_role_sid
    if role_sid is not UNSET:
        role = (await role_of(tx, service, role_sid, RoleType.CHANNEL)).sid
    if await tx.members.get(channel.sid, user.identity) is not None:
        raise ChatError(Code.MEMBER_EXISTS, f"{user.identity} is a member of the channel already")
    stream = await stream_of(work, user.sid)
    stream.offset += 1
    invite = Invite(
        sid=InviteSid(new_sid("IN")),
        channel_sid=channel.sid,
        service_sid=service.sid,
        user_sid=user.sid,
        identity=user.identity,
        role_sid=role,
        created_by=actor.name,
        date_created=work.now,
        date_updated=work.now,
        own_position=stream.offset,
    )
    await tx.invites.insert(invite)
    await tx.users.save_streams([stream])
    work.log_user(
        stream,
        EventType.CHANNEL_INVITED,
        channel.sid,
        invite=serial.invite(invite),
        channel=serial.channel(channel),
    )
    work.jobs += notify.for_membership(
        service, channel, PushEvent.INVITED, identity=user.identity, by=actor.identity, ref=invite.sid
    )
    return invite
