"""A push to one device that has to wait: the row it waits in. Everything that is needed to send it is there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chatcore.domain.devices import PushType
from chatcore.domain.ids import BindingSid, ChannelSid, CredentialSid, Identity, MessageSid, UserSid
from chatcore.domain.values import value
from chatcore.domain.webhooks import Vocabulary
from chatcore.ports.pushes import Recipient

from .happenings import Happening, moment
from .providers.port import Delivery


@value
class WaitingPush:
    """`event` is BADGE for one that only carries the number. `attempts` that counted, `unsure` ones that may have
    arrived. `held` names the limit it waits for, if it does."""

    recipient: Recipient
    delivery: Delivery
    event: str
    channel_sid: ChannelSid | None
    message_sid: MessageSid | None
    message_index: int | None
    needs_member: bool
    logged: bool
    attempts: int = 0
    unsure: int = 0
    held: str | None = None


def of_event(
    happening: Happening, recipient: Recipient, delivery: Delivery, *, needs_member: bool, logged: bool
) -> WaitingPush:
    return WaitingPush(
        recipient=recipient,
        delivery=delivery,
        event=happening.event.value,
        channel_sid=happening.channel_sid,
        message_sid=happening.message_sid,
        message_index=happening.message_index,
        needs_member=needs_member,
        logged=logged,
    )


def written(push: WaitingPush) -> dict[str, Any]:
    to, delivery = push.recipient, push.delivery
    return {
        "binding_sid": to.binding_sid,
        "kind": to.kind.value,
        "address": to.address,
        "credential_sid": to.credential_sid,
        "user_sid": to.user_sid,
        "identity": to.identity,
        "vocabulary": to.vocabulary.value,
        "push_id": delivery.push_id,
        "payload": dict(delivery.payload),
        "expires_at": delivery.expires_at.isoformat(),
        "collapse_id": delivery.collapse_id,
        "urgent": delivery.urgent,
        "event": push.event,
        "channel_sid": push.channel_sid,
        "message_sid": push.message_sid,
        "message_index": push.message_index,
        "needs_member": push.needs_member,
        "logged": push.logged,
        "attempts": push.attempts,
        "unsure": push.unsure,
        "held": push.held,
    }


def read(row: Mapping[str, Any]) -> WaitingPush:  # Any: JSON
    """Raises KeyError, TypeError or ValueError for one that cannot be read."""
    payload = row["payload"]
    texts = (
        row["binding_sid"],
        row["address"],
        row["credential_sid"],
        row["user_sid"],
        row["identity"],
        row["push_id"],
    )
    numbers = (row["attempts"], row["unsure"])
    if not isinstance(payload, dict) or not all(isinstance(text, str) for text in texts):
        raise TypeError("a push has a payload and an address")
    if not all(isinstance(number, int) for number in numbers):
        raise TypeError("attempts are counted")
    index = row.get("message_index")
    if not isinstance(index, int | None):
        raise TypeError("a message index is a number")
    expires_at: datetime = moment(row["expires_at"])
    kind = PushType(row["kind"])
    recipient = Recipient(
        binding_sid=BindingSid(row["binding_sid"]),
        kind=kind,
        address=row["address"],
        credential_sid=CredentialSid(row["credential_sid"]),
        user_sid=UserSid(row["user_sid"]),
        identity=Identity(row["identity"]),
        vocabulary=Vocabulary(row["vocabulary"]),
    )
    delivery = Delivery(
        push_id=row["push_id"],
        kind=kind,
        address=row["address"],
        payload=payload,
        expires_at=expires_at,
        collapse_id=row["collapse_id"],
        urgent=bool(row["urgent"]),
    )
    return WaitingPush(
        recipient=recipient,
        delivery=delivery,
        event=str(row["event"]),
        channel_sid=row["channel_sid"],
        message_sid=row["message_sid"],
        message_index=index,
        needs_member=bool(row["needs_member"]),
        logged=bool(row["logged"]),
        attempts=row["attempts"],
        unsure=row["unsure"],
        held=row["held"],
    )
