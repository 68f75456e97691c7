"""Telling a webhook's target of an event, before or after it happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from chatcore.domain.ids import AccountSid, ServiceSid
from chatcore.domain.snapshot import Facts
from chatcore.domain.webhooks import Action, Vocabulary

ATTEMPT_PATIENCE = 5.0
"""Seconds that one attempt may take in all, from looking up the name to the end of the answer."""

RETRIED_STATUSES = frozenset({429, 503, 504})
"""Twilio REST API: these and timeouts are tried again where the target has retries configured, nothing else is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    url: str
    method: str = "POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event in the words of one vocabulary."""

    vocabulary: Vocabulary
    action: Action
    event: str
    account_sid: AccountSid
    service_sid: ServiceSid
    source: Literal["SDK", "API"]
    identity: str | None
    facts: Facts


@dataclass(frozen=True, slots=True)
class Answered:
    """Any HTTP answer. `body` is empty where it was longer than anybody wants to read."""

    status: int
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class TimedOut:
    pass


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No connection, no readable answer, or an address that must not be called."""

    reason: str


Reply = Answered | TimedOut | Unreachable


class Calls(Protocol):
    async def call(self, target: Target, told: Told, *, retry: int, token: str, patience: float) -> Reply:
        """One attempt, the `retry`-th after the first, which takes `patience` seconds at most. `token` is the same for
        all attempts of one event. Never raises for what a target or the network does."""
        ...
