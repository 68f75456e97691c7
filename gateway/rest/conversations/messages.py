"""Messages of a conversation, by SID; lists are by index."""

from __future__ import annotations

import json
from typing import Final

from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.commands.messages import MessagePatch
from chatcore.commands.sending import SendDraft
from chatcore.domain import limits
from chatcore.domain.ids import MessageSid, is_sid
from chatcore.domain.model import Channel, Message, Order, Unset, given
from gateway.http.call import Call, Handler
from gateway.http.errors import INVALID_PARAMETER, HttpError
from gateway.http.forms import Form
from gateway.http.paging import INDEXED, page_body, read_page
from gateway.http.responses import created, deleted, json_response
from gateway.http.router import Route
from gateway.rest.messages_page import messages_page
from gateway.rest.parameters import author, date_created, date_updated

from . import present_conversations as present
from .place import Place, both_forms, enter_conversation
from .present import Json

PAGE_MAX: Final = 100
NEGATIVE_PAGE_TOKEN: Final = 19038
MEDIA_SID_INVALID: Final = 50510


async def enter_message(chat: Chat, call: Call) -> tuple[Place, Channel, Message]:
    """Everything of the path down to the message. Raises as `enter_conversation`, and ChatError(MESSAGE_NOT_FOUND)."""
    place, channel = await enter_conversation(chat, call)
    return place, channel, await chat.messages.get(place.actor, channel.sid, MessageSid(call.params["message"]))


class Messages:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self) -> list[Route[Handler]]:
        many = "Conversations/{conversation}/Messages"
        one = many + "/{message}"
        return [
            *both_forms("POST", many, self.create),
            *both_forms("GET", many, self.list),
            *both_forms("GET", one, self.fetch),
            *both_forms("POST", one, self.update),
            *both_forms("DELETE", one, self.delete),
        ]

    async def create(self, call: Call) -> Response:
        place, channel = await enter_conversation(self._chat, call)
        sent = await self._chat.messages.send(place.webhook_actor, _draft(channel, await call.form()))
        return created(await self._present(place, channel, sent.message))

    async def list(self, call: Call) -> Response:
        place, channel = await enter_conversation(self._chat, call)
        query = call.query()
        order = given(query.enum("Order", Order), Order.ASC)
        request = read_page(query, INDEXED, maximum=PAGE_MAX, filters=("Order",), negative_token=NEGATIVE_PAGE_TOKEN)
        page = await messages_page(self._chat, place.actor, channel.sid, order, request)
        deliveries = await self._chat.deliveries.summaries(channel, page.items)
        body = page_body(
            request,
            page,
            key="messages",
            url=place.url("Conversations", channel.sid, "Messages"),
            cursor=lambda message: message.index,
            present=lambda message: present.message(place, message, deliveries.get(message.sid)),
        )
        return json_response(body)

    async def fetch(self, call: Call) -> Response:
        place, channel, message = await enter_message(self._chat, call)
        return json_response(await self._present(place, channel, message))

    async def update(self, call: Call) -> Response:
        place, channel, message = await enter_message(self._chat, call)
        form = await call.form()
        by, body = author(form, "Author"), _body(form)
        made, changed, attributes = date_created(form), date_updated(form), form.attributes()
        patch = MessagePatch(
            author=by,
            body=body,
            date_created=made,
            date_updated=changed,
            attributes=attributes,
            subject=_subject(form),
        )
        message = await self._chat.messages.update(place.webhook_actor, channel.sid, message.sid, patch)
        return json_response(await self._present(place, channel, message))

    async def delete(self, call: Call) -> Response:
        place, channel, message = await enter_message(self._chat, call)
        await self._chat.messages.delete(place.webhook_actor, channel.sid, message.sid)
        return deleted()

    async def _present(self, place: Place, channel: Channel, message: Message) -> Json:
        deliveries = await self._chat.deliveries.summaries(channel, [message])
        return present.message(place, message, deliveries.get(message.sid))


def _draft(channel: Channel, form: Form) -> SendDraft:
    """A content template stands in for body and file: neither is looked at where there is one."""
    by, content = author(form, "Author"), given(form.text_or_none("ContentSid"), None)
    body = _body(form) if content is None else ""
    made, changed, attributes = date_created(form), date_updated(form), form.attributes()
    subject, media = given(_subject(form), None), _media(form) if content is None else ()
    if content is not None and not is_sid("HX", content):
        raise HttpError(400, INVALID_PARAMETER, "ContentSid is not the SID of a content template")
    return SendDraft(
        channel=channel.sid,
        author=by,
        body=given(body, None),
        date_created=made,
        date_updated=changed,
        attributes=attributes,
        subject=subject,
        media_sids=media,
        content_sid=content,
        content_variables=None if content is None else _variables(form),
    )


def _body(form: Form) -> str | Unset:
    text = form.text("Body")
    return text if isinstance(text, Unset) else limits.body(text)


def _subject(form: Form) -> str | Unset | None:
    """Empty is None."""
    text = form.text_or_none("Subject")
    return text if isinstance(text, Unset) else limits.subject(text)


def _media(form: Form) -> tuple[str, ...]:
    sid = given(form.text_or_none("MediaSid"), None)
    if sid is None:
        return ()
    if not is_sid("ME", sid):
        raise HttpError(400, MEDIA_SID_INVALID, "MediaSid is not the SID of a media file")
    return (sid,)


def _variables(form: Form) -> str | None:
    """JSON text, kept as given."""
    text = given(form.text_or_none("ContentVariables", limit=limits.CHANNEL_ATTRIBUTES_BYTES), None)
    if text is None:
        return None
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        raise HttpError(400, INVALID_PARAMETER, "ContentVariables are not valid JSON") from None
    return text
