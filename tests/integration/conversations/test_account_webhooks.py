from __future__ import annotations

import pytest

from .rig import HOST, Conversations

PATH = "Configuration/Webhooks"
FRESH: dict[str, object] = {
    "method": "POST",
    "filters": [],
    "pre_webhook_url": None,
    "post_webhook_url": None,
    "target": "webhook",
    "url": f"{HOST}/v1/Configuration/Webhooks",
}


async def test_fresh_webhooks_have_every_property(conversations: Conversations) -> None:
    webhooks = await conversations.get(PATH)
    assert webhooks == FRESH | {"account_sid": conversations.account.sid}
    assert await conversations.update(PATH) == webhooks


async def test_update_changes_what_is_given(conversations: Conversations, stranger: Conversations) -> None:
    values = {
        "Method": "get",
        "Filters": ["onMessageAdd", "onUserUpdated", "onMessageAdd"],
        "PreWebhookUrl": "https://example.com/pre?a=b",
        "PostWebhookUrl": "http://example.com:8080/post",
        "Target": "flex",
    }
    changed = await conversations.update(PATH, values)
    assert changed == FRESH | {
        "account_sid": conversations.account.sid,
        "method": "GET",
        "filters": ["onMessageAdd", "onUserUpdated"],
        "pre_webhook_url": "https://example.com/pre?a=b",
        "post_webhook_url": "http://example.com:8080/post",
        "target": "flex",
    }
    assert await conversations.get(PATH) == changed
    cleared = await conversations.update(PATH, {"Filters": "", "PreWebhookUrl": "", "PostWebhookUrl": ""})
    assert cleared == changed | {"filters": [], "pre_webhook_url": None, "post_webhook_url": None}
    assert (await stranger.get(PATH))["target"] == "webhook"


async def test_the_path_of_old_libraries_is_an_alias(conversations: Conversations) -> None:
    changed = await conversations.update("/v1/Conversations/Webhooks", Method="GET")
    assert changed["url"] == f"{HOST}/v1/Configuration/Webhooks"
    assert await conversations.get(PATH) == await conversations.get("/v1/Conversations/Webhooks") == changed


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("Method", "PUT", 50055),
        ("Method", "", 50055),
        ("Filters", "onMessageSent", 50054),
        ("Filters", "onmessageadded", 50054),
        ("PreWebhookUrl", "example.com", 50077),
        ("PostWebhookUrl", "ftp://example.com", 50078),
        ("Target", "studio", 20001),
        ("Target", "", 20001),
    ],
)
async def test_bad_parameters_are_refused(conversations: Conversations, name: str, value: str, code: int) -> None:
    assert await conversations.refused("POST", PATH, {name: value}) == (400, code)
    assert (await conversations.get(PATH)) == FRESH | {"account_sid": conversations.account.sid}
