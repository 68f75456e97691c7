from __future__ import annotations

from typing import Any

import pytest

from chatcore.domain.ids import new_sid

from .rig import HOST, Rest

PATH = "Channels/room/Webhooks"
URL = "https://example.org/hook?a=b"
FLOW = new_sid("FW")
WEBHOOK: dict[str, Any] = {  # Any: lists
    "Type": "webhook",
    "Configuration.Url": URL,
    "Configuration.Filters": ["onMessageSent", "onMemberAdded", "onMessageSent"],
}
TRIGGER: dict[str, Any] = {"Type": "trigger", "Configuration.Url": URL, "Configuration.Triggers": ["help", "stop"]}
STUDIO: dict[str, Any] = {"Type": "studio", "Configuration.FlowSid": FLOW}


async def room(rest: Rest) -> Any:  # Any: JSON
    return await rest.create("Channels", UniqueName="room", Type="private")


@pytest.mark.parametrize(
    ("values", "configuration"),
    [
        (WEBHOOK, {"url": URL, "method": "POST", "filters": ["onMessageSent", "onMemberAdded"], "retry_count": 0}),
        (
            {**TRIGGER, "Configuration.Method": "GET", "Configuration.RetryCount": "3"},
            {"url": URL, "method": "GET", "triggers": ["help", "stop"], "retry_count": 3},
        ),
        (STUDIO, {"flow_sid": FLOW, "retry_count": 0}),
    ],
)
async def test_each_type_shows_its_configuration(
    rest: Rest, values: dict[str, Any], configuration: dict[str, Any]
) -> None:
    channel = await room(rest)
    webhook = await rest.create(PATH, values)
    assert webhook == {
        "sid": webhook["sid"],
        "account_sid": rest.account.sid,
        "service_sid": rest.service_sid,
        "channel_sid": channel["sid"],
        "type": values["Type"],
        "configuration": configuration,
        "date_created": webhook["date_created"],
        "date_updated": webhook["date_created"],
        "url": f"{HOST}/v2/Services/{rest.service_sid}/Channels/{channel['sid']}/Webhooks/{webhook['sid']}",
    }
    assert await rest.get(webhook["url"]) == await rest.update(webhook["url"]) == webhook
    assert (await rest.get(PATH))["webhooks"] == [webhook]
    await rest.delete(webhook["url"])
    assert await rest.refused("GET", webhook["url"]) == (404, 20404)


async def test_an_update_touches_only_what_is_given(rest: Rest) -> None:
    await room(rest)
    webhook = await rest.create(PATH, WEBHOOK)
    changed = await rest.update(
        f"{PATH}/{webhook['sid']}",
        {
            "Configuration.Method": "GET",
            "Configuration.RetryCount": "2",
            "Configuration.Triggers": "x",
            "Type": "studio",
        },
    )
    expected = {**webhook["configuration"], "method": "GET", "retry_count": 2}
    assert changed == {**webhook, "configuration": expected, "date_updated": changed["date_updated"]}
    filters = await rest.update(f"{PATH}/{webhook['sid']}", {"Configuration.Filters": "onUserAdded"})
    assert filters["configuration"] == {**expected, "filters": ["onUserAdded"]}


BAD: list[tuple[dict[str, Any], dict[str, Any], int]] = [
    (WEBHOOK, {"Type": ""}, 50328),
    (WEBHOOK, {"Type": "mail"}, 50324),
    (WEBHOOK, {"Configuration.Url": ""}, 50329),
    (TRIGGER, {"Configuration.Url": ""}, 50329),
    (WEBHOOK, {"Configuration.Url": "ftp://example.org"}, 20001),
    (WEBHOOK, {"Configuration.Url": "https://example.org/" + "x" * 493}, 50332),
    (WEBHOOK, {"Configuration.Method": "PUT"}, 50055),
    (WEBHOOK, {"Configuration.Method": "get"}, 50055),
    (WEBHOOK, {"Configuration.Filters": ""}, 50330),
    (WEBHOOK, {"Configuration.Filters": ["onMessageSend"]}, 50325),
    (WEBHOOK, {"Configuration.Filters": ["onMessageAdded"]}, 50325),
    (TRIGGER, {"Configuration.Triggers": ""}, 50331),
    (TRIGGER, {"Configuration.Triggers": ["a", ""]}, 50326),
    (TRIGGER, {"Configuration.Triggers": list("abcdef")}, 50322),
    (STUDIO, {"Configuration.FlowSid": "FW1"}, 50327),
    (STUDIO, {"Configuration.FlowSid": ""}, 50327),
    (WEBHOOK, {"Configuration.RetryCount": "4"}, 50065),
    (WEBHOOK, {"Configuration.RetryCount": "-1"}, 50065),
    (WEBHOOK, {"Configuration.RetryCount": "x"}, 50065),
]


@pytest.mark.parametrize(("values", "bad", "code"), BAD)
async def test_bad_webhooks_are_refused_by_code(
    rest: Rest, values: dict[str, Any], bad: dict[str, Any], code: int
) -> None:
    await room(rest)
    assert await rest.refused("POST", PATH, {**values, **bad}) == (400, code)
    assert (await rest.get(PATH))["webhooks"] == []
    if "Type" in bad:
        return
    webhook = await rest.create(PATH, values)
    assert await rest.refused("POST", webhook["url"], bad) == (400, code)
    assert await rest.get(webhook["url"]) == webhook


@pytest.mark.parametrize(
    ("values", "missing", "code"),
    [
        (WEBHOOK, "Type", 50328),
        (WEBHOOK, "Configuration.Url", 50329),
        (WEBHOOK, "Configuration.Filters", 50330),
        (TRIGGER, "Configuration.Url", 50329),
        (TRIGGER, "Configuration.Triggers", 50331),
        (STUDIO, "Configuration.FlowSid", 50327),
    ],
)
async def test_what_is_missing_is_told_first(rest: Rest, values: dict[str, Any], missing: str, code: int) -> None:
    await room(rest)
    given = {name: value for name, value in values.items() if name != missing}
    assert await rest.refused("POST", PATH, given) == (400, code)


async def test_five_webhooks_on_a_page_and_on_a_channel(rest: Rest) -> None:
    await room(rest)
    made = [await rest.create(PATH, STUDIO) for _ in range(5)]
    assert await rest.refused("POST", PATH, STUDIO) == (403, 50321)
    page = await rest.get(PATH, PageSize="50")
    assert (page["meta"]["page_size"], page["webhooks"]) == (5, made)
    assert (await rest.get(PATH))["meta"]["page_size"] == 5
    assert await rest.follow(await rest.get(PATH, PageSize="2"), "webhooks") == made
    await rest.delete(made[0]["url"])
    assert (await rest.create(PATH, STUDIO))["type"] == "studio"


async def test_they_go_with_their_channel(rest: Rest) -> None:
    await room(rest)
    await rest.create(PATH, STUDIO)
    await rest.delete("Channels/room")
    await room(rest)
    assert (await rest.get(PATH))["webhooks"] == []


async def test_those_of_conversations_are_shown_in_the_words_of_chat(rest: Rest) -> None:
    channel = await room(rest)
    names = ["onMessageAdded", "onConversationStateUpdated"]
    values = {
        "Target": "webhook",
        "Configuration.Url": URL,
        "Configuration.Method": "get",
        "Configuration.Filters": names,
    }
    conversation = f"{HOST}/conversations/v1/Services/{rest.service_sid}/Conversations/{channel['sid']}"
    response = await rest.http.post(f"{conversation.replace('chat.test', 'x.test')}/Webhooks", data=values)
    assert response.status_code == 201, response.text
    webhook = await rest.get(f"{PATH}/{response.json()['sid']}")
    assert webhook["configuration"] == {
        "url": URL,
        "method": "GET",
        "filters": ["onMessageSent", "onConversationStateUpdated"],
        "retry_count": 0,
    }
