"""The one operation of Chat v3: a public channel becomes private, and so a conversation."""

from __future__ import annotations

from starlette.responses import Response

from chatcore.commands.channels import ChannelDraft
from chatcore.commands.chat import Chat
from chatcore.domain.errors import Code
from chatcore.domain.ids import is_sid
from chatcore.domain.model import UNSET, Channel, ChannelType, Unset
from gateway.http.call import Call, Handler
from gateway.http.errors import HttpError
from gateway.http.forms import Form
from gateway.http.responses import json_response
from gateway.http.router import Route

from . import present
from .place import Place, enter_channel
from .version import Json
from .versions import V2


class Migration:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self) -> list[Route[Handler]]:
        return [Route("POST", "/v3/Services/{service}/Channels/{channel}", self.update)]

    async def update(self, call: Call) -> Response:
        """Of a private channel only the messaging service changes."""
        place, channel = await enter_channel(self._chat, V2, call)
        form = await call.form()
        kind, messaging_service = _type(form), _messaging_service(form)
        if kind is channel.type:
            kind = UNSET
        draft = ChannelDraft(type=kind, messaging_service_sid=messaging_service)
        channel = await self._chat.channels.update(place.webhook_actor, channel.sid, draft)
        return json_response(_present(place, channel))


def _type(form: Form) -> ChannelType | Unset:
    text = form.text("Type")
    if isinstance(text, Unset):
        return UNSET
    if text != ChannelType.PRIVATE:
        raise HttpError(400, Code.TYPE_NOT_PRIVATE, "Type must be private")
    return ChannelType.PRIVATE


def _messaging_service(form: Form) -> str | Unset | None:
    """Empty clears it."""
    sid = form.text_or_none("MessagingServiceSid")
    if isinstance(sid, str) and not is_sid("MG", sid):
        raise HttpError(400, Code.MESSAGING_SERVICE_INVALID, "MessagingServiceSid is not the SID of such a service")
    return sid


def _present(place: Place, channel: Channel) -> Json:
    shown = present.channel(place, channel)
    del shown["links"]
    return {**shown, "messaging_service_sid": channel.messaging_service_sid}
