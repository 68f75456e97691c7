from __future__ import annotations

import asyncio
import re

import pytest

from tests.integration.rest.rig import Rig

from .rig import HOST, Conversations

NOBODY = "IS" + "0" * 32


async def test_a_fresh_account_is_configured(conversations: Conversations) -> None:
    configuration = await conversations.get("Configuration")
    assert re.fullmatch("MG[0-9a-f]{32}", configuration["default_messaging_service_sid"])
    assert configuration == {
        "account_sid": conversations.account.sid,
        "default_chat_service_sid": conversations.service_sid,
        "default_messaging_service_sid": configuration["default_messaging_service_sid"],
        "default_inactive_timer": None,
        "default_closed_timer": None,
        "url": f"{HOST}/v1/Configuration",
        "links": {
            "service": f"{HOST}/v1/Services/{conversations.service_sid}/Configuration",
            "webhooks": f"{HOST}/v1/Configuration/Webhooks",
        },
    }
    for link in configuration["links"].values():
        await conversations.get(link)
    assert await conversations.update("Configuration") == configuration


async def test_update_changes_what_is_given(conversations: Conversations) -> None:
    service = await conversations.create("Services", FriendlyName="Other")
    values = {
        "DefaultChatServiceSid": service["sid"],
        "DefaultMessagingServiceSid": "MG" + "A" * 32,
        "DefaultInactiveTimer": "PT1M",
        "DefaultClosedTimer": "P1DT12H",
    }
    changed = await conversations.update("Configuration", values)
    assert changed["default_chat_service_sid"] == service["sid"]
    assert changed["default_messaging_service_sid"] == "MG" + "A" * 32
    assert (changed["default_inactive_timer"], changed["default_closed_timer"]) == ("PT1M", "P1DT12H")
    assert changed["links"]["service"] == f"{HOST}/v1/Services/{service['sid']}/Configuration"
    assert await conversations.get("Configuration") == changed
    cleared = await conversations.update("Configuration", DefaultInactiveTimer="", DefaultClosedTimer="")
    assert cleared == changed | {"default_inactive_timer": None, "default_closed_timer": None}


async def test_the_default_form_follows_the_default_service(conversations: Conversations) -> None:
    old = await conversations.create("Users", Identity="ann")
    service = await conversations.create("Services", FriendlyName="Other")
    await conversations.update("Configuration", DefaultChatServiceSid=service["sid"])
    assert await conversations.refused("GET", "Users/ann") == (404, 20404)
    user = await conversations.create("Users", Identity="ann")
    assert user["chat_service_sid"] == service["sid"]
    assert (await conversations.in_service().get("Users/ann"))["sid"] == old["sid"]


@pytest.mark.parametrize(
    ("name", "value", "status", "code"),
    [
        ("DefaultChatServiceSid", NOBODY, 404, 50050),
        ("DefaultChatServiceSid", "", 404, 50050),
        ("DefaultChatServiceSid", "nonsense", 404, 50050),
        ("DefaultChatServiceSid", "a\x00b", 400, 20001),
        ("DefaultMessagingServiceSid", "", 400, 50340),
        ("DefaultMessagingServiceSid", "MG123", 400, 50341),
        ("DefaultMessagingServiceSid", "IS" + "0" * 32, 400, 50341),
        ("DefaultInactiveTimer", "PT59S", 400, 50375),
        ("DefaultInactiveTimer", "60", 400, 50379),
        ("DefaultInactiveTimer", "P", 400, 50379),
        ("DefaultClosedTimer", "PT599S", 400, 50376),
        ("DefaultClosedTimer", "ten minutes", 400, 50380),
        ("DefaultClosedTimer", "-PT10M", 400, 50380),
    ],
)
async def test_bad_parameters_are_refused(
    conversations: Conversations, name: str, value: str, status: int, code: int
) -> None:
    before = await conversations.get("Configuration")
    assert await conversations.refused("POST", "Configuration", {name: value}) == (status, code)
    assert await conversations.get("Configuration") == before


async def test_a_service_of_another_account_cannot_be_the_default(
    conversations: Conversations, stranger: Conversations
) -> None:
    values = {"DefaultChatServiceSid": stranger.service_sid}
    assert await conversations.refused("POST", "Configuration", values) == (404, 50050)


async def test_a_default_service_that_was_deleted_is_made_again(conversations: Conversations) -> None:
    await conversations.create("Users", Identity="ann")
    await conversations.delete(f"/v1/Services/{conversations.service_sid}")
    configuration = await conversations.get("Configuration")
    assert configuration["default_chat_service_sid"] != conversations.service_sid
    assert (await conversations.get("Users"))["users"] == []
    (service,) = (await conversations.get("Services"))["services"]
    assert service["sid"] == configuration["default_chat_service_sid"]


async def test_an_account_without_services_gets_one_default(rig: Rig) -> None:
    account = await rig.admin.create_account("Empty")
    async with rig.http((account.sid, account.auth_token), base_url=HOST) as http:
        responses = await asyncio.gather(
            *(http.get("/v1/Conversations/Webhooks") for _ in range(3)), http.get("/v1/Users")
        )
        assert {response.status_code for response in responses} == {200}
        assert len((await http.get("/v1/Services")).json()["services"]) == 1


async def test_concurrent_updates_keep_each_others_fields(conversations: Conversations) -> None:
    await asyncio.gather(
        conversations.update("Configuration", DefaultInactiveTimer="PT2M"),
        conversations.update("Configuration/Webhooks", Filters="onMessageAdded"),
        conversations.update("Configuration", DefaultClosedTimer="PT1H"),
    )
    configuration = await conversations.get("Configuration")
    assert (configuration["default_inactive_timer"], configuration["default_closed_timer"]) == ("PT2M", "PT1H")
    assert (await conversations.get("Configuration/Webhooks"))["filters"] == ["onMessageAdded"]


async def test_there_is_no_service_form_of_what_accounts_configure(conversations: Conversations) -> None:
    named = conversations.in_service()
    assert await named.refused("GET", "Configuration/Addresses") == (404, 20404)
    assert await named.refused("GET", "Credentials") == (404, 20404)
    assert await conversations.refused("DELETE", "Configuration") == (405, 20004)
