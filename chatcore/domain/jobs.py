"""What an outbox row asks of the worker. Written in the transaction of the event it follows from."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Any

from .ids import ServiceSid
from .values import value


class JobKind(StrEnum):
    PUSH = "push"
    PUSH_RETRY = "push_retry"  # to one device
    RECHECK = "recheck"  # of those who seemed to be online
    WEBHOOK = "webhook"
    BADGE = "badge"
    DELIVERY = "delivery"  # to participants without identity, through a messaging gateway


@value
class Job:
    """One row of the outbox. Jobs with the same lane are worked on in order; `dedupe` merges waiting twins."""

    kind: JobKind
    service_sid: ServiceSid
    job: dict[str, Any]  # JSON, read only by the worker's handler of this kind
    expires_in: timedelta
    due_in: timedelta = timedelta()
    dedupe: str | None = None
    lane: str | None = None
