"""Messages to participants that are reached by an address (SMS, WhatsApp, …): handed to a messaging gateway."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from chatcore.domain.ids import ChannelSid, MemberSid, MessageSid, ServiceSid
from chatcore.domain.jobs import JobKind
from chatcore.ports.jobs import Claimed

from .outcome import Done, Outcome

logger = logging.getLogger(__name__)

PLACES: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    sid: MemberSid
    type: str
    address: str
    proxy_address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message, and whom it has to reach outside."""

    service_sid: ServiceSid
    channel_sid: ChannelSid
    message_sid: MessageSid
    message_index: int
    author: str
    body: str | None
    media: Sequence[Mapping[str, Any]]  # JSON: sid, content_type, filename, size
    recipients: Sequence[Recipient]


class MessagingGateway(Protocol):
    """Somebody who sends messages to addresses. May be given the same delivery twice; tells them apart by message and
    recipient. Raises to be asked again later."""

    async def deliver(self, delivery: Delivery) -> None: ...


class RecordingGateway:
    """Stands where no gateway is attached: says in the log whom it would have written to."""

    async def deliver(self, delivery: Delivery) -> None:
        for recipient in delivery.recipients:
            logger.info(
                "No messaging gateway is attached; a message is not sent on",
                extra={
                    "action": "message_not_sent_on",
                    "channel_sid": delivery.channel_sid,
                    "message_sid": delivery.message_sid,
                    "index": delivery.message_index,
                    "participant_sid": recipient.sid,
                    "type": recipient.type,
                    "media": len(delivery.media),
                },
            )


class Deliveries:
    """Works on delivery jobs."""

    kind = JobKind.DELIVERY
    places = PLACES

    def __init__(self, gateway: MessagingGateway) -> None:
        self._gateway = gateway

    async def handle(self, job: Claimed) -> Outcome:
        """Raises KeyError, TypeError or ValueError for a job that cannot be read."""
        await self._gateway.deliver(_delivery(job))
        return Done()


def _delivery(job: Claimed) -> Delivery:
    row = job.job
    return Delivery(
        service_sid=job.service_sid,
        channel_sid=ChannelSid(row["channel_sid"]),
        message_sid=MessageSid(row["message_sid"]),
        message_index=int(row["message_index"]),
        author=row["author"],
        body=row["body"],
        media=row["media"],
        recipients=[
            Recipient(
                sid=MemberSid(guest["sid"]),
                type=guest["type"],
                address=guest["address"],
                proxy_address=guest["proxy_address"],
            )
            for guest in row["guests"]
        ],
    )
