"""Targets of channels: what may be stored, how many, and that the channel counts them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from chatcore.commands.channel_webhooks import WebhookDraft, WebhookPatch
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import new_sid
from chatcore.domain.model import Channel
from chatcore.domain.webhooks import ChannelWebhook, Vocabulary, WebhookType

from .world import ALL, World, refused, unknown

URL = "https://example.org/hook"
FLOW = new_sid("FW")
HOOK = WebhookDraft(vocabulary=Vocabulary.CHAT, type="webhook", url=URL, filters=["onMessageSent"])
TRIGGER = WebhookDraft(vocabulary=Vocabulary.CHAT, type="trigger", url=URL, triggers=["help", "stop"])
STUDIO = WebhookDraft(vocabulary=Vocabulary.CHAT, type="studio", flow_sid=FLOW)


def patch(**fields: Any) -> WebhookPatch:  # Any: fields of a patch
    return WebhookPatch(vocabulary=Vocabulary.CHAT, **fields)


async def make(world: World, draft: WebhookDraft = HOOK) -> tuple[Channel, ChannelWebhook]:
    channel = await world.channel()
    return channel, await world.chat.channel_webhooks.create(world.rest, channel.sid, draft)


@pytest.mark.parametrize("draft", [HOOK, TRIGGER, STUDIO], ids=lambda d: d.type)
async def test_what_was_made_is_found(world: World, draft: WebhookDraft) -> None:
    channel, webhook = await make(world, replace(draft, retry_count=2))
    assert webhook.type is WebhookType(str(draft.type))
    assert (webhook.retry_count, webhook.vocabulary) == (2, Vocabulary.CHAT)
    assert webhook.method == (None if webhook.type is WebhookType.STUDIO else "POST")
    assert await world.chat.channel_webhooks.get(world.rest, channel.sid, webhook.sid) == webhook
    page = await world.chat.channel_webhooks.list(world.rest, channel.sid, ALL)
    assert list(page.items) == [webhook]


async def test_what_the_type_does_not_have_is_ignored(world: World) -> None:
    everything = {"url": URL, "method": "GET", "filters": ["onUserAdded"], "triggers": ["x"], "flow_sid": FLOW}
    for kind, kept in (("webhook", {"url", "method", "filters"}), ("trigger", {"url", "method", "triggers"})):
        _, webhook = await make(world, WebhookDraft(vocabulary=Vocabulary.CHAT, type=kind, **everything))  # type: ignore[arg-type]
        for name in everything.keys() - kept:
            assert not getattr(webhook, name)
    _, studio = await make(world, WebhookDraft(vocabulary=Vocabulary.CHAT, type="studio", **everything))  # type: ignore[arg-type]
    assert (studio.url, studio.method, studio.filters, studio.flow_sid) == (None, None, (), FLOW)


async def test_the_channel_counts_them_and_nobody_is_told(world: World) -> None:
    channel, webhook = await make(world)
    log = await world.channel_log(channel)
    assert (await world.now(channel)).webhooks_count == 1
    await world.chat.channel_webhooks.delete(world.rest, channel.sid, webhook.sid)
    after = await world.now(channel)
    assert after.webhooks_count == 0
    assert (after.date_updated, after.stream) == (channel.date_updated, channel.stream)
    assert await world.channel_log(channel) == log


async def test_five_and_no_more_however_many_ask_at_once(world: World) -> None:
    channel = await world.channel()

    made = await asyncio.gather(
        *(world.chat.channel_webhooks.create(world.rest, channel.sid, HOOK) for _ in range(8)), return_exceptions=True
    )
    refusals = [error.code for error in made if isinstance(error, ChatError)]
    assert refusals == [Code.WEBHOOKS_EXCEEDED] * 3
    assert (await world.now(channel)).webhooks_count == 5


async def test_a_target_hears_what_its_channel_does(world: World) -> None:
    channel, webhook = await make(world)
    alice = await world.user("alice")
    await world.add(channel, "alice")
    await world.send(channel, by=alice)
    (job,) = [job for job in await world.jobs() if job.get("target") == "scoped"]
    assert (job["target_sid"], job["event"]) == (webhook.sid, "onMessageSent")


BAD: list[tuple[WebhookDraft, dict[str, Any], Code]] = [
    (HOOK, {"type": ""}, Code.WEBHOOK_TYPE_MISSING),
    (HOOK, {"type": "mail"}, Code.WEBHOOK_TYPE_INVALID),
    (HOOK, {"url": None}, Code.WEBHOOK_URL_MISSING),
    (TRIGGER, {"url": None}, Code.WEBHOOK_URL_MISSING),
    (HOOK, {"url": "https://example.org/" + "x" * 500}, Code.WEBHOOK_URL_TOO_LONG),
    (HOOK, {"method": "PUT"}, Code.WEBHOOK_METHOD_INVALID),
    (HOOK, {"method": ""}, Code.WEBHOOK_METHOD_INVALID),
    (HOOK, {"filters": ()}, Code.WEBHOOK_FILTER_MISSING),
    (HOOK, {"filters": ["onMessageSend"]}, Code.WEBHOOK_FILTER_INVALID),
    (HOOK, {"filters": ["onMessageAdded"]}, Code.WEBHOOK_FILTER_INVALID),
    (HOOK, {"filters": ["\x00"]}, Code.INVALID_PARAMETER),
    (TRIGGER, {"triggers": ()}, Code.WEBHOOK_TRIGGER_MISSING),
    (TRIGGER, {"triggers": ["a", ""]}, Code.WEBHOOK_TRIGGER_INVALID),
    (TRIGGER, {"triggers": ["x" * 249]}, Code.WEBHOOK_TRIGGER_INVALID),
    (TRIGGER, {"triggers": list("abcdef")}, Code.TRIGGERS_EXCEEDED),
    (STUDIO, {"flow_sid": None}, Code.WEBHOOK_FLOW_INVALID),
    (STUDIO, {"flow_sid": "FW1"}, Code.WEBHOOK_FLOW_INVALID),
    (HOOK, {"retry_count": 4}, Code.RETRY_COUNT_INVALID),
    (STUDIO, {"retry_count": -1}, Code.RETRY_COUNT_INVALID),
]


@pytest.mark.parametrize(("draft", "bad", "code"), BAD)
async def test_what_may_not_be_stored(world: World, draft: WebhookDraft, bad: dict[str, Any], code: Code) -> None:
    channel = await world.channel()
    with refused(code):
        await world.chat.channel_webhooks.create(world.rest, channel.sid, replace(draft, **bad))
    assert (await world.now(channel)).webhooks_count == 0
    if "type" in bad:
        return
    webhook = await world.chat.channel_webhooks.create(world.rest, channel.sid, draft)
    with refused(code):
        await world.chat.channel_webhooks.update(world.rest, channel.sid, webhook.sid, patch(**bad))
    assert await world.chat.channel_webhooks.get(world.rest, channel.sid, webhook.sid) == webhook


async def test_each_vocabulary_has_its_filters(world: World) -> None:
    conversations = replace(HOOK, vocabulary=Vocabulary.CONVERSATIONS, filters=["onMessageAdded", "onMessageAdded"])
    _, webhook = await make(world, replace(conversations, method="get", replay_after=7))
    assert (webhook.filters, webhook.method, webhook.replay_after) == (("onMessageAdded",), "get", 7)
    with refused(Code.WEBHOOK_FILTER_INVALID):
        await make(world, replace(HOOK, vocabulary=Vocabulary.CONVERSATIONS))


async def test_an_update_touches_only_what_is_given(world: World) -> None:
    channel, webhook = await make(world)
    webhooks = world.chat.channel_webhooks
    assert await webhooks.update(world.rest, channel.sid, webhook.sid, patch()) == webhook
    changed = await webhooks.update(
        world.rest, channel.sid, webhook.sid, patch(url="http://example.org", retry_count=3)
    )
    assert changed.date_updated > webhook.date_updated
    expected = replace(webhook, url="http://example.org", retry_count=3, date_updated=changed.date_updated)
    assert changed == expected == await webhooks.get(world.rest, channel.sid, webhook.sid)


async def test_absent_ones(world: World) -> None:
    channel, webhook = await make(world)
    other = await world.channel()
    webhooks = world.chat.channel_webhooks
    for key, sid in ((other.sid, webhook.sid), (channel.sid, unknown("WH")), (channel.sid, "x")):
        for call in (webhooks.get, webhooks.delete):
            with refused(Code.WEBHOOK_NOT_FOUND):
                await call(world.rest, key, sid)
        with refused(Code.WEBHOOK_NOT_FOUND):
            await webhooks.update(world.rest, key, sid, patch())
    with refused(Code.CHANNEL_NOT_FOUND):
        await webhooks.list(world.rest, unknown("CH"), ALL)
