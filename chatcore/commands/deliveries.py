"""Commands on deliveries to guests: what a messaging gateway has reported, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chatcore.domain.delivery import Delivery, summary
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.guests import DeliveryReceipt
from chatcore.domain.ids import MessageSid
from chatcore.domain.model import Actor, Channel, Message
from chatcore.domain.paging import Page, Window

from .access import enter_as_member
from .unit import Unit


class Deliveries:
    """One public method is one command."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def summaries(self, channel: Channel, messages: Sequence[Message]) -> Mapping[MessageSid, Delivery]:
        """For each message that guests are to get; nothing, and no query, where the channel has none."""
        if not channel.guests_count or not messages:
            return {}
        repos = self._unit.store.read
        guests = await repos.guests.all_of(channel.sid)
        statuses = await repos.receipts.statuses([message.sid for message in messages])
        return {
            message.sid: summary(
                sum(guest.binding.address != message.author for guest in guests), statuses.get(message.sid, {})
            )
            for message in messages
        }

    async def receipts(
        self, actor: Actor, channel_key: str, message_sid: MessageSid, window: Window
    ) -> Page[DeliveryReceipt]:
        await self._message(actor, channel_key, message_sid)
        return await self._unit.store.read.receipts.list(message_sid, window)

    async def receipt(self, actor: Actor, channel_key: str, message_sid: MessageSid, sid: str) -> DeliveryReceipt:
        """Raises ChatError(NOT_FOUND)."""
        await self._message(actor, channel_key, message_sid)
        receipt = await self._unit.store.read.receipts.get(message_sid, sid)
        if receipt is None:
            raise ChatError(Code.NOT_FOUND, f"Receipt {sid} was not found")
        return receipt

    async def _message(self, actor: Actor, channel_key: str, sid: MessageSid) -> None:
        access = await enter_as_member(self._unit.store.read, actor, channel_key)
        if await self._unit.store.read.messages.get(access.channel.sid, sid) is None:
            raise ChatError(Code.MESSAGE_NOT_FOUND, f"Message {sid} was not found")
