"""Conversations as one of several APIs of the same application."""

from __future__ import annotations

import pytest

from tests.integration.rest.rig import Rest, Rig

from .rig import Conversations


@pytest.mark.parametrize(
    ("host", "prefix"),
    [
        ("http://conversations.twilio.com", ""),
        ("http://conversations.us1.twilio.com", ""),
        ("https://conversations.example.org:8443", ""),
        ("http://localhost", "/conversations"),
        ("http://chat-server.example.org", ""),
    ],
)
async def test_urls_lead_back_the_way_the_request_came(
    rig: Rig, conversations: Conversations, host: str, prefix: str
) -> None:
    account = conversations.account
    async with rig.http((account.sid, account.auth_token), base_url=host) as http:
        user = (await http.post(f"{prefix}/v1/Users", data={"Identity": "ann"})).json()
        assert user["url"] == f"{host}{prefix}/v1/Users/{user['sid']}"
        page = (await http.get(f"{prefix}/v1/Roles?PageSize=1")).json()
        assert page["meta"]["next_page_url"].startswith(f"{host}{prefix}/v1/Roles?PageSize=1&Page=1&PageToken=PT")
        assert (await http.get(page["meta"]["next_page_url"])).status_code == 200


async def test_the_same_path_means_chat_on_another_host(conversations: Conversations, rest: Rest) -> None:
    service = await conversations.get(f"/v1/Services/{conversations.service_sid}")
    assert "conversations" in service["links"]
    assert await rest.refused("GET", "/v1/Configuration") == (404, 20404)


async def test_a_trailing_slash_is_tolerated(conversations: Conversations) -> None:
    await conversations.get("/v1/Users/")


async def test_json_is_not_read(conversations: Conversations) -> None:
    response = await conversations.http.post("/v1/Users", json={"Identity": "ann"})
    assert (response.status_code, response.json()["code"]) == (400, 20001)
    assert response.json()["message"] == "Missing required parameter Identity in the post body"


async def test_multipart_is(conversations: Conversations) -> None:
    response = await conversations.http.post("/v1/Users", files={"Identity": (None, "ann")})
    assert (response.status_code, response.json()["identity"]) == (201, "ann")


@pytest.mark.parametrize("path", ["Users/a%00b", "Users/%ff", "Configuration/Addresses/%00", "Conversations/a%00b"])
async def test_what_nothing_can_be_called_is_absent(conversations: Conversations, path: str) -> None:
    assert (await conversations.http.get(f"/v1/{path}")).status_code == 404


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Users", "Identity"),
        ("Users", "FriendlyName"),
        ("Configuration/Addresses", "Address"),
        ("Configuration/Addresses", "FriendlyName"),
        ("Services", "FriendlyName"),
        ("Roles", "FriendlyName"),
        ("Roles", "Permission"),
        ("Configuration", "DefaultInactiveTimer"),
        ("Configuration/Webhooks", "Filters"),
        ("Configuration/Webhooks", "PreWebhookUrl"),
    ],
)
@pytest.mark.parametrize("text", ["a\x00b", b"a\xffb", b"a\xed\xa0\x80b"])
async def test_broken_text_is_refused(conversations: Conversations, path: str, name: str, text: str | bytes) -> None:
    good = {"Users": {"Identity": "ann"}, "Configuration/Addresses": {"Type": "sms", "Address": "+1"}}
    values = good.get(path, {}) | (
        {"FriendlyName": "r", "Type": "service", "Permission": "p"} if path == "Roles" else {}
    )
    raw = text if isinstance(text, bytes) else text.encode()
    encoded = "&".join(f"{key}={value}".replace("+", "%2B") for key, value in values.items() if key != name).encode()
    body = encoded + b"&" + name.encode() + b"=" + b"".join(b"%%%02x" % byte for byte in raw)
    response = await conversations.http.post(
        f"/v1/{path}", content=body, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert response.status_code == 400, response.text
    assert response.json()["code"] == 20001


async def test_nobody_without_credentials(rig: Rig, conversations: Conversations) -> None:
    async with rig.http(base_url="http://conversations.test") as http:
        for path in ("/v1/Configuration", "/v1/Users", f"/v1/Services/{conversations.service_sid}/Conversations"):
            response = await http.get(path)
            assert (response.status_code, response.json()["code"]) == (401, 20003)
