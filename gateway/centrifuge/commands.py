"""The commands of an authenticated connection, one by one, in order. Returns what to answer; sends nothing itself."""

from __future__ import annotations

import logging

import msgspec

from chatcore.commands.access import enter_as_member
from chatcore.commands.history import PositionLost
from chatcore.domain.errors import ChatError
from chatcore.domain.events import Event, Topic, user_topic
from gateway.sockets.close import Close

from . import presence, rpc
from .errors import ErrorCode, reply, reply_to
from .login import Refused, TokenExpired, lifetime, verify
from .messages import (
    ErrorReply,
    History,
    HistoryResult,
    Ping,
    PingResult,
    Presence,
    PresenceResult,
    PresenceStats,
    PresenceStatsResult,
    Publication,
    Publish,
    Refresh,
    RefreshResult,
    Result,
    Rpc,
    RpcResult,
    Send,
    SubRefresh,
    Subscribe,
    SubscribeRequest,
    SubscribeResult,
    Unsubscribe,
    UnsubscribeResult,
)
from .names import LIVE, ME, NAME_BYTES, room_sid
from .params import BadParams
from .room_services import SUBSCRIPTIONS_MAX, RoomServices
from .session import Session
from .subscriptions import WATCHED_MAX, AlreadySubscribed, TooManyWatched, UnrecoverablePosition

logger = logging.getLogger(__name__)

Request = (
    Subscribe | Unsubscribe | Publish | Presence | PresenceStats | History | Ping | Send | Rpc | Refresh | SubRefresh
)
"""What may follow `connect`."""

NAMES = {
    Subscribe: "subscribe",
    Unsubscribe: "unsubscribe",
    Publish: "publish",
    Presence: "presence",
    PresenceStats: "presence_stats",
    History: "history",
    Ping: "ping",
    Send: "send",
    Refresh: "refresh",
    SubRefresh: "sub_refresh",
}


def name_of(request: Request) -> str:
    """For metrics and logs: of bounded variety whatever a client sends."""
    if isinstance(request, Rpc):
        return request.method if request.method in rpc.METHODS else "unknown"
    return NAMES[type(request)]


class Protest(Exception):
    """The command is answered with this error."""

    def __init__(self, error: ErrorReply) -> None:
        super().__init__(error.message)
        self.error = error


def protest(code: ErrorCode, message: str = "") -> Protest:
    return Protest(reply(code, message))


async def perform(services: RoomServices, session: Session, request: Request) -> Result | ErrorReply | None:
    """None for a command that is never answered. Raises Refused where the connection has to end."""
    try:
        return await _perform(services, session, request)
    except Protest as protested:
        return protested.error
    except BadParams as error:
        return reply(ErrorCode.BAD_REQUEST, str(error))
    except rpc.UnknownMethod:
        return reply(ErrorCode.METHOD_NOT_FOUND)
    except TooManyWatched:
        return reply(ErrorCode.LIMIT_EXCEEDED, f"at most {WATCHED_MAX} users are watched at a time")
    except PositionLost:
        return reply(ErrorCode.UNRECOVERABLE_POSITION)
    except ChatError as error:
        return reply_to(error)
    except (Refused, ConnectionResetError):
        raise
    except Exception:
        logger.exception("Command %s failed", name_of(request), extra={"action": "command_failed"})
        return reply(ErrorCode.INTERNAL)


async def _perform(services: RoomServices, session: Session, request: Request) -> Result | None:
    match request:
        case Rpc():
            return RpcResult(data=await rpc.call(services, session, request.method, request.data))
        case Subscribe():
            return await subscribe(services, session, request.request)
        case Unsubscribe():
            await unsubscribe(services, session, request.channel)
            return UnsubscribeResult()
        case History():
            return await history(services, session, request)
        case Presence():
            found = await presence.gather(services.ask, readable(session, request.channel))
            return PresenceResult(presence=found)
        case PresenceStats():
            found = await presence.gather(services.ask, readable(session, request.channel))
            return PresenceStatsResult(num_clients=len(found), num_users=len({info.user for info in found.values()}))
        case Refresh():
            return await refresh(services, session, request.token)
        case Publish() | SubRefresh():
            raise protest(ErrorCode.NOT_AVAILABLE)
        case Ping():
            return PingResult()
        case Send():
            await send(services, session, request.data)
            return None


def readable(session: Session, name: str) -> Topic:
    """The topic of a channel the connection is subscribed to."""
    if name == ME:
        return user_topic(session.user_sid)
    if name == LIVE:
        raise protest(ErrorCode.NOT_AVAILABLE)
    if room_sid(name) is None:
        raise protest(ErrorCode.UNKNOWN_CHANNEL)
    subscription = session.subscriptions.rooms.get(name)
    if subscription is None:
        raise protest(ErrorCode.PERMISSION_DENIED)
    return subscription.topic


async def subscribe(services: RoomServices, session: Session, request: SubscribeRequest) -> SubscribeResult:
    """When it returns the room is attached: answer before anything else happens."""
    name, subscriptions = request.channel, session.subscriptions
    if len(name.encode("utf-8", "surrogatepass")) > NAME_BYTES:
        raise protest(ErrorCode.BAD_REQUEST, f"channel is longer than {NAME_BYTES} bytes")
    if request.type or request.tag_filter:
        raise protest(ErrorCode.NOT_AVAILABLE)
    if name in (ME, LIVE) or name in subscriptions.rooms:
        raise protest(ErrorCode.ALREADY_SUBSCRIBED)
    if len(subscriptions.rooms) >= SUBSCRIPTIONS_MAX:
        raise protest(ErrorCode.LIMIT_EXCEEDED)
    sid = room_sid(name)
    if sid is None:
        raise protest(ErrorCode.UNKNOWN_CHANNEL)
    denied = protest(ErrorCode.PERMISSION_DENIED)
    try:
        access = await enter_as_member(services.chat.history.reads, session.actor, sid)
    except ChatError as error:
        if error.temporary:
            raise
        raise denied from None
    base = access.channel.stream
    try:
        answer = await subscriptions.subscribe(services.chat.history, request, base, session.user_sid)
    except AlreadySubscribed:
        raise protest(ErrorCode.ALREADY_SUBSCRIBED) from None
    except UnrecoverablePosition:
        raise protest(ErrorCode.UNRECOVERABLE_POSITION) from None
    if answer is None:
        raise denied
    return answer


async def unsubscribe(services: RoomServices, session: Session, name: str) -> None:
    """Without effect on what the server subscribed. Who leaves a room goes on hearing of its activity."""
    subscription = session.subscriptions.rooms.get(name)
    if subscription is None or subscription.server_side:
        return
    session.subscriptions.drop(name)
    await session.subscriptions.note_activity(services.chat.history, {subscription.topic: subscription.base})


async def history(services: RoomServices, session: Session, request: History) -> HistoryResult:
    topic = readable(session, request.channel)
    since = None if request.since is None else (min(request.since.offset, 2**63 - 2), request.since.epoch)
    stretch = await services.chat.history.page(topic, since=since, limit=request.limit, reverse=request.reverse)
    return HistoryResult(
        publications=tuple(_publication(event) for event in stretch.events),
        epoch=stretch.top.epoch,
        offset=stretch.top.offset,
    )


def _publication(event: Event) -> Publication:
    return Publication(data=event.payload, offset=event.offset)


async def refresh(services: RoomServices, session: Session, token: str) -> RefreshResult:
    """A new token for the same person; anything else ends the connection."""
    try:
        grant = await verify(services, token)
    except TokenExpired:
        raise Refused(Close.EXPIRED) from None
    held = session.grant
    if (grant.identity, grant.service_sid, grant.account_sid) != (held.identity, held.service_sid, held.account_sid):
        raise Refused(Close.INVALID_TOKEN)
    session.grant = grant
    session.expire_with_grant()
    expires, ttl = lifetime(services, grant)
    return RefreshResult(client=session.client, version=services.settings.version, expires=expires, ttl=ttl)


class _Sent(msgspec.Struct):
    method: str
    params: msgspec.Raw = msgspec.Raw(b"{}")


async def send(services: RoomServices, session: Session, data: bytes) -> None:
    """Only typing may come this way; whatever else is sent, and whatever fails, is dropped in silence."""
    try:
        sent = msgspec.json.decode(data, type=_Sent)
        if sent.method == "typing.start":
            await rpc.call(services, session, sent.method, bytes(sent.params))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, BadParams, ChatError):
        return
