"""Chat v1: the objects of v2 with fewer properties, fewer parameters and no webhooks."""

from __future__ import annotations

from typing import Any

import pytest

from .rig import HOST, Rest, Rig, plant_file

Json = dict[str, Any]  # Any: JSON


@pytest.fixture
def v1(rest: Rest) -> Rest:
    """The same account in version 1."""
    return Rest(rest.http, rest.account, version="v1")


def without(shown: Json, *names: str) -> Json:
    """As version 1 shows what version 2 shows: fewer members, URLs of its own."""
    kept = {name: value for name, value in shown.items() if name not in names}
    if "url" in kept:
        kept["url"] = kept["url"].replace("/v2/", "/v1/")
    if "links" in kept:
        links = {name: url for name, url in kept["links"].items() if name not in names}
        kept["links"] = {name: url and url.replace("/v2/", "/v1/") for name, url in links.items()}
    return kept


async def test_what_one_version_makes_the_other_shows(rest: Rest, v1: Rest) -> None:
    channel = await v1.create("Channels", UniqueName="room", Type="private", Attributes='{"a": 1}')
    assert channel == without(await rest.get("Channels/room"), "webhooks")
    member = await v1.create("Channels/room/Members", Identity="ann")
    assert member == without(await rest.get("Channels/room/Members/ann"), "attributes")
    message = await v1.create("Channels/room/Messages", {"Body": "Hi", "From": "ann", "Attributes": "[]"})
    shown = await rest.get(f"Channels/room/Messages/{message['sid']}")
    assert message == without(shown, "last_updated_by", "type", "media")
    assert (await v1.get("Channels/room/Messages"))["messages"] == [message]
    assert (await v1.get("Channels/room"))["links"]["last_message"] == message["url"]
    user = await v1.get("Users/ann")
    assert user == without(await rest.get("Users/ann"), "user_bindings")
    assert set(user["links"]) == {"user_channels"}
    held = (await v1.get("Users/ann/Channels"))["channels"]
    assert held == [
        without(shown, "user_sid", "url", "notification_level")
        for shown in (await rest.get("Users/ann/Channels"))["channels"]
    ]
    await rest.create("Users", Identity="bob")
    invite = await v1.create("Channels/room/Invites", Identity="bob")
    assert invite == without(await rest.get(f"Channels/room/Invites/{invite['sid']}"))
    await v1.delete(f"Channels/room/Invites/{invite['sid']}")
    role = (await v1.get("Roles"))["roles"][0]
    assert role == without((await rest.get("Roles"))["roles"][0])
    await v1.delete(f"Channels/room/Messages/{message['sid']}")
    await v1.delete("Channels/room/Members/ann")
    await v1.delete("Channels/room")
    assert (await rest.get("Channels"))["channels"] == []


async def test_a_service_has_other_properties(rest: Rest, v1: Rest) -> None:
    service = await v1.get("")
    gone = ("media", "pre_webhook_retry_count", "post_webhook_retry_count", "bindings")
    assert service == without(await rest.get(""), *gone) | {"webhooks": {}}
    assert set(service["links"]) == {"channels", "users", "roles"}
    made = await v1.create("/v1/Services", FriendlyName="Shop")
    assert made["url"] == f"{HOST}/v1/Services/{made['sid']}"
    assert made in (await v1.get("/v1/Services"))["services"]


async def test_each_event_may_have_an_url(rest: Rest, v1: Rest) -> None:
    url = "https://example.org/sent"
    service = await v1.update(
        "",
        {"Webhooks.OnMessageSent.Url": url, "Webhooks.OnMessageSent.Method": "GET", "Webhooks.OnChannelAdd.Url": url},
    )
    expected = {
        "on_channel_add": {"url": url, "method": "POST", "format": None},
        "on_message_sent": {"url": url, "method": "GET", "format": None},
    }
    assert service["webhooks"] == (await v1.get(""))["webhooks"] == expected
    await rest.update("", {"FriendlyName": "x", "Webhooks.OnMessageSent.Url": "ignored"})
    assert await v1.update("") == await v1.get("")
    assert (await v1.get(""))["webhooks"] == expected
    cleared = await v1.update("", {"Webhooks.OnMessageSent.Url": "", "Webhooks.OnMessageSent.Method": ""})
    assert cleared["webhooks"] == {"on_channel_add": expected["on_channel_add"]}


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("Webhooks.OnMessageSend.Url", "nowhere", 50054),
        ("Webhooks.OnMemberRemoved.Url", "ftp://example.org", 50054),
        ("Webhooks.OnMessageSend.Method", "PUT", 50055),
        ("Webhooks.OnMessageSend.Method", "get", 50055),
        ("PreWebhookUrl", "nowhere", 50077),
        ("Limits.ChannelMembers", "1001", 50061),
        ("WebhookFilters", "onNothing", 50054),
    ],
)
async def test_bad_settings_are_refused_by_code(v1: Rest, name: str, value: str, code: int) -> None:
    assert await v1.refused("POST", "", {name: value}) == (400, code)


@pytest.mark.parametrize(
    "name",
    [
        "Notifications.NewMessage.Sound",
        "Notifications.NewMessage.BadgeCountEnabled",
        "Notifications.LogEnabled",
        "Media.CompatibilityMessage",
        "PreWebhookRetryCount",
        "PostWebhookRetryCount",
        "Webhooks.OnUserAdded.Url",
        "Webhooks.OnMemberUpdate.Url",
    ],
)
async def test_what_came_with_version_2_is_not_read(rest: Rest, v1: Rest, name: str) -> None:
    before = await rest.get("")
    await v1.update("", {name: "\x00" * 3000})
    assert await rest.get("") == before


async def test_dates_authors_and_more_are_not_read(rest: Rest, v1: Rest) -> None:
    dates = {"DateCreated": "2001-01-01T00:00:00Z", "DateUpdated": "never"}
    channel = await v1.create("Channels", {**dates, "UniqueName": "room", "CreatedBy": "ann"})
    assert channel["created_by"] == "system"
    assert not channel["date_created"].startswith("2001")
    await v1.update("Channels/room", {**dates, "CreatedBy": "ann", "FriendlyName": "x"})
    path = "Channels/room/Members"
    await v1.create(path, {**dates, "Identity": "ann", "Attributes": "x", "LastConsumedMessageIndex": "7"})
    message = await v1.create("Channels/room/Messages", {**dates, "Body": "x", "LastUpdatedBy": "a", "MediaSid": "ME1"})
    await v1.update(f"Channels/room/Messages/{message['sid']}", {**dates, "From": "eve", "Body": "y"})
    shown = await rest.get(f"Channels/room/Messages/{message['sid']}")
    assert (shown["from"], shown["body"], shown["last_updated_by"]) == ("system", "y", "system")
    member = await v1.update(f"{path}/ann", {**dates, "LastConsumedMessageIndex": "0", "Attributes": "x"})
    assert member["last_consumed_message_index"] == 0
    assert (await rest.get(f"{path}/ann"))["attributes"] == "{}"


async def test_a_message_has_a_body(v1: Rest) -> None:
    await v1.create("Channels", UniqueName="room")
    assert await v1.refused("POST", "Channels/room/Messages", From="ann") == (400, 50503)
    message = await v1.create("Channels/room/Messages", Body="")
    assert message["body"] == ""
    assert await v1.update(f"Channels/room/Messages/{message['sid']}") == message


async def test_a_file_is_shown_as_what_the_service_says_of_it(rig: Rig, rest: Rest, v1: Rest) -> None:
    await rest.update("", {"Media.CompatibilityMessage": "Look elsewhere"})
    await v1.create("Channels", UniqueName="room")
    sid = await plant_file(rig, rest.service_sid)
    await rest.create("Channels/room/Messages", Body="a picture", MediaSid=sid)
    (message,) = (await v1.get("Channels/room/Messages"))["messages"]
    assert message["body"] == "Look elsewhere"
    assert "media" not in message


async def test_versions_differ_in_the_size_of_pages(rest: Rest, v1: Rest) -> None:
    await v1.create("Channels", UniqueName="room")
    await v1.create("Channels/room/Members", Identity="ann")
    paths = {
        "/{}/Services": (100, 100),
        "Roles": (100, 1000),
        "Users": (100, 1000),
        "Users/ann/Channels": (50, 1000),
        "Channels": (100, 1000),
        "Channels/room/Members": (100, 1000),
        "Channels/room/Messages": (100, 1000),
        "Channels/room/Invites": (100, 1000),
        "/{}/Credentials": (1000, 1000),
    }
    for path, (of_v2, of_v1) in paths.items():
        for caller, version, expected in ((rest, "v2", of_v2), (v1, "v1", of_v1)):
            page = await caller.get(path.format(version), PageSize="5000")
            assert page["meta"]["page_size"] == expected, path
            assert f"/{version}/" in page["meta"]["first_page_url"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Bindings", (404, 20404)),
        ("Users/ann/Bindings", (404, 20404)),
        ("Users/ann/Channels/room", (404, 20404)),
        ("Channels/room/Webhooks", (404, 20404)),
    ],
)
async def test_paths_of_version_2_are_absent(v1: Rest, path: str, expected: tuple[int, int]) -> None:
    await v1.create("Channels", UniqueName="room")
    await v1.create("Channels/room/Members", Identity="ann")
    for method in ("GET", "POST", "DELETE"):
        assert await v1.refused(method, path) == expected
