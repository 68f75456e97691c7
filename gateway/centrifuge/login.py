"""The connect command: token → session, with everything the client missed in one reply.

Nothing is sent between attaching the streams and queueing the reply, so the reply precedes every publication.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from chatcore.auth.tokens import Grant, TokenCode, TokenError
from chatcore.domain import serial
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.events import Event, Topic, channel_topic, user_topic
from chatcore.domain.ids import ChannelSid
from chatcore.domain.model import Actor, Service, User
from chatcore.ports.views import StreamTop
from gateway.sockets.close import Close
from gateway.sockets.endpoint import Link

from .catching_up import Budget, Want, collect, result
from .encode import Encoders
from .messages import Connect, ConnectResult, SubscribeRequest, SubscribeResult
from .names import LIVE, ME, room_name
from .room_services import CONNECTION_LIMIT, ROOMS_AT_CONNECT, RoomServices
from .session import Session


class Refused(Exception):
    """The connection ends with this close code."""

    def __init__(self, close: Close) -> None:
        super().__init__(close.reason)
        self.close = close


class TokenExpired(Exception):
    """The client gets error 109, asks its application for a new token and comes back."""


class _Data(msgspec.Struct):
    subscribe: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn:
    """The attached session and its answer. `pending` are own events that came while the state was being read: their
    effect on the subscriptions is still to be applied."""

    session: Session
    answer: ConnectResult
    pending: Sequence[Event]


async def verify(services: RoomServices, token: str) -> Grant:
    """Raises TokenExpired, Refused, or ChatError(UNAVAILABLE)."""
    try:
        return await services.tokens.verify(token)
    except TokenError as error:
        if error.code is TokenCode.EXPIRED:
            raise TokenExpired from None
        raise Refused(Close.INVALID_TOKEN) from None


def feed_mode(data: bytes) -> bool:
    """`connect.data.subscribe`; anything that is not understood means the default."""
    try:
        return bool(data) and msgspec.json.decode(data, type=_Data).subscribe == "feed"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


async def log_in(services: RoomServices, link: Link, encoders: Encoders, client: str, command: Connect) -> LoggedIn:
    """Raises Refused, TokenExpired, ChatError."""
    grant = await verify(services, command.token)
    actor = Actor(account_sid=grant.account_sid, service_sid=grant.service_sid, identity=grant.identity)
    try:
        service = await services.chat.services.settings(actor)
        user = await services.chat.users.connected(actor, grant.identity, grant.deployment_role_sid)
    except ChatError as error:
        raise Refused(Close.INVALID_TOKEN) if error.code is Code.SERVICE_NOT_FOUND else error from None
    session = Session(services, link, encoders, client, grant, user)
    session.reachability = service.reachability_enabled
    session.activity_only = feed_mode(command.data)
    entered = await services.attendance.enter(
        session.live, user.sid, limit=CONNECTION_LIMIT, reachability=session.reachability
    )
    if not entered:
        raise Refused(Close.CONNECTION_LIMIT)
    services.standing.enter(session.footing)
    try:
        return await _attach(services, session, service, user, command)
    except BaseException:
        session.close()
        raise


async def _attach(services: RoomServices, session: Session, service: Service, user: User, command: Connect) -> LoggedIn:
    await services.relay.hold(session.topics)
    session.holding = True
    own_room = services.relay.room(user_topic(user.sid))
    own_base = own_room.offset
    joined = await services.chat.history.joined(user.sid)
    followed = () if session.activity_only else joined[:ROOMS_AT_CONNECT]
    rest = joined[len(followed) :]
    history = services.chat.history
    await session.subscriptions.note_activity(history, {channel_topic(sid): top.position.offset for sid, top in rest})
    wants = [_own_want(user, own_base, command.subs.get(ME)), *_room_wants(followed, command.subs)]
    topics = [want.topic for want in wants[1:]]
    await services.relay.hold(topics)
    try:
        caught = await collect(services.relay, history, wants)
        pending = own_room.since(own_base)
        if pending is None:
            raise ChatError(Code.UNAVAILABLE, "Too much is happening, try again")
    except BaseException:
        services.relay.release(topics)
        raise

    # From here to the return nothing waits.
    budget = Budget()
    subs: dict[str, SubscribeResult] = {ME: result(caught[0], budget), LIVE: SubscribeResult()}
    session.listen(waiting=bool(pending))
    for each in caught[1:]:
        if each.lost_access(user.sid) or session.subscriptions.closed:
            services.relay.release([each.want.topic])
            continue
        subs[each.want.name] = session.subscriptions.attach(each, budget, server_side=True)
    data = _data(service, user, joined=len(joined), truncated=bool(rest))
    expires, ttl = lifetime(services, session.grant)
    answer = ConnectResult(
        client=session.client,
        version=services.settings.version,
        expires=expires,
        ttl=ttl,
        data=data,
        subs=subs,
        ping=services.settings.ping_interval,
        pong=True,
        time=int(services.clock.now().timestamp() * 1000),
    )
    return LoggedIn(session=session, answer=answer, pending=pending)


def lifetime(services: RoomServices, grant: Grant) -> tuple[bool, int]:
    """`expires` and `ttl` of the connection: at least a second where it expires at all."""
    if grant.expires_at is None:
        return False, 0
    return True, max(1, int((grant.expires_at - services.clock.now()).total_seconds()))


def _own_want(user: User, base: int, request: SubscribeRequest | None) -> Want:
    """This node may have heard less of the stream than the database says, and the client than either."""
    base = max(base, user.stream.offset)
    return Want(name=ME, topic=user_topic(user.sid), base=base, epoch=user.stream.epoch, request=_recovery(request))


def _room_wants(joined: Sequence[tuple[ChannelSid, StreamTop]], subs: Mapping[str, SubscribeRequest]) -> list[Want]:
    wants = []
    for sid, top in joined:
        name = room_name(sid)
        topic: Topic = channel_topic(sid)
        base, epoch = top.position.offset, top.position.epoch
        wants.append(Want(name=name, topic=topic, base=base, epoch=epoch, request=_recovery(subs.get(name))))
    return wants


def _recovery(request: SubscribeRequest | None) -> SubscribeRequest | None:
    return request if request is not None and request.recover else None


def _data(service: Service, user: User, *, joined: int, truncated: bool) -> bytes:
    limits = (
        f'{{"channel_members":{service.limit_channel_members},"user_channels":{service.limit_user_channels},'
        f'"typing_indicator_timeout":{service.typing_indicator_timeout},'
        f'"consumption_report_interval":{service.consumption_report_interval},'
        f'"read_status_enabled":{"true" if service.read_status_enabled else "false"},'
        f'"reachability_enabled":{"true" if service.reachability_enabled else "false"}}}'
    )
    flag = "true" if truncated else "false"
    return f'{{"user":{serial.user(user)},"joined":{joined},"truncated":{flag},"service":{limits}}}'.encode()
