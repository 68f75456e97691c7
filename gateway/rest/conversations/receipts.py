"""What a messaging gateway has reported of one message. Nobody reports while none is attached."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from chatcore.commands.chat import Chat
from gateway.http.call import Call, Handler
from gateway.http.responses import json_response
from gateway.http.router import Route
from gateway.rest.listing import dated_list

from . import present_conversations as present
from .messages import enter_message
from .place import both_forms

PAGE_MAX: Final = 50


class Receipts:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self) -> list[Route[Handler]]:
        many = "Conversations/{conversation}/Messages/{message}/Receipts"
        return [*both_forms("GET", many, self.list), *both_forms("GET", many + "/{receipt}", self.fetch)]

    async def list(self, call: Call) -> Response:
        place, channel, message = await enter_message(self._chat, call)
        return await dated_list(
            call.query(),
            key="delivery_receipts",
            url=place.url("Conversations", channel.sid, "Messages", message.sid, "Receipts"),
            fetch=lambda window: self._chat.deliveries.receipts(place.actor, channel.sid, message.sid, window),
            present=lambda receipt: present.receipt(place, receipt),
            maximum=PAGE_MAX,
        )

    async def fetch(self, call: Call) -> Response:
        place, channel, message = await enter_message(self._chat, call)
        sid = call.params["receipt"]
        receipt = await self._chat.deliveries.receipt(place.actor, channel.sid, message.sid, sid)
        return json_response(present.receipt(place, receipt))
