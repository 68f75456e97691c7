"""Pages of messages, which are ordered by index in either direction."""

from __future__ import annotations

from chatcore.commands.chat import Chat
from chatcore.domain.ids import ChannelSid
from chatcore.domain.model import Actor, Message, Order
from chatcore.domain.paging import Page
from gateway.http.paging import PageRequest


async def messages_page(
    chat: Chat, actor: Actor, channel_sid: ChannelSid, order: Order, request: PageRequest[int]
) -> Page[Message]:
    """Pages lie in the list's order; what precedes a cursor is read backwards from it and turned round."""
    backwards = request.before is not None
    bound = request.before if backwards else request.after
    ascending = (order is Order.ASC) is not backwards
    _, page = await chat.messages.list(
        actor,
        channel_sid,
        limit=request.size,
        order=Order.ASC if ascending else Order.DESC,
        after=bound if ascending else None,
        before=None if ascending else bound,
        offset=request.offset,
    )
    if not backwards:
        return page
    return Page(items=page.items[::-1], has_before=page.has_after, has_after=page.has_before)
