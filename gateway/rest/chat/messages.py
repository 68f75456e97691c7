"""Messages of a channel, by SID; lists are by index."""

from __future__ import annotations

from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.commands.messages import MessagePatch
from chatcore.commands.sending import SendDraft
from chatcore.domain import limits
from chatcore.domain.ids import ChannelSid, MessageSid
from chatcore.domain.model import UNSET, Channel, Message, Order, Unset, given
from chatcore.domain.paging import Page
from gateway.http.call import Call, Handler
from gateway.http.forms import Form
from gateway.http.paging import INDEXED, PageRequest, page_body, read_page
from gateway.http.responses import created, deleted, json_response
from gateway.http.router import Route

from . import present
from .channels import enter_channel
from .listing import PAGE_MAX
from .parameters import author, date_created, date_updated
from .place import Place

NEGATIVE_PAGE_TOKEN = 19038


class Messages:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self) -> list[Route[Handler]]:
        many = "/v2/Services/{service}/Channels/{channel}/Messages"
        one = many + "/{message}"
        return [
            Route("POST", many, self.create),
            Route("GET", many, self.list),
            Route("GET", one, self.fetch),
            Route("POST", one, self.update),
            Route("DELETE", one, self.delete),
        ]

    async def create(self, call: Call) -> Response:
        place, channel = await enter_channel(self._chat, call)
        form = await call.form()
        by, body, attributes = author(form, "From"), _body(form), form.attributes()
        draft = SendDraft(
            channel=channel.sid,
            author=by,
            body=given(body, None),
            attributes=attributes,
            date_created=date_created(form),
            date_updated=date_updated(form),
            last_updated_by=_editor(form),
            media_sids=_media(form),
        )
        sent = await self._chat.messages.send(place.webhook_actor, draft)
        return created(present.message(place, sent.message))

    async def list(self, call: Call) -> Response:
        place, channel = await enter_channel(self._chat, call)
        query = call.query()
        order = given(query.enum("Order", Order), Order.ASC)
        request = read_page(query, INDEXED, maximum=PAGE_MAX, filters=("Order",), negative_token=NEGATIVE_PAGE_TOKEN)
        page = await self._page(place, channel.sid, order, request)
        body = page_body(
            request,
            page,
            key="messages",
            url=place.url("Channels", channel.sid, "Messages"),
            cursor=lambda message: message.index,
            present=lambda message: present.message(place, message),
        )
        return json_response(body)

    async def fetch(self, call: Call) -> Response:
        place, _, message = await self._find(call)
        return json_response(present.message(place, message))

    async def update(self, call: Call) -> Response:
        place, channel, message = await self._find(call)
        form = await call.form()
        by, body, attributes = author(form, "From"), _body(form), form.attributes()
        patch = MessagePatch(
            author=by,
            body=body,
            attributes=attributes,
            date_created=date_created(form),
            date_updated=date_updated(form),
            last_updated_by=_editor(form),
        )
        message = await self._chat.messages.update(place.webhook_actor, channel.sid, message.sid, patch)
        return json_response(present.message(place, message))

    async def delete(self, call: Call) -> Response:
        place, channel, message = await self._find(call)
        await self._chat.messages.delete(place.webhook_actor, channel.sid, message.sid)
        return deleted()

    async def _find(self, call: Call) -> tuple[Place, Channel, Message]:
        place, channel = await enter_channel(self._chat, call)
        key = MessageSid(call.params["message"])
        return place, channel, await self._chat.messages.get(place.actor, channel.sid, key)

    async def _page(
        self, place: Place, channel_sid: ChannelSid, order: Order, request: PageRequest[int]
    ) -> Page[Message]:
        """Pages lie in the list's order; what precedes a cursor is read backwards from it and turned round."""
        backwards = request.before is not None
        bound = request.before if backwards else request.after
        ascending = (order is Order.ASC) is not backwards
        _, page = await self._chat.messages.list(
            place.actor,
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


def _media(form: Form) -> tuple[str, ...]:
    sid = given(form.text_or_none("MediaSid"), None)
    return () if sid is None else (sid,)


def _body(form: Form) -> str | Unset:
    text = form.text("Body")
    return text if isinstance(text, Unset) else limits.body(text)


def _editor(form: Form) -> str | Unset:
    """Empty leaves it to the server."""
    text = form.text("LastUpdatedBy")
    return UNSET if isinstance(text, Unset) or not text else limits.last_updated_by(text)
