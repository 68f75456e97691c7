"""What conversations SDKs ask about messages that came through a messaging gateway: answered as there is none."""

from __future__ import annotations

from chatcore.commands.chat import Chat
from chatcore.domain.ids import MessageSid
from gateway.http.errors import HttpError
from gateway.sdkhttp.dispatch import Call, Handler
from gateway.sdkhttp.exchange import SdkResponse, answer
from gateway.sdkhttp.routes import Route

from .links import BASE, OLD
from .pages import listed, wanted

NO_METADATA = 50530
_END = {"previous_token": None, "next_token": None}


class Absent:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self) -> list[Route[Handler]]:
        channel = f"{BASE}/Conversations/{{channel}}"
        return [
            Route("GET", f"{channel}/Messages/{{message}}/Receipts", self.receipts),
            Route("GET", f"{OLD}/Channels/{{channel}}/Messages/{{message}}/Receipts", self.receipts),
            Route("GET", f"{channel}/MessageRecipients", self.recipients),
            Route("GET", f"{channel}/Messages/{{message}}/ChannelMetadata", self.metadata),
            Route("GET", "/Client/v2/ContentTemplates", self.templates),
        ]

    async def receipts(self, call: Call) -> SdkResponse:
        """What was reported of deliveries to guests."""
        actor, key = call.request.session.actor, MessageSid(call.params["message"])
        await self._chat.messages.get(actor, call.params["channel"], key)
        page = await self._chat.deliveries.receipts(actor, call.params["channel"], key, wanted(call))
        return answer(
            listed(
                call,
                "delivery_receipts",
                page,
                lambda r: (r.date_created, r.sid),
                lambda r: {
                    "sid": r.sid,
                    "message_sid": r.message_sid,
                    "conversation_sid": r.channel_sid,
                    "channel_message_sid": r.channel_message_sid,
                    "participant_sid": r.participant_sid,
                    "status": r.status.value,
                    "error_code": r.error_code,
                    "date_created": r.date_created,
                    "date_updated": r.date_updated,
                },
            )
        )

    async def recipients(self, call: Call) -> SdkResponse:
        await self._chat.channels.get(call.request.session.actor, call.params["channel"])
        return answer({"message_recipients": [], "meta": _END})

    async def metadata(self, call: Call) -> SdkResponse:
        """The SDKs ask again and again unless they hear this code."""
        raise HttpError(404, NO_METADATA, "The message has no channel metadata")

    async def templates(self, call: Call) -> SdkResponse:
        return answer({"templates": [], "meta": _END})
