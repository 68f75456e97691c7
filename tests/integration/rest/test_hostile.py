"""No input produces a 5xx, whatever it is put into."""

from __future__ import annotations

from urllib.parse import quote_plus

import httpx
import pytest
import pytest_asyncio

from .rig import Rest

RAW = [
    "",
    "%",
    "%00",
    "a%00b",
    "%ED%A0%80",  # a lone surrogate, as the UTF-8 it cannot have
    "%FF%FE",
    quote_plus("\U0001f600" * 300),
    quote_plus("x" * 30000),
    quote_plus("{" * 3000),
    "-1",
    "1e999",
    "9" * 5000,
    str(2**63),
    "NaN",
    "true",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999-23:59",
    "CH" + "0" * 32,
    "%27%3B+DROP+TABLE+users%3B--",
]
PARAMETERS = {
    "": [
        "FriendlyName",
        "DefaultServiceRoleSid",
        "ReadStatusEnabled",
        "TypingIndicatorTimeout",
        "ConsumptionReportInterval",
        "Notifications.NewMessage.Enabled",
        "Notifications.NewMessage.Template",
        "Notifications.NewMessage.Sound",
        "PreWebhookUrl",
        "WebhookMethod",
        "WebhookFilters",
        "Limits.ChannelMembers",
        "Media.CompatibilityMessage",
        "PreWebhookRetryCount",
    ],
    "Roles": ["FriendlyName", "Type", "Permission"],
    "Users": ["Identity", "RoleSid", "Attributes", "FriendlyName"],
    "Channels": ["FriendlyName", "UniqueName", "Attributes", "Type", "DateCreated", "DateUpdated", "CreatedBy"],
    "Channels/general/Members": [
        "Identity",
        "RoleSid",
        "LastConsumedMessageIndex",
        "LastConsumptionTimestamp",
        "DateCreated",
        "Attributes",
    ],
    "Channels/general/Messages": ["From", "Body", "Attributes", "DateCreated", "LastUpdatedBy", "MediaSid"],
    "Channels/general/Invites": ["Identity", "RoleSid"],
    "Channels/general/Webhooks": [
        "Type",
        "Configuration.Url",
        "Configuration.Method",
        "Configuration.Filters",
        "Configuration.Triggers",
        "Configuration.FlowSid",
        "Configuration.RetryCount",
    ],
    "Users/ann/Channels/general": ["NotificationLevel", "LastConsumedMessageIndex", "LastConsumptionTimestamp"],
    "/v2/Credentials": ["Type", "FriendlyName", "Certificate", "PrivateKey", "Sandbox", "KeyId", "TeamId", "Topic"],
    "/v1/Credentials": ["ApiKey", "Secret"],
}
OTHERS = {
    "/v2/Credentials": "Type=apn",
    "/v1/Credentials": "Type=fcm",
    "Channels/general/Webhooks": "Type=trigger&Configuration.Url=http://x&Configuration.Triggers=y",
    "Roles": "FriendlyName=f&Type=channel&Permission=sendMessage",
    "Users": "Identity=somebody",
    "Channels/general/Members": "Identity=somebody",
}
FORM = {"content-type": "application/x-www-form-urlencoded"}


def check(response: httpx.Response) -> None:
    assert response.status_code < 500, (response.request.method, str(response.request.url)[:200], response.text)
    if response.status_code >= 300:
        assert set(response.json()) == {"code", "message", "more_info", "status"}


@pytest_asyncio.fixture(loop_scope="package")
async def furnished(rest: Rest) -> Rest:
    await rest.create("Channels", UniqueName="general")
    await rest.create("Users", Identity="ann")
    await rest.create("Channels/general/Members", Identity="ann")
    return rest


@pytest.mark.parametrize("path", PARAMETERS)
async def test_any_value_of_any_parameter(furnished: Rest, path: str) -> None:
    message = await furnished.create("Channels/general/Messages", Body="x")
    updates = {
        "Users": "Users/ann",
        "Channels": "Channels/general",
        "Channels/general/Members": "Channels/general/Members/ann",
        "Channels/general/Messages": f"Channels/general/Messages/{message['sid']}",
    }
    paths = [path, updates[path]] if path in updates else [path]
    for name in PARAMETERS[path]:
        for value in RAW:
            content = f"{OTHERS.get(path, '')}&{name}={value}"
            for target in paths:
                check(await furnished.http.post(furnished.path(target), content=content, headers=FORM))
        if path == "Channels":  # its unique name may have changed
            await furnished.http.post(furnished.path(path), data={"UniqueName": "general"})


@pytest.mark.parametrize(
    "path",
    [
        "Roles",
        "Users",
        "Users/ann/Channels",
        "Users/ann/Bindings",
        "Bindings",
        "Channels",
        "Channels/general/Members",
        "Channels/general/Messages",
        "Channels/general/Invites",
        "Channels/general/Webhooks",
        "/v2/Credentials",
    ],
)
async def test_any_value_in_a_query(furnished: Rest, path: str) -> None:
    for name in ("PageSize", "Page", "PageToken", "Type", "Identity", "Order", "BindingType"):
        for value in RAW:
            check(await furnished.http.get(f"{furnished.path(path)}?{name}={value}"))


async def test_anything_in_a_path(furnished: Rest) -> None:
    prefix = f"/v2/Services/{furnished.service_sid}"
    for value in [*RAW, "a%2Fb", "%2E%2E", "%25", "a//b", "%3F"]:
        for path in (
            f"/v2/Services/{value}",
            f"{prefix}/{value}",
            f"{prefix}/Roles/{value}",
            f"{prefix}/Users/{value}",
            f"{prefix}/Channels/{value}",
            f"{prefix}/Channels/{value}/Messages/{value}",
            f"{prefix}/Channels/general/Members/{value}",
            f"{prefix}/Channels/general/Messages/{value}",
            f"{prefix}/Channels/general/Invites/{value}",
            f"{prefix}/Channels/general/Webhooks/{value}",
            f"{prefix}/Users/ann/Channels/{value}",
            f"{prefix}/Users/ann/Bindings/{value}",
            f"{prefix}/Bindings/{value}",
            f"/v2/Credentials/{value}",
        ):
            check(await furnished.http.get(path))
            check(await furnished.http.delete(path)) if "general" in path and value else None


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"Identity": "ann"}'),
        ("text/plain", b"Identity=ann"),
        ("", b"Identity=ann"),
        ("multipart/form-data", b"Identity=ann"),
        ("multipart/form-data; boundary=x", b"--x\r\nnonsense"),
        ("multipart/form-data; boundary=x", b"--x--\r\n"),
        ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(1001))),
    ],
)
async def test_bodies_that_hold_no_parameters(rest: Rest, content_type: str, body: bytes) -> None:
    response = await rest.http.post(rest.path("Users"), content=body, headers={"content-type": content_type})
    assert (response.status_code, response.json()["code"]) == (400, 20001)


async def test_a_body_over_one_mebibyte_is_refused(rest: Rest) -> None:
    response = await rest.http.post(rest.path("Users"), content=b"Identity=" + b"a" * 2**20, headers=FORM)
    assert (response.status_code, response.json()["code"]) == (413, 20001)


async def test_plain_multipart_fields_are_read(rest: Rest) -> None:
    response = await rest.http.post(rest.path("Users"), files={"Identity": (None, "名前")})
    assert (response.status_code, response.json()["identity"]) == (201, "名前")
