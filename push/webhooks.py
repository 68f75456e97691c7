"""Post-event webhooks: who is told is looked up when the job is worked on, what is told was written down with the
event."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal, Protocol
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import AccountSid, ChannelSid, ServiceSid
from chatcore.domain.jobs import JobKind
from chatcore.domain.model import Actor, Service
from chatcore.domain.webhooks import Action, ChannelWebhook, Vocabulary, WebhookType
from chatcore.ports.calls import (
    ATTEMPT_PATIENCE,
    RETRIED_STATUSES,
    Answered,
    Calls,
    Reply,
    Target,
    TimedOut,
    Told,
    Unreachable,
)
from chatcore.ports.jobs import Claimed

from .outcome import Dead, Done, Later, Outcome

logger = logging.getLogger(__name__)

PLACES: Final = 256
BACK_OFF: Final = (1.0, 2.0, 4.0)
"""Seconds before the first, second and third repetition."""

_TOKENS: Final = UUID("6f1b7a52-57a5-4d64-9a3c-2f9c5d1c7b10")
"""Namespace of the tokens by which receivers know repetitions."""


class Scoped(Protocol):
    async def get(self, channel_sid: ChannelSid, sid: str) -> ChannelWebhook | None: ...


@dataclass(frozen=True, slots=True)
class _Addressee:
    target: Target
    retries: int


class PostEvents:
    """Works on webhook jobs. Order is a matter of lanes: a job that has to be repeated keeps its lane."""

    kind = JobKind.WEBHOOK
    places = PLACES

    def __init__(
        self,
        calls: Calls,
        settings: Callable[[Actor], Awaitable[Service]],
        scoped: Scoped,
        count: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`count` hears `delivered`, `retried`, `failed`, `timed_out` or `obsolete` for every job."""
        self._calls = calls
        self._settings = settings
        self._scoped = scoped
        self._count = count

    async def handle(self, job: Claimed) -> Outcome:
        """Raises KeyError, TypeError or ValueError for a job that cannot be read."""
        told = _told(job)
        addressee = await self._addressee(told, job)
        if addressee is None:
            self._count("obsolete")
            return Done()
        token = str(uuid5(_TOKENS, f"{job.id} {job.created_at.isoformat()}"))
        retry = job.attempts - 1
        reply = await self._calls.call(addressee.target, told, retry=retry, token=token, patience=ATTEMPT_PATIENCE)
        if isinstance(reply, Answered) and 200 <= reply.status < 300:
            self._count("delivered")
            return Done()
        if _may_repeat(reply) and retry < min(addressee.retries, len(BACK_OFF)):
            self._count("retried")
            return Later(BACK_OFF[retry], _why(reply))
        self._count("timed_out" if isinstance(reply, TimedOut) else "failed")
        extra = {"action": "webhook_failed", "event": told.event, "host": urlsplit(addressee.target.url).hostname}
        logger.warning("Post-event webhook was not delivered: %s", _why(reply), extra=extra)
        return Dead(_why(reply))

    async def _addressee(self, told: Told, job: Claimed) -> _Addressee | None:
        """None: it is gone, or does not want the event any more."""
        match job.job["target"]:
            case "scoped":
                return await self._scoped_addressee(told, job)
            case "account" | "service" as kind:
                service = await self._service(told)
                if service is None:
                    return None
                return _of_account(service, told) if kind == "account" else _of_service(service, told)
            case unknown:
                raise ValueError(f"unknown kind of target {unknown!r}")

    async def _service(self, told: Told) -> Service | None:
        try:
            return await self._settings(Actor(account_sid=told.account_sid, service_sid=told.service_sid))
        except ChatError as error:
            if error.code is Code.SERVICE_NOT_FOUND:
                return None
            raise

    async def _scoped_addressee(self, told: Told, job: Claimed) -> _Addressee | None:
        webhook = await self._scoped.get(ChannelSid(told.facts["channel"]["sid"]), job.job["target_sid"])
        if webhook is None or not webhook.url or webhook.type is WebhookType.STUDIO:
            return None  # a flow is no business of this server
        if webhook.type is WebhookType.WEBHOOK and told.event not in webhook.filters:
            return None
        return _Addressee(Target(url=webhook.url, method=webhook.method or "POST"), webhook.retry_count)


def _of_account(service: Service, told: Told) -> _Addressee | None:
    account = service.account_webhooks
    if not account.post_url or told.event not in account.filters:
        return None
    return _Addressee(Target(url=account.post_url, method=account.method), 0)


def _of_service(service: Service, told: Told) -> _Addressee | None:
    retries = service.post_webhook_retry_count
    own = service.event_urls.get(told.event) if told.vocabulary is Vocabulary.CHAT else None
    if own is not None and own.url:
        return _Addressee(Target(url=own.url, method=own.method or "POST"), retries)
    if not service.post_webhook_url or told.event not in (service.webhook_filters or ()):
        return None
    return _Addressee(Target(url=service.post_webhook_url, method=service.webhook_method or "POST"), retries)


def _told(job: Claimed) -> Told:
    row = job.job
    facts, identity = row["facts"], row["identity"]
    if not isinstance(facts, dict) or not isinstance(identity, str | None):
        raise TypeError("facts are an object, and an identity is text")
    source: Literal["SDK", "API"] = "API" if row["source"] == "API" else "SDK"
    return Told(
        vocabulary=Vocabulary(row["vocabulary"]),
        action=Action(row["action"]),
        event=str(row["event"]),
        account_sid=AccountSid(row["account_sid"]),
        service_sid=ServiceSid(job.service_sid),
        source=source,
        identity=identity,
        facts=facts,
    )


def _may_repeat(reply: Reply) -> bool:
    return isinstance(reply, TimedOut) or (isinstance(reply, Answered) and reply.status in RETRIED_STATUSES)


def _why(reply: Reply) -> str:
    """With Twilio's number, by which operators find it in its documentation."""
    match reply:
        case Answered(status):
            return f"50057 the target answered {status}"
        case TimedOut():
            return "50076 the target did not answer in time"
        case Unreachable(reason):
            return f"50057 {reason}"
