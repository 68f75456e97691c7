"""The table of RPC methods and how one is called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from . import params as p
from . import rpc_channels as channels
from . import rpc_media as media
from . import rpc_messages as messages
from . import rpc_push as push
from . import rpc_users as users
from .room_services import RoomServices
from .session import Session

METHOD_BYTES = 64

Method = Callable[[RoomServices, Session, Any], Awaitable[str]]  # the third is the Struct beside it in the table

METHODS: dict[str, tuple[type, Method]] = {
    "channel.create": (p.ChannelCreate, channels.create),
    "channel.get": (p.OfChannel, channels.get),
    "channel.update": (p.ChannelUpdate, channels.update),
    "channel.delete": (p.OfChannel, channels.delete),
    "channel.join": (p.OfChannel, channels.join),
    "channel.leave": (p.OfChannel, channels.leave),
    "channel.invite": (p.Invite, channels.invite),
    "channel.uninvite": (p.OfMember, channels.uninvite),
    "channel.decline": (p.OfChannel, channels.decline),
    "channel.list": (p.Listing, channels.list_public),
    "channel.mine": (p.Mine, channels.mine),
    "channel.notify": (p.Notify, channels.notify),
    "member.list": (p.MemberList, channels.member_list),
    "member.add": (p.MemberAdd, channels.member_add),
    "member.update": (p.MemberUpdate, channels.member_update),
    "member.remove": (p.OfMember, channels.member_remove),
    "message.send": (p.MessageSend, messages.send),
    "message.get": (p.OfMessage, messages.get),
    "message.update": (p.MessageUpdate, messages.update),
    "message.delete": (p.OfMessage, messages.delete),
    "message.list": (p.MessageList, messages.list_page),
    "event.list": (p.EventList, messages.event_list),
    "read.set": (p.ReadSet, messages.read_set),
    "read.all": (p.OfChannel, messages.read_all),
    "read.none": (p.OfChannel, messages.read_none),
    "unread.get": (p.OfChannel, messages.unread_get),
    "unread.total": (p.Nothing, messages.unread_total),
    "typing.start": (p.OfChannel, channels.typing),
    "user.get": (p.OfUser, users.get),
    "user.list": (p.OfUsers, users.list_named),
    "user.update": (p.UserUpdate, users.update),
    "user.watch": (p.OfUsers, users.watch),
    "user.unwatch": (p.OfUsers, users.unwatch),
    "media.create": (p.MediaCreate, media.create),
    "media.url": (p.OfMessage, media.url),
    "push.register": (p.PushRegister, push.register),
    "push.unregister": (p.PushDevice, push.unregister),
}


class UnknownMethod(Exception):
    """Error 104."""


async def call(services: RoomServices, session: Session, method: str, data: bytes) -> bytes:
    """The JSON of the result. Raises UnknownMethod, BadParams, ChatError, PositionLost."""
    if len(method.encode("utf-8", "surrogatepass")) > METHOD_BYTES:
        raise p.BadParams(f"method is longer than {METHOD_BYTES} bytes")
    if method not in METHODS:
        raise UnknownMethod
    kind, handler = METHODS[method]
    return (await handler(services, session, p.parse(kind, data))).encode()
