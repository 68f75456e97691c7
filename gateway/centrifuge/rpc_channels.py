"""RPC methods on channels and members. Each takes its parameters and returns the JSON text of its result."""

from __future__ import annotations

from chatcore.commands.channels import ChannelDraft
from chatcore.commands.members import MemberPatch
from chatcore.commands.membership import MemberDraft
from chatcore.domain import serial
from chatcore.domain.model import UNSET, ChannelType, Membership, MembershipStatus, NotificationLevel
from chatcore.domain.paging import Cursor

from . import params as p
from .paging import listed, window
from .room_services import RoomServices
from .session import Session


async def create(services: RoomServices, session: Session, params: p.ChannelCreate) -> str:
    draft = ChannelDraft(
        friendly_name=params.friendly_name,
        unique_name=params.unique_name,
        type=ChannelType(params.type),
        attributes=p.attributes(params.attributes),
    )
    channel, member = await services.chat.channels.create(session.actor, draft, join=params.join)
    return f'{{"channel":{serial.channel(channel)},"member":{serial.member(member) if member else "null"}}}'


async def get(services: RoomServices, session: Session, params: p.OfChannel) -> str:
    access = await services.chat.channels.get(session.actor, params.channel)
    member = serial.member(access.member) if access.member else "null"
    return f'{{"channel":{serial.channel(access.channel)},"member":{member}}}'


async def update(services: RoomServices, session: Session, params: p.ChannelUpdate) -> str:
    draft = ChannelDraft(
        friendly_name=p.text(params.friendly_name),
        unique_name=p.text(params.unique_name),
        attributes=p.attributes(params.attributes),
    )
    channel = await services.chat.channels.update(session.actor, params.channel, draft, if_rev=params.if_rev)
    return f'{{"channel":{serial.channel(channel)}}}'


async def delete(services: RoomServices, session: Session, params: p.OfChannel) -> str:
    await services.chat.channels.delete(session.actor, params.channel)
    return "{}"


async def join(services: RoomServices, session: Session, params: p.OfChannel) -> str:
    channel, member = await services.chat.channels.join(session.actor, params.channel)
    return f'{{"channel":{serial.channel(channel)},"member":{serial.member(member)}}}'


async def leave(services: RoomServices, session: Session, params: p.OfChannel) -> str:
    await services.chat.channels.leave(session.actor, params.channel)
    return "{}"


async def invite(services: RoomServices, session: Session, params: p.Invite) -> str:
    role = UNSET if params.role_sid is None else params.role_sid
    invite = await services.chat.invites.create(session.actor, params.channel, params.identity, role)
    return f'{{"invite":{serial.invite(invite)}}}'


async def uninvite(services: RoomServices, session: Session, params: p.OfMember) -> str:
    await services.chat.invites.delete(session.actor, params.channel, params.identity)
    return "{}"


async def decline(services: RoomServices, session: Session, params: p.OfChannel) -> str:
    await services.chat.invites.decline(session.actor, params.channel)
    return "{}"


async def list_public(services: RoomServices, session: Session, params: p.Listing) -> str:
    page = await services.chat.channels.list(session.actor, window(params.limit, params.page))
    return listed("channels", page, serial.channel, lambda channel: (channel.date_created, channel.sid))


async def mine(services: RoomServices, session: Session, params: p.Mine) -> str:
    status = None if params.status is None else MembershipStatus(params.status)
    wanted = window(params.limit, params.page)
    page = await services.chat.channels.memberships(session.user_sid, wanted, status=status)
    return listed("memberships", page, serial.membership, _place)


def _place(membership: Membership) -> Cursor:
    found = membership.member or membership.invite
    assert found is not None, "a membership is one of the two"
    return found.date_created, found.sid


async def notify(services: RoomServices, session: Session, params: p.Notify) -> str:
    level = NotificationLevel(params.level)
    membership = await services.chat.channels.notify(session.actor, params.channel, level)
    return f'{{"membership":{serial.membership(membership)}}}'


async def member_list(services: RoomServices, session: Session, params: p.MemberList) -> str:
    wanted = window(params.limit, params.page)
    page = await services.chat.members.list(session.actor, params.channel, wanted)
    return listed("members", page, serial.member, lambda member: (member.date_created, member.sid))


async def member_add(services: RoomServices, session: Session, params: p.MemberAdd) -> str:
    role = UNSET if params.role_sid is None else params.role_sid
    draft = MemberDraft(role_sid=role, attributes=p.attributes(params.attributes))
    member = await services.chat.members.add(session.actor, params.channel, params.identity, draft)
    return f'{{"member":{serial.member(member)}}}'


async def member_update(services: RoomServices, session: Session, params: p.MemberUpdate) -> str:
    role = params.role_sid if isinstance(params.role_sid, str) else UNSET
    patch = MemberPatch(role_sid=role, attributes=p.attributes(params.attributes))
    member = await services.chat.members.update(
        session.actor, params.channel, params.identity, patch, if_rev=params.if_rev
    )
    return f'{{"member":{serial.member(member)}}}'


async def member_remove(services: RoomServices, session: Session, params: p.OfMember) -> str:
    await services.chat.members.remove(session.actor, params.channel, params.identity)
    return "{}"


async def typing(services: RoomServices, session: Session, params: p.OfChannel) -> str:
    await services.chat.typing.start(session.actor, params.channel)
    return "{}"
