"""RPC methods on messages, the event log and what was read."""

from __future__ import annotations

import asyncio

from chatcore.commands.access import enter_as_member
from chatcore.commands.history import PAGE_MAX, PositionLost
from chatcore.commands.messages import MessagePatch
from chatcore.commands.sending import SendDraft, Sent
from chatcore.domain import serial
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.events import Event, channel_topic, user_topic
from chatcore.domain.ids import MessageSid
from chatcore.domain.limits import LIST_MAX
from chatcore.domain.model import UNSET, Order, Unread
from chatcore.domain.paging import fitting

from . import params as p
from .names import ME
from .room_services import RoomServices
from .session import Session

UNREAD_CHANNELS = 1000


async def send(services: RoomServices, session: Session, params: p.MessageSend) -> str:
    return sent_text(await services.chat.messages.send(session.actor, draft(params)))


def begin_send(services: RoomServices, session: Session, data: bytes) -> asyncio.Future[Sent] | None:
    """`send` under way, where it can be begun without waiting for anything; its result is for `sent_text`. None, and
    nothing has happened, where `send` has to be called, if only to hear what is wrong."""
    try:
        params = p.parse(p.MessageSend, data)
        return services.chat.messages.begin_send(session.actor, draft(params))
    except p.BadParams:
        return None


def draft(params: p.MessageSend) -> SendDraft:
    return SendDraft(
        channel=params.channel,
        body=params.body,
        attributes=p.attributes(params.attributes),
        media_sids=(params.media_sid,) if params.media_sid is not None else (),
        client_ref=params.client_ref,
    )


def sent_text(sent: Sent) -> str:
    text = sent.written or serial.message(sent.message)
    return f'{{"message":{text},"duplicate":{"true" if sent.duplicate else "false"}}}'


def _key(params: p.OfMessage) -> MessageSid | int:
    key = p.message_key(params)
    return key if isinstance(key, int) else MessageSid(key)


async def get(services: RoomServices, session: Session, params: p.OfMessage) -> str:
    message = await services.chat.messages.get(session.actor, params.channel, _key(params))
    return f'{{"message":{serial.message(message)}}}'


async def update(services: RoomServices, session: Session, params: p.MessageUpdate) -> str:
    body = params.body if isinstance(params.body, str) else UNSET
    patch = MessagePatch(body=body, attributes=p.attributes(params.attributes))
    message = await services.chat.messages.update(
        session.actor, params.channel, _key(params), patch, if_rev=params.if_rev
    )
    return f'{{"message":{serial.message(message)}}}'


async def delete(services: RoomServices, session: Session, params: p.OfMessage) -> str:
    await services.chat.messages.delete(session.actor, params.channel, _key(params))
    return "{}"


async def list_page(services: RoomServices, session: Session, params: p.MessageList) -> str:
    """The newest page, or the one before or after an index; always ascending. Long messages make it short."""
    before, after = p.index("before", params.before), p.index("after", params.after)
    if before is not None and after is not None:
        raise p.BadParams("before and after exclude each other")
    limit = p.in_range("limit", params.limit, 1, LIST_MAX)
    order = Order.ASC if after is not None else Order.DESC
    access, page = await services.chat.messages.list(
        session.actor, params.channel, limit=limit, order=order, before=before, after=after
    )
    texts = [serial.message(message) for message in page.items]
    kept = fitting(texts, lambda text: len(text.encode()))
    messages = ",".join(kept if order is Order.ASC else reversed(kept))
    stream = access.channel.stream
    more = "true" if page.has_after or len(kept) < len(texts) else "false"
    position = f'{{"offset":{stream.offset},"epoch":"{stream.epoch}"}}'
    return f'{{"messages":[{messages}],"has_more":{more},"stream":{position}}}'


async def event_list(services: RoomServices, session: Session, params: p.EventList) -> str:
    """Raises PositionLost."""
    limit = p.in_range("limit", params.limit, 1, PAGE_MAX)
    if params.channel == ME:
        topic = user_topic(session.user_sid)
    else:
        access = await enter_as_member(services.chat.history.reads, session.actor, params.channel)
        topic = channel_topic(access.channel.sid)
    since = None
    if params.since is not None:
        since = (p.in_range("since.offset", params.since.offset, 0, 2**63 - 2), params.since.epoch)
    try:
        stretch = await services.chat.history.page(topic, since=since, limit=limit)
    except PositionLost:
        if params.channel == ME and session.closed:
            raise ChatError(Code.UNAVAILABLE, "The connection is closed") from None
        raise
    events = ",".join(_with_offset(event) for event in stretch.events)
    more = "false" if stretch.complete else "true"
    top = stretch.top
    return f'{{"events":[{events}],"offset":{top.offset},"epoch":"{top.epoch}","has_more":{more}}}'


def _with_offset(event: Event) -> str:
    """The event's own JSON with one more member in front."""
    return f'{{"offset":{event.offset},{event.payload.decode()[1:]}'


async def read_set(services: RoomServices, session: Session, params: p.ReadSet) -> str:
    index = p.index("index", params.index)
    return _unread(await services.chat.horizons.report(session.actor, params.channel, index, force=params.force))


async def read_all(services: RoomServices, session: Session, params: p.OfChannel) -> str:
    return _unread(await services.chat.horizons.report_all(session.actor, params.channel))


async def read_none(services: RoomServices, session: Session, params: p.OfChannel) -> str:
    return _unread(await services.chat.horizons.report_none(session.actor, params.channel))


async def unread_get(services: RoomServices, session: Session, params: p.OfChannel) -> str:
    unread = await services.chat.horizons.unread(session.actor, params.channel)
    return f'{{"messages_count":{unread.messages_count},{_unread(unread)[1:]}'


def _unread(unread: Unread) -> str:
    horizon, count = unread.last_consumed_message_index, unread.unread_messages_count
    index = "null" if horizon is None else str(horizon)
    return f'{{"last_consumed_message_index":{index},"unread_messages_count":{"null" if count is None else count}}}'


async def unread_total(services: RoomServices, session: Session, params: p.Nothing) -> str:
    totals = await services.chat.horizons.totals(session.actor, session.user_sid, UNREAD_CHANNELS)
    channels = ",".join(f'"{sid}":{count}' for sid, count in totals)
    return f'{{"total":{sum(count for _, count in totals)},"channels":{{{channels}}}}}'
