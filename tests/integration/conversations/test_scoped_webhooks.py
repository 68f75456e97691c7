from __future__ import annotations

import re
from typing import Any

import pytest

from chatcore.commands.channel_webhooks import WebhookDraft
from chatcore.domain.ids import ChannelSid, ServiceSid
from chatcore.domain.model import Actor
from chatcore.domain.webhooks import Vocabulary
from chatcore.store.postgres import PostgresStore
from tests.integration.rest.rig import Rig

from .rig import Conversations
from .test_messages import new, own_sid

URL = "https://example.org/hook?a=1"
FLOW = "FW" + "a" * 32
WEBHOOK: dict[str, Any] = {"Target": "webhook", "Configuration.Url": URL, "Configuration.Filters": ["onMessageAdded"]}
TRIGGER: dict[str, Any] = {"Target": "trigger", "Configuration.Url": URL, "Configuration.Triggers": ["help"]}
STUDIO: dict[str, Any] = {"Target": "studio", "Configuration.FlowSid": FLOW}  # Any: values of parameters


async def test_a_fresh_webhook_has_every_property(either: Conversations) -> None:
    path = await new(either)
    made = await either.create(f"{path}/Webhooks", WEBHOOK)
    url = either.url(f"{path}/Webhooks/{made['sid']}")
    assert made == own_sid(either) | {
        "sid": made["sid"],
        "account_sid": either.account.sid,
        "conversation_sid": path.removeprefix("Conversations/"),
        "target": "webhook",
        "url": url,
        "configuration": {"url": URL, "method": "POST", "filters": ["onMessageAdded"]},
        "date_created": made["date_created"],
        "date_updated": made["date_created"],
    }
    assert re.fullmatch("WH[0-9a-f]{32}", made["sid"])
    assert await either.get(url) == made
    page = await either.get(f"{path}/Webhooks")
    assert (page["meta"]["key"], page["meta"]["page_size"], page["webhooks"]) == ("webhooks", 5, [made])


@pytest.mark.parametrize(
    ("values", "configuration"),
    [
        (TRIGGER, {"url": URL, "method": "POST", "triggers": ["help"]}),
        (STUDIO, {"flow_sid": FLOW}),
        ({**STUDIO, "Configuration.ReplayAfter": "7"}, {"flow_sid": FLOW, "replay_after": 7}),
        (
            {**WEBHOOK, "Configuration.ReplayAfter": "0", "Configuration.Method": "get"},
            {"url": URL, "method": "get", "filters": ["onMessageAdded"], "replay_after": 0},
        ),
        (
            {**TRIGGER, "Configuration.Triggers": ["a", "b"], "Configuration.Method": "GET"},
            {"url": URL, "method": "GET", "triggers": ["a", "b"]},
        ),
    ],
)
async def test_each_target_has_a_configuration_of_its_own(
    conversations: Conversations, values: dict[str, Any], configuration: dict[str, Any]
) -> None:
    made = await conversations.create(f"{await new(conversations)}/Webhooks", values)
    assert (made["target"], made["configuration"]) == (values["Target"], configuration)


async def test_life_of_a_webhook(either: Conversations) -> None:
    path = await new(either)
    made = await either.create(f"{path}/Webhooks", WEBHOOK)
    one = f"{path}/Webhooks/{made['sid']}"
    assert await either.update(one) == made
    values = {
        "Configuration.Url": "http://example.org/",
        "Configuration.Method": "Get",
        "Configuration.Filters": ["onParticipantAdded", "onMessageAdded", "onParticipantAdded"],
    }
    changed = await either.update(one, values)
    assert changed["configuration"] == {
        "url": "http://example.org/",
        "method": "Get",
        "filters": ["onParticipantAdded", "onMessageAdded"],
    }
    assert await either.get(one) == changed
    await either.delete(one)
    for method in ("GET", "POST", "DELETE"):
        assert await either.refused(method, one) == (404, 20404)
    assert (await either.get(f"{path}/Webhooks"))["webhooks"] == []


async def test_there_are_five_at_most(conversations: Conversations) -> None:
    path = await new(conversations)
    made = [await conversations.create(f"{path}/Webhooks", WEBHOOK) for _ in range(5)]
    assert await conversations.refused("POST", f"{path}/Webhooks", WEBHOOK) == (403, 50361)
    page = await conversations.get(f"{path}/Webhooks", PageSize="100")
    assert (page["meta"]["page_size"], page["webhooks"]) == (5, made)
    page = await conversations.get(f"{path}/Webhooks", PageSize="2")
    assert await conversations.follow(page, "webhooks") == made
    await conversations.delete(f"{path}/Webhooks/{made[0]['sid']}")
    await conversations.create(f"{path}/Webhooks", WEBHOOK)


LONG = "https://example.org/" + "x" * 493
BAD: list[tuple[dict[str, Any], int]] = [
    ({}, 50368),
    ({"Target": ""}, 50368),
    ({"Target": "other"}, 50364),
    ({"Target": "Webhook"}, 50364),
    ({**WEBHOOK, "Configuration.Url": ""}, 50369),
    ({"Target": "webhook", "Configuration.Filters": "onMessageAdded"}, 50369),
    ({"Target": "trigger", "Configuration.Triggers": "help"}, 50369),
    ({**WEBHOOK, "Configuration.Url": LONG}, 50372),
    ({**WEBHOOK, "Configuration.Url": "example.org"}, 20001),
    ({**WEBHOOK, "Configuration.Url": "ftp://example.org"}, 20001),
    ({**WEBHOOK, "Configuration.Method": "PUT"}, 50055),
    ({**WEBHOOK, "Configuration.Method": ""}, 50055),
    ({"Target": "webhook", "Configuration.Url": URL}, 50370),
    ({**WEBHOOK, "Configuration.Filters": ""}, 50370),
    ({**WEBHOOK, "Configuration.Filters": ["onMessageAdd"]}, 50365),
    ({**WEBHOOK, "Configuration.Filters": ["onMessageSent"]}, 50365),
    ({**WEBHOOK, "Configuration.Filters": ["onMessageAdded", "nothing"]}, 50365),
    ({"Target": "trigger", "Configuration.Url": URL}, 50371),
    ({**TRIGGER, "Configuration.Triggers": ["a", ""]}, 50366),
    ({**TRIGGER, "Configuration.Triggers": ["x" * 249]}, 50366),
    ({**TRIGGER, "Configuration.Triggers": list("abcdef")}, 50362),
    ({"Target": "studio"}, 50367),
    ({**STUDIO, "Configuration.FlowSid": "FW12"}, 50367),
    ({**STUDIO, "Configuration.ReplayAfter": "x"}, 20001),
]


@pytest.mark.parametrize(("values", "code"), BAD)
async def test_bad_webhooks_are_refused(conversations: Conversations, values: dict[str, Any], code: int) -> None:
    path = await new(conversations)
    assert await conversations.refused("POST", f"{path}/Webhooks", values) == (400, code)
    assert (await conversations.get(f"{path}/Webhooks"))["webhooks"] == []


@pytest.mark.parametrize(
    ("held", "values", "code"),
    [
        (WEBHOOK, {"Configuration.Url": ""}, 50369),
        (WEBHOOK, {"Configuration.Url": LONG}, 50372),
        (WEBHOOK, {"Configuration.Url": "x"}, 20001),
        (WEBHOOK, {"Configuration.Method": "PATCH"}, 50055),
        (WEBHOOK, {"Configuration.Filters": "onMessageSend"}, 50365),
        (WEBHOOK, {"Configuration.Filters": ""}, 50370),
        (TRIGGER, {"Configuration.Triggers": ""}, 50371),
        (TRIGGER, {"Configuration.Triggers": list("abcdef")}, 50362),
        (TRIGGER, {"Configuration.Triggers": "x" * 249}, 50366),
        (STUDIO, {"Configuration.FlowSid": "FW12"}, 50367),
    ],
)
async def test_bad_updates_are_refused(
    conversations: Conversations, held: dict[str, Any], values: dict[str, Any], code: int
) -> None:
    path = await new(conversations)
    made = await conversations.create(f"{path}/Webhooks", held)
    assert await conversations.refused("POST", f"{path}/Webhooks/{made['sid']}", values) == (400, code)
    assert (await conversations.get(f"{path}/Webhooks"))["webhooks"] == [made]


async def test_longest_values_are_accepted(conversations: Conversations) -> None:
    path = await new(conversations)
    await conversations.create(f"{path}/Webhooks", {**WEBHOOK, "Configuration.Url": LONG[:-1]})
    await conversations.create(f"{path}/Webhooks", {**TRIGGER, "Configuration.Triggers": ["x" * 248] * 5})


async def test_filters_of_chat_are_shown_by_their_names_here(
    conversations: Conversations, rig: Rig, store: PostgresStore
) -> None:
    path = await new(conversations)
    actor = Actor(account_sid=conversations.account.sid, service_sid=ServiceSid(conversations.service_sid))
    draft = WebhookDraft(
        vocabulary=Vocabulary.CHAT,
        type="webhook",
        url=URL,
        filters=("onMessageSent", "onMediaMessageSent", "onMemberAdded", "onUserUpdated"),
    )
    made = await rig.chat.channel_webhooks.create(actor, ChannelSid(path.removeprefix("Conversations/")), draft)
    shown = await conversations.get(f"{path}/Webhooks/{made.sid}")
    assert shown["configuration"]["filters"] == ["onMessageAdded", "onParticipantAdded", "onUserUpdated"]


async def test_webhooks_of_others(conversations: Conversations, stranger: Conversations) -> None:
    path, other = await new(conversations), await new(conversations)
    made = await conversations.create(f"{path}/Webhooks", WEBHOOK)
    for method in ("GET", "POST", "DELETE"):
        assert await stranger.refused(method, f"{path}/Webhooks/{made['sid']}") == (404, 20404)
        assert await conversations.refused(method, f"{other}/Webhooks/{made['sid']}") == (404, 20404)
    assert await conversations.refused("GET", f"{path}/Webhooks/WH12") == (404, 20404)
