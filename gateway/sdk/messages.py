"""Messages: send, change, delete. Reading them is Sync."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from chatcore.commands.chat import Chat
from chatcore.commands.messages import MessagePatch
from chatcore.commands.sending import SendDraft
from chatcore.domain.ids import MessageSid
from gateway.sdkhttp.dispatch import Call, Handler
from gateway.sdkhttp.errors import bad_request
from gateway.sdkhttp.exchange import NO_CONTENT, SdkResponse, answer
from gateway.sdkhttp.reading import read, unset
from gateway.sdkhttp.routes import Route

from . import present
from .configuration import FILES_MAX
from .links import BASE


class _Send(msgspec.Struct):
    body: str | None = None
    attributes: str | UnsetType = UNSET
    media_sid: str | None = None
    media_sids: list[str] = []
    subject: str | None = None
    content_sid: str | None = None
    content_variables: str | None = None


class _Update(msgspec.Struct):
    body: str | UnsetType = UNSET
    attributes: str | UnsetType = UNSET


class Messages:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self) -> list[Route[Handler]]:
        many = f"{BASE}/Conversations/{{channel}}/Messages"
        return [
            Route("POST", many, self.send),
            Route("POST", f"{many}/{{message}}", self.update),
            Route("DELETE", f"{many}/{{message}}", self.delete),
        ]

    async def send(self, call: Call) -> SdkResponse:
        body, actor = read(_Send, call.request), call.request.session.actor
        files = tuple(dict.fromkeys([*([body.media_sid] if body.media_sid else []), *body.media_sids]))
        if len(files) > FILES_MAX:
            raise bad_request(f"more than {FILES_MAX} files")
        draft = SendDraft(
            channel=call.params["channel"],
            body=body.body,
            attributes=unset(body.attributes),
            media_sids=files,
            subject=body.subject,
            content_sid=body.content_sid,
            content_variables=body.content_variables,
        )
        sent = await self._chat.messages.send(actor, draft)
        return answer(present.message(sent.message, actor.account_sid), 201)

    async def update(self, call: Call) -> SdkResponse:
        body, actor = read(_Update, call.request), call.request.session.actor
        patch = MessagePatch(body=unset(body.body), attributes=unset(body.attributes))
        key = MessageSid(call.params["message"])
        message = await self._chat.messages.update(actor, call.params["channel"], key, patch)
        return answer(present.message(message, actor.account_sid))

    async def delete(self, call: Call) -> SdkResponse:
        key = MessageSid(call.params["message"])
        await self._chat.messages.delete(call.request.session.actor, call.params["channel"], key)
        return NO_CONTENT
