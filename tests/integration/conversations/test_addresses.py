from __future__ import annotations

import asyncio
from urllib.parse import quote

import pytest

from .rig import HOST, Conversations

PATH = "Configuration/Addresses"
SMS = {"Type": "sms", "Address": "+37256123457"}


async def test_a_webhook_configuration_has_every_property(conversations: Conversations) -> None:
    values = SMS | {
        "FriendlyName": "My Test Configuration",
        "AddressCountry": "CA",
        "AutoCreation.Enabled": "true",
        "AutoCreation.Type": "webhook",
        "AutoCreation.ConversationServiceSid": conversations.service_sid,
        "AutoCreation.WebhookUrl": "https://example.com",
        "AutoCreation.WebhookMethod": "post",
        "AutoCreation.WebhookFilters": ["onParticipantAdded", "onMessageAdded"],
    }
    address = await conversations.create(PATH, values)
    assert address == {
        "sid": address["sid"],
        "account_sid": conversations.account.sid,
        "type": "sms",
        "address": "+37256123457",
        "friendly_name": "My Test Configuration",
        "address_country": "CA",
        "auto_creation": {
            "enabled": True,
            "type": "webhook",
            "conversation_service_sid": conversations.service_sid,
            "webhook_url": "https://example.com",
            "webhook_method": "POST",
            "webhook_filters": ["onParticipantAdded", "onMessageAdded"],
        },
        "date_created": address["date_created"],
        "date_updated": address["date_created"],
        "url": f"{HOST}/v1/Configuration/Addresses/{address['sid']}",
    }
    assert address["sid"].startswith("IG")
    assert await conversations.get(address["url"]) == address


async def test_other_types_show_what_they_go_by(conversations: Conversations) -> None:
    flow = "FW" + "a" * 32
    values = {"AutoCreation.Type": "studio", "AutoCreation.StudioFlowSid": flow, "AutoCreation.StudioRetryCount": "3"}
    studio = await conversations.create(PATH, SMS | values)
    assert studio["auto_creation"] == {
        "enabled": False,
        "type": "studio",
        "conversation_service_sid": None,
        "studio_flow_sid": flow,
        "studio_retry_count": 3,
    }
    mail = {"Type": "email", "Address": "a@example.com", "AutoCreation.Enabled": "true", "AutoCreation.Type": "default"}
    default = await conversations.create(PATH, mail)
    assert default["auto_creation"] == {"enabled": True, "type": "default"}
    plain = await conversations.create(PATH, Type="apple", Address="urn:mbid:AQAAYyUbut6E4B3T9FLv5EbG")
    assert plain["auto_creation"] == {"enabled": False, "type": None}
    assert (plain["friendly_name"], plain["address_country"]) == (None, None)


@pytest.mark.parametrize("address", ["whatsapp:+37256123457", "+37256123457", "é@example.com", "a b"])
async def test_configurations_are_found_by_address(conversations: Conversations, address: str) -> None:
    made = await conversations.create(PATH, Type="sms", Address=address)
    path = f"{PATH}/{quote(address, safe='')}"
    assert await conversations.get(path) == made
    changed = await conversations.update(path, FriendlyName="renamed")
    assert changed == made | {"friendly_name": "renamed", "date_updated": changed["date_updated"]}
    await conversations.delete(path)
    assert await conversations.refused("GET", f"{PATH}/{made['sid']}") == (404, 20404)


async def test_update_changes_what_is_given(conversations: Conversations) -> None:
    made = await conversations.create(PATH, SMS, FriendlyName="name")
    path = f"{PATH}/{made['sid']}"
    assert await conversations.update(path) == made
    ignored = {"Type": "chat", "Address": "+1", "AddressCountry": "NG"}
    assert await conversations.update(path, ignored) == made
    values = {"FriendlyName": "", "AutoCreation.Type": "webhook", "AutoCreation.WebhookMethod": "GET"}
    changed = await conversations.update(path, values)
    assert changed["friendly_name"] is None
    assert changed["auto_creation"] == {
        "enabled": False,
        "type": "webhook",
        "conversation_service_sid": None,
        "webhook_url": None,
        "webhook_method": "GET",
        "webhook_filters": None,
    }
    both = {"AutoCreation.WebhookMethod": "", "AutoCreation.WebhookFilters": "onMessageAdded"}
    changed = await conversations.update(path, both)
    assert changed["auto_creation"]["webhook_method"] is None
    assert changed["auto_creation"]["webhook_filters"] == ["onMessageAdded"]
    assert await conversations.get(path) == changed


async def test_lists_can_be_of_one_type(conversations: Conversations) -> None:
    made = [await conversations.create(PATH, Type="sms", Address=f"+1555000{n}") for n in range(3)]
    mail = await conversations.create(PATH, Type="email", Address="a@example.com")
    page = await conversations.get(PATH)
    assert (page["meta"]["key"], page["address_configurations"]) == ("address_configurations", [*made, mail])
    first = await conversations.get(PATH, Type="sms", PageSize="2")
    assert "Type=sms&PageSize=2" in first["meta"]["next_page_url"]
    assert await conversations.follow(first, "address_configurations") == made
    assert (await conversations.get(PATH, PageSize="1000"))["meta"]["page_size"] == 50
    assert await conversations.refused("GET", PATH, Type="fax") == (400, 20001)


async def test_an_address_is_configured_once_per_account(conversations: Conversations, stranger: Conversations) -> None:
    async def attempt() -> int:
        response = await conversations.http.post(f"/v1/{PATH}", data=SMS)
        return response.status_code

    assert sorted(await asyncio.gather(attempt(), attempt())) == [201, 409]
    assert await conversations.refused("POST", PATH, SMS) == (409, 20409)
    await stranger.create(PATH, SMS)


async def test_another_account_sees_nothing(conversations: Conversations, stranger: Conversations) -> None:
    made = await conversations.create(PATH, SMS)
    for key in (made["sid"], "%2B37256123457"):
        for method in ("GET", "POST", "DELETE"):
            assert await stranger.refused(method, f"{PATH}/{key}") == (404, 20404)
    assert (await stranger.get(PATH))["address_configurations"] == []


@pytest.mark.parametrize("key", ["IG" + "0" * 32, "IG", "nobody"])
async def test_what_is_absent_is_not_found(conversations: Conversations, key: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        assert await conversations.refused(method, f"{PATH}/{key}") == (404, 20404)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("Type", "fax", 20001),
        ("Address", "", 20001),
        ("Address", "x" * 257, 20001),
        ("Address", "IG" + "0" * 32, 20001),
        ("AddressCountry", "CAN", 20001),
        ("AddressCountry", "ca", 20001),
        ("FriendlyName", "x" * 257, 50003),
        ("AutoCreation.Enabled", "yes", 20001),
        ("AutoCreation.Type", "flex", 20001),
        ("AutoCreation.ConversationServiceSid", "CH" + "0" * 32, 20001),
        ("AutoCreation.WebhookUrl", "example.com", 50078),
        ("AutoCreation.WebhookMethod", "put", 50055),
        ("AutoCreation.WebhookFilters", "onMessageSent", 50054),
        ("AutoCreation.StudioFlowSid", "FW1", 20001),
        ("AutoCreation.StudioRetryCount", "4", 50065),
        ("AutoCreation.StudioRetryCount", "-1", 50065),
    ],
)
async def test_bad_parameters_are_refused(conversations: Conversations, name: str, value: str, code: int) -> None:
    assert await conversations.refused("POST", PATH, SMS | {name: value}) == (400, code)
    assert (await conversations.get(PATH))["address_configurations"] == []


@pytest.mark.parametrize("name", ["Type", "Address"])
async def test_what_is_required_is_named(conversations: Conversations, name: str) -> None:
    values = {given: value for given, value in SMS.items() if given != name}
    response = await conversations.http.post(f"/v1/{PATH}", data=values)
    body = response.json()
    assert (body["code"], body["message"]) == (20001, f"Missing required parameter {name} in the post body")
