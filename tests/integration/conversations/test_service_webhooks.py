from __future__ import annotations

import pytest

from tests.integration.rest.rig import Rest

from .rig import HOST, Conversations

PATH = "Configuration/Webhooks"
SHOWN = ("pre_webhook_url", "post_webhook_url", "filters", "method")


@pytest.fixture
def service(conversations: Conversations) -> Conversations:
    return conversations.in_service()


async def test_fresh_webhooks_are_null(service: Conversations) -> None:
    webhooks = await service.get(PATH)
    assert webhooks == dict.fromkeys(SHOWN) | {
        "account_sid": service.account.sid,
        "chat_service_sid": service.service_sid,
        "url": f"{HOST}/v1/Services/{service.service_sid}/Configuration/Webhooks",
    }
    assert await service.update(PATH) == webhooks


async def test_update_changes_what_is_given(service: Conversations) -> None:
    values = {
        "PreWebhookUrl": "https://example.com/pre",
        "PostWebhookUrl": "https://example.com/post",
        "Filters": ["onConversationAdd", "onDeliveryUpdated", "onConversationAdd"],
        "Method": "get",
    }
    changed = await service.update(PATH, values)
    assert [changed[name] for name in SHOWN] == [
        "https://example.com/pre",
        "https://example.com/post",
        ["onConversationAdd", "onDeliveryUpdated"],
        "GET",
    ]
    assert await service.get(PATH) == changed
    cleared = await service.update(PATH, dict.fromkeys(values, ""))
    assert [cleared[name] for name in SHOWN] == [None] * 4


async def test_the_record_is_that_of_chat_but_the_vocabularies_stay_apart(service: Conversations, rest: Rest) -> None:
    await rest.update(
        "", {"PostWebhookUrl": "https://example.com/", "WebhookFilters": ["onMessageSent", "onUserUpdated"]}
    )
    assert (await service.get(PATH))["post_webhook_url"] == "https://example.com/"
    assert (await service.get(PATH))["filters"] == ["onUserUpdated"]
    changed = await service.update(PATH, {"Filters": ["onMessageAdded", "onMessageUpdated"]})
    assert changed["filters"] == ["onMessageAdded", "onMessageUpdated"]
    chat = await rest.get("")
    assert sorted(chat["webhook_filters"]) == ["onMessageSent", "onMessageUpdated"]  # the shared name belongs to both
    chat = await rest.update("", WebhookFilters="")
    assert chat["webhook_filters"] is None
    assert (await service.get(PATH))["filters"] == ["onMessageAdded"]
    await service.update(PATH, {"Filters": ""})
    assert (await service.get(PATH))["filters"] is None


async def test_the_method_is_shared(service: Conversations, rest: Rest) -> None:
    await service.update(PATH, Method="pOsT")
    assert (await rest.get(""))["webhook_method"] == "POST"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("Method", "DELETE", 50055),
        ("Filters", "onChannelAdded", 50054),
        ("Filters", "x", 50054),
        ("PreWebhookUrl", "//example.com", 50077),
        ("PostWebhookUrl", "https://", 50078),
    ],
)
async def test_bad_parameters_are_refused(service: Conversations, name: str, value: str, code: int) -> None:
    assert await service.refused("POST", PATH, {name: value}) == (400, code)


async def test_one_bad_filter_refuses_all(service: Conversations) -> None:
    values = {"Filters": ["onMessageAdded", "onMessageSent"]}
    assert await service.refused("POST", PATH, values) == (400, 50054)
    assert (await service.get(PATH))["filters"] is None
