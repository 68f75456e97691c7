"""Lines of a service's push log. Pure."""

from __future__ import annotations

from dataclasses import replace

from chatcore.domain.ids import MessageSid
from chatcore.ports.pushes import Attempt, Recipient

from .counting import provider_of
from .happenings import Happening
from .waiting import WaitingPush


def attempted(push: WaitingPush, outcome: str, reason: str | None, status: int | None, milliseconds: int) -> Attempt:
    return replace(dropped(push, outcome, reason), status=status, attempt=push.attempts + 1, milliseconds=milliseconds)


def dropped(push: WaitingPush, outcome: str, reason: str | None = None) -> Attempt:
    """It is not sent, or not again."""
    line = passed_over(push.recipient, push.event, push.message_sid, outcome)
    return replace(line, push_id=push.delivery.push_id, reason=reason)


def passed_over(to: Recipient, event: str, message_sid: MessageSid | None, outcome: str) -> Attempt:
    """A device that was to be told."""
    return Attempt(
        user_sid=to.user_sid,
        push_id=None,
        binding_sid=to.binding_sid,
        provider=provider_of(to.kind),
        address_end=to.address[-6:],
        event=event,
        message_sid=message_sid,
        outcome=outcome,
    )


def told_to_nobody(happening: Happening, outcome: str, reason: str | None = None) -> Attempt:
    return Attempt(
        user_sid=None,
        push_id=None,
        binding_sid=None,
        provider=None,
        address_end=None,
        event=happening.event.value,
        message_sid=happening.message_sid,
        outcome=outcome,
        reason=reason,
    )
