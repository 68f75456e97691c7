"""Commands on the webhook targets of channels, made through REST.

No event tells of them: the channel only counts them, so that a send knows without a look whether there are any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chatcore.domain import limits
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import WebhookSid, is_sid, new_sid
from chatcore.domain.model import UNSET, Actor, Unset, given
from chatcore.domain.paging import Page, Window
from chatcore.domain.webhooks import POST_EVENTS, ChannelWebhook, Vocabulary, WebhookType

from .access import enter
from .unit import Unit, Work

WEBHOOKS_MAX = 5
TRIGGERS_MAX = 5
TRIGGER_CHARS = 248
URL_CHARS = 512
RETRIES_MAX = 3
METHODS = frozenset({"GET", "POST"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookPatch:
    """Fields to change; UNSET leaves a field as it is. What the target's type does not have is ignored.

    `filters` are names of post-events in `vocabulary`. The caller has made sure that `url` is an absolute http(s) URL.
    """

    vocabulary: Vocabulary
    url: str | Unset | None = UNSET
    method: str | Unset = UNSET  # in any case, kept as given
    filters: Sequence[str] | Unset = UNSET
    triggers: Sequence[str] | Unset = UNSET
    flow_sid: str | Unset | None = UNSET
    retry_count: int | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDraft(WebhookPatch):
    """Fields of a new target. `replay_after`: index of a message, stored only."""

    type: str | Unset = UNSET
    replay_after: int | Unset | None = UNSET


def webhook_not_found(sid: str) -> ChatError:
    return ChatError(Code.WEBHOOK_NOT_FOUND, f"Webhook {sid} was not found")


class ChannelWebhooks:
    """One public method is one command. None of them is open to clients."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def create(self, actor: Actor, channel_key: str, draft: WebhookDraft) -> ChannelWebhook:
        """Raises ChatError(WEBHOOKS_EXCEEDED) for a sixth target."""
        kind = _type(draft.type)

        async def act(work: Work) -> ChannelWebhook:
            channel = (await enter(work.tx, actor, channel_key, lock=True)).channel
            blank = ChannelWebhook(
                sid=WebhookSid(new_sid("WH")),
                service_sid=channel.service_sid,
                channel_sid=channel.sid,
                vocabulary=draft.vocabulary,
                type=kind,
                url=None,
                method=None if kind is WebhookType.STUDIO else "POST",
                filters=(),
                triggers=(),
                flow_sid=None,
                retry_count=0,
                replay_after=given(draft.replay_after, None),
                date_created=work.now,
                date_updated=work.now,
            )
            webhook = _changed(blank, draft)
            if channel.webhooks_count >= WEBHOOKS_MAX:
                raise ChatError(Code.WEBHOOKS_EXCEEDED, f"The channel has its {WEBHOOKS_MAX} webhooks")
            await work.tx.channel_webhooks.insert(webhook)
            await work.tx.channels.save(replace(channel, webhooks_count=channel.webhooks_count + 1))
            return webhook

        return await self._unit.run(actor, act)

    async def get(self, actor: Actor, channel_key: str, sid: str) -> ChannelWebhook:
        channel = (await enter(self._unit.store.read, actor, channel_key)).channel
        webhook = await self._unit.store.read.channel_webhooks.get(channel.sid, sid)
        if webhook is None:
            raise webhook_not_found(sid)
        return webhook

    async def list(self, actor: Actor, channel_key: str, window: Window) -> Page[ChannelWebhook]:
        channel = (await enter(self._unit.store.read, actor, channel_key)).channel
        return await self._unit.store.read.channel_webhooks.list(channel.sid, window)

    async def update(self, actor: Actor, channel_key: str, sid: str, patch: WebhookPatch) -> ChannelWebhook:
        """Nothing changed: answers with the target as it is."""

        async def act(work: Work) -> ChannelWebhook:
            channel = (await enter(work.tx, actor, channel_key, lock=True)).channel
            old = await work.tx.channel_webhooks.get(channel.sid, sid)
            if old is None:
                raise webhook_not_found(sid)
            webhook = _changed(old, patch)
            if webhook == old:
                return old
            webhook = replace(webhook, date_updated=work.now)
            await work.tx.channel_webhooks.update(webhook)
            return webhook

        return await self._unit.run(actor, act)

    async def delete(self, actor: Actor, channel_key: str, sid: str) -> None:
        async def act(work: Work) -> None:
            channel = (await enter(work.tx, actor, channel_key, lock=True)).channel
            webhook = await work.tx.channel_webhooks.get(channel.sid, sid)
            if webhook is None:
                raise webhook_not_found(sid)
            await work.tx.channel_webhooks.delete(webhook.sid)
            await work.tx.channels.save(replace(channel, webhooks_count=channel.webhooks_count - 1))

        await self._unit.run(actor, act)


def _type(text: str | Unset) -> WebhookType:
    if isinstance(text, Unset) or not text:
        raise ChatError(Code.WEBHOOK_TYPE_MISSING, "The type of the webhook is missing")
    try:
        return WebhookType(text)
    except ValueError:
        raise ChatError(Code.WEBHOOK_TYPE_INVALID, f"The type must be one of {', '.join(WebhookType)}") from None


def _changed(held: ChannelWebhook, patch: WebhookPatch) -> ChannelWebhook:
    """The target with what was given: first everything has to be there, then everything has to be right."""
    calls, kind = held.type is not WebhookType.STUDIO, held.type
    url = given(patch.url, held.url) if calls else None
    filters = given(patch.filters, held.filters) if kind is WebhookType.WEBHOOK else ()
    triggers = given(patch.triggers, held.triggers) if kind is WebhookType.TRIGGER else ()
    flow_sid = held.flow_sid if calls else given(patch.flow_sid, held.flow_sid)
    if calls and not url:
        raise ChatError(Code.WEBHOOK_URL_MISSING, "The URL of the webhook is missing")
    if kind is WebhookType.WEBHOOK and not filters:
        raise ChatError(Code.WEBHOOK_FILTER_MISSING, "The filters of the webhook are missing")
    if kind is WebhookType.TRIGGER and not triggers:
        raise ChatError(Code.WEBHOOK_TRIGGER_MISSING, "The triggers of the webhook are missing")
    if url is not None and len(limits.clean("Url", url)) > URL_CHARS:
        raise ChatError(Code.WEBHOOK_URL_TOO_LONG, f"The URL is longer than {URL_CHARS} characters")
    method = held.method
    if calls and not isinstance(patch.method, Unset):
        method = _method(patch.method)
    if kind is WebhookType.WEBHOOK and patch.filters is not UNSET:
        _check_filters(filters, patch.vocabulary)
    if kind is WebhookType.TRIGGER and patch.triggers is not UNSET:
        _check_triggers(triggers)
    if not calls and (flow_sid is None or not is_sid("FW", flow_sid)):
        raise ChatError(Code.WEBHOOK_FLOW_INVALID, "FlowSid is not the SID of a flow")
    retries = given(patch.retry_count, held.retry_count)
    if not 0 <= retries <= RETRIES_MAX:
        raise ChatError(Code.RETRY_COUNT_INVALID, f"The retry count must be between 0 and {RETRIES_MAX}")
    return replace(
        held,
        url=url,
        method=method,
        filters=tuple(dict.fromkeys(filters)),
        triggers=tuple(triggers),
        flow_sid=flow_sid,
        retry_count=retries,
    )


def _method(text: str) -> str:
    if text.upper() not in METHODS:
        raise ChatError(Code.WEBHOOK_METHOD_INVALID, "The method must be GET or POST")
    return text


def _check_filters(names: Sequence[str], vocabulary: Vocabulary) -> None:
    for name in names:
        if name not in POST_EVENTS[vocabulary]:
            raise ChatError(Code.WEBHOOK_FILTER_INVALID, f"{limits.clean('Filters', name)} is not a post-event")


def _check_triggers(words: Sequence[str]) -> None:
    if len(words) > TRIGGERS_MAX:
        raise ChatError(Code.TRIGGERS_EXCEEDED, f"There are more than {TRIGGERS_MAX} triggers")
    for word in words:
        if not 1 <= len(limits.clean("Triggers", word)) <= TRIGGER_CHARS:
            raise ChatError(Code.WEBHOOK_TRIGGER_INVALID, f"A trigger must have 1 to {TRIGGER_CHARS} characters")
