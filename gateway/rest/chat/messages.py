"""Messages of a channel, by SID; lists are by index."""

from __future__ import annotations

from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.commands.messages import MessagePatch
from chatcore.commands.sending import SendDraft
from chatcore.domain import limits
from chatcore.domain.ids import MessageSid
from chatcore.domain.model import UNSET, Channel, Message, Order, Unset, given
from gateway.http.call import Call, Handler
from gateway.http.forms import Form
from gateway.http.paging import INDEXED, page_body, read_page
from gateway.http.responses import created, deleted, json_response
from gateway.http.router import Route
from gateway.rest.messages_page import messages_page
from gateway.rest.parameters import author, date_created, date_updated

from .place import Place, enter_channel
from .version import Reads, Version

NEGATIVE_PAGE_TOKEN = 19038
BODY_MISSING = 50503


class Messages:
    def __init__(self, chat: Chat, version: Version) -> None:
        self._chat = chat
        self._version = version

    def routes(self) -> list[Route[Handler]]:
        many = self._version.path("Services/{service}/Channels/{channel}/Messages")
        one = many + "/{message}"
        return [
            Route("POST", many, self.create),
            Route("GET", many, self.list),
            Route("GET", one, self.fetch),
            Route("POST", one, self.update),
            Route("DELETE", one, self.delete),
        ]

    async def create(self, call: Call) -> Response:
        place, channel = await enter_channel(self._chat, self._version, call)
        form = await self._version.form(call, Reads.MESSAGE_CREATE)
        if self._version.body_required:
            form.required("Body", code=BODY_MISSING)
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
        return created(self._version.present.message(place, sent.message))

    async def list(self, call: Call) -> Response:
        place, channel = await enter_channel(self._chat, self._version, call)
        query = call.query()
        order = given(query.enum("Order", Order), Order.ASC)
        request = read_page(
            query,
            INDEXED,
            maximum=self._version.page_max,
            filters=("Order",),
            negative_token=NEGATIVE_PAGE_TOKEN,
        )
        page = await messages_page(self._chat, place.actor, channel.sid, order, request)
        body = page_body(
            request,
            page,
            key="messages",
            url=place.url("Channels", channel.sid, "Messages"),
            cursor=lambda message: message.index,
            present=lambda message: self._version.present.message(place, message),
        )
        return json_response(body)

    async def fetch(self, call: Call) -> Response:
        place, _, message = await self._find(call)
        return json_response(self._version.present.message(place, message))

    async def update(self, call: Call) -> Response:
        place, channel, message = await self._find(call)
        form = await self._version.form(call, Reads.MESSAGE_UPDATE)
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
        return json_response(self._version.present.message(place, message))

    async def delete(self, call: Call) -> Response:
        place, channel, message = await self._find(call)
        await self._chat.messages.delete(place.webhook_actor, channel.sid, message.sid)
        return deleted()

    async def _find(self, call: Call) -> tuple[Place, Channel, Message]:
        place, channel = await enter_channel(self._chat, self._version, call)
        key = MessageSid(call.params["message"])
        return place, channel, await self._chat.messages.get(place.actor, channel.sid, key)


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
