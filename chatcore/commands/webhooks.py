"""Which events make a webhook job: a pure rule over the event and the targets. URLs are read when the job is sent.

One job per target and vocabulary, in a lane of its target and channel: order is kept there, and a target that is slow
holds up nobody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from chatcore.domain.jobs import Job, JobKind
from chatcore.domain.model import Actor, Channel, ChannelType, Message, Service
from chatcore.domain.snapshot import Facts
from chatcore.domain.webhooks import Action, ChannelWebhook, Vocabulary, WebhookType, names

WEBHOOK_EXPIRY = timedelta(days=1)


def heard(actor: Actor) -> bool:
    """Whether targets hear of what the actor does: clients always, REST callers who asked for it."""
    return actor.identity is not None or actor.webhooks


def wanted(service: Service, channel: Channel | None) -> bool:
    """Whether there is any target at all: a cheap look before anything is prepared."""
    return bool(
        (service.post_webhook_url and service.webhook_filters)
        or service.event_urls
        or (service.account_webhooks.post_url and service.account_webhooks.filters)
        or (channel is not None and channel.webhooks_count)
    )


def post_jobs(
    actor: Actor,
    service: Service,
    action: Action,
    facts: Facts,
    *,
    channel: Channel | None = None,
    scoped: Sequence[ChannelWebhook] = (),
    message: Message | None = None,
) -> list[Job]:
    """`channel` is where it happened, None for users. `scoped` are the channel's own targets. `facts` are shared by
    all jobs and not copied."""
    about = channel.sid if channel is not None else facts.get("user", {}).get("sid", service.sid)
    media = message is not None and bool(message.media)
    jobs = []
    for kind, sid, vocabulary, event in _targets(service, action, channel, scoped, message, media=media):
        job = {
            "target": kind,
            "target_sid": sid,
            "account_sid": service.account_sid,
            "vocabulary": vocabulary.value,
            "action": action.value,
            "event": event,
            "source": "API" if actor.identity is None else "SDK",
            "identity": actor.identity,
            "facts": facts,
        }
        jobs.append(
            Job(
                kind=JobKind.WEBHOOK,
                service_sid=service.sid,
                job=job,
                lane=f"{sid}:{vocabulary.value}:{about}",
                expires_in=WEBHOOK_EXPIRY,
            )
        )
    return jobs


def _targets(
    service: Service,
    action: Action,
    channel: Channel | None,
    scoped: Sequence[ChannelWebhook],
    message: Message | None,
    *,
    media: bool,
) -> Iterable[tuple[str, str, Vocabulary, str]]:
    """Kind, SID, vocabulary and event name of every target that hears of it."""
    chat = names(action, Vocabulary.CHAT, media=media).after
    conversations = names(action, Vocabulary.CONVERSATIONS, media=media).after
    private = channel is None or channel.type is ChannelType.PRIVATE  # Conversations knows no public channels
    account = service.account_webhooks
    if conversations and private and account.post_url and conversations in account.filters:
        yield "account", service.account_sid, Vocabulary.CONVERSATIONS, conversations
    filters = service.webhook_filters or ()
    if chat and (service.event_urls.get(chat) or (service.post_webhook_url and chat in filters)):
        yield "service", service.sid, Vocabulary.CHAT, chat
    if conversations and private and service.post_webhook_url and conversations in filters and conversations != chat:
        yield "service", service.sid, Vocabulary.CONVERSATIONS, conversations
    for webhook in scoped:
        for vocabulary, event in ((Vocabulary.CHAT, chat), (Vocabulary.CONVERSATIONS, conversations)):
            if event and _hears(webhook, vocabulary, event, action, message, media=media):
                yield "scoped", webhook.sid, vocabulary, event


def _hears(
    webhook: ChannelWebhook,
    vocabulary: Vocabulary,
    event: str,
    action: Action,
    message: Message | None,
    *,
    media: bool,
) -> bool:
    match webhook.type:
        case WebhookType.WEBHOOK:
            if event not in webhook.filters:
                return False
            shared = names(action, _OTHER[vocabulary], media=media).after == event  # a name of both is sent once
            return not shared or vocabulary is webhook.vocabulary
        case WebhookType.TRIGGER:
            if action is not Action.MESSAGE_ADD or message is None or vocabulary is not webhook.vocabulary:
                return False
            body = (message.body or "").casefold()
            return any(trigger.casefold() in body for trigger in webhook.triggers)
        case WebhookType.STUDIO:
            return action is Action.MESSAGE_ADD and vocabulary is webhook.vocabulary


_OTHER = {Vocabulary.CHAT: Vocabulary.CONVERSATIONS, Vocabulary.CONVERSATIONS: Vocabulary.CHAT}
