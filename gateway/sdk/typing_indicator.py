"""Who is typing: a form in all versions."""

from __future__ import annotations

from chatcore.commands.chat import Chat
from gateway.sdkhttp.dispatch import Call, Handler
from gateway.sdkhttp.errors import bad_request
from gateway.sdkhttp.exchange import SdkResponse, answer
from gateway.sdkhttp.reading import form
from gateway.sdkhttp.routes import Route

from .links import BASE


class Typing:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self) -> list[Route[Handler]]:
        return [Route("POST", f"{BASE}/Typing", self.start), Route("POST", "/v1/typing", self.start)]

    async def start(self, call: Call) -> SdkResponse:
        actor, given = call.request.session.actor, form(call.request)
        channel = given.text("ChannelSid")
        if not isinstance(channel, str):
            channel = given.text("ConversationSid")
        if not isinstance(channel, str):
            raise bad_request("ChannelSid is missing")
        await self._chat.typing.start(actor, channel)
        service = await self._chat.services.settings(actor)
        return answer({"typing_timeout": service.typing_indicator_timeout})
