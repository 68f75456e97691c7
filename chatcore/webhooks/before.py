"""Asks pre-event webhooks whether, and how, an action may happen.

Only what clients do is asked about. Two targets may be asked: that of the account first, then that of the service,
which sees what the first one changed; who refuses first has decided. A client on a socket gives up after five seconds,
so all attempts of all targets share a little less.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

from chatcore.domain.errors import ChatError
from chatcore.domain.model import Actor, ChannelType, Service
from chatcore.domain.snapshot import Facts
from chatcore.domain.webhooks import Action, Vocabulary, names
from chatcore.ports.calls import ATTEMPT_PATIENCE, RETRIED_STATUSES, Answered, Calls, Target, TimedOut, Told
from chatcore.ports.clock import Clock
from chatcore.ports.hooks import NO_CHANGES, Changes, Look

from .answer import judged

logger = logging.getLogger(__name__)

PATIENCE: Final = 4.5
"""Seconds for all attempts of one action."""

_MESSAGES: Final = frozenset({Action.MESSAGE_ADD, Action.MESSAGE_UPDATE})
_CHANNELS: Final = frozenset({Action.CHANNEL_ADD, Action.CHANNEL_UPDATE})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    target: Target
    vocabulary: Vocabulary
    event: str
    retries: int


class BeforeCalls:
    """Satisfies `ports.hooks.BeforeHook`."""

    def __init__(
        self,
        calls: Calls,
        settings: Callable[[Actor], Awaitable[Service]],
        clock: Clock,
        count: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`settings` are asked for every action of a client, so they have to be at hand. `count` hears `passed`,
        `changed`, `rejected` or `unanswered` for every question."""
        self._calls = calls
        self._settings = settings
        self._clock = clock
        self._count = count

    def asks(self, actor: Actor, service: Service, action: Action) -> bool:
        if actor.identity is None:
            return False
        if not (service.pre_webhook_url or service.account_webhooks.pre_url or service.event_urls):
            return False
        return any(_questions(service, action, media=media, private=True) for media in (False, True))

    async def before(self, actor: Actor, action: Action, look: Look) -> Changes:
        if actor.identity is None:
            return NO_CHANGES
        service = await self._settings(actor)
        if not self.asks(actor, service, action):
            return NO_CHANGES
        facts = await look()
        deadline = self._clock.monotonic() + PATIENCE
        changes: dict[str, str] = {}
        for question in _questions(service, action, media=_has_media(facts), private=_is_private(facts)):
            told = Told(
                vocabulary=question.vocabulary,
                action=action,
                event=question.event,
                account_sid=service.account_sid,
                service_sid=service.sid,
                source="SDK",
                identity=actor.identity,
                facts={"by": actor.name, **_changed(facts, action, changes)},
            )
            changes |= await self._ask(question, told, deadline)
        return changes

    async def _ask(self, question: _Question, told: Told, deadline: float) -> Changes:
        token, answer, why = str(uuid4()), None, "no time was left"
        for retry in range(question.retries + 1):
            patience = min(ATTEMPT_PATIENCE, deadline - self._clock.monotonic())
            if patience <= 0:
                break
            reply = await self._calls.call(question.target, told, retry=retry, token=token, patience=patience)
            match reply:
                case Answered(status):
                    answer = reply
                    if status not in RETRIED_STATUSES:
                        break
                case TimedOut():
                    answer, why = None, "it timed out"
                case unreachable:
                    answer, why = None, unreachable.reason
                    break
        if answer is not None:
            return self._judged(told, answer)
        self._count("unanswered")
        logger.warning(
            "Pre-event webhook gave no answer, %s goes on as it is: %s",
            told.event,
            why,
            extra={"action": "webhook_unanswered", "host": urlsplit(question.target.url).hostname},
        )
        return NO_CHANGES

    def _judged(self, told: Told, answer: Answered) -> Changes:
        try:
            changes = judged(told.vocabulary, told.action, answer)
        except ChatError:
            self._count("rejected")
            raise
        self._count("changed" if changes else "passed")
        return changes


def _questions(service: Service, action: Action, *, media: bool, private: bool) -> list[_Question]:
    """In the order in which they are asked."""
    return list(_account_question(service, action, private=private)) + list(
        _service_questions(service, action, media=media, private=private)
    )


def _account_question(service: Service, action: Action, *, private: bool) -> Iterable[_Question]:
    account, event = service.account_webhooks, names(action, Vocabulary.CONVERSATIONS).before
    if private and account.pre_url and event in account.filters and event is not None:
        target = Target(url=account.pre_url, method=account.method)
        yield _Question(target=target, vocabulary=Vocabulary.CONVERSATIONS, event=event, retries=0)


def _service_questions(service: Service, action: Action, *, media: bool, private: bool) -> Iterable[_Question]:
    """A name of both vocabularies means Chat's event, as it does after the event."""
    chat = names(action, Vocabulary.CHAT, media=media).before
    conversations = names(action, Vocabulary.CONVERSATIONS).before
    filters, retries = service.webhook_filters or (), service.pre_webhook_retry_count
    url, method = service.pre_webhook_url, service.webhook_method or "POST"
    own = service.event_urls.get(chat) if chat is not None else None
    if chat is not None and own is not None and own.url:
        target = Target(url=own.url, method=own.method or "POST")
        yield _Question(target=target, vocabulary=Vocabulary.CHAT, event=chat, retries=retries)
    elif chat is not None and url and chat in filters:
        target = Target(url=url, method=method)
        yield _Question(target=target, vocabulary=Vocabulary.CHAT, event=chat, retries=retries)
    # Conversations knows no public channels.
    if private and url and conversations is not None and conversations != chat and conversations in filters:
        target = Target(url=url, method=method)
        yield _Question(target=target, vocabulary=Vocabulary.CONVERSATIONS, event=conversations, retries=retries)


def _is_private(facts: Facts) -> bool:
    channel = facts.get("channel")
    return channel is None or channel["type"] == ChannelType.PRIVATE


def _has_media(facts: Facts) -> bool:
    return bool(facts.get("message", {}).get("media"))


def _changed(facts: Facts, action: Action, changes: Changes) -> Facts:
    """What the next target is told."""
    subject = "message" if action in _MESSAGES else "channel" if action in _CHANNELS else None
    return facts if not changes or subject is None else {**facts, subject: {**facts[subject], **changes}}
