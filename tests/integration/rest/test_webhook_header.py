"""Which operations make post-event webhooks, and in which versions."""

from __future__ import annotations

from typing import Any

import pytest

from chatcore.domain.webhooks import EVENTS, Vocabulary

from .rig import Rest, Rig

HEADER = {"X-Twilio-Webhook-Enabled": "True"}
IP_MESSAGING = "http://ip-messaging.x.test"

OPERATIONS: list[tuple[str, str, dict[str, str], list[str]]] = [
    ("POST", "Channels", {}, ["onChannelAdded"]),
    ("POST", "Channels/room", {"FriendlyName": "x"}, ["onChannelUpdated"]),
    ("DELETE", "Channels/room", {}, ["onChannelDestroyed"]),
    ("POST", "Channels/room/Members", {"Identity": "bob"}, ["onMemberAdded"]),
    ("POST", "Channels/room/Members", {"Identity": "new"}, ["onUserAdded", "onMemberAdded"]),
    ("POST", "Channels/room/Members/ann", {"Attributes": "1"}, ["onMemberUpdated"]),
    ("DELETE", "Channels/room/Members/ann", {}, ["onMemberRemoved"]),
    ("POST", "Channels/room/Messages", {"Body": "x"}, ["onMessageSent"]),
    ("POST", "Channels/room/Messages/$message", {"Body": "y"}, ["onMessageUpdated"]),
    ("DELETE", "Channels/room/Messages/$message", {}, ["onMessageRemoved"]),
    ("POST", "Users", {"Identity": "new"}, ["onUserAdded"]),
    ("POST", "Users/ann", {"FriendlyName": "x"}, ["onUserUpdated"]),
    ("DELETE", "Users/ann/Channels/room", {}, ["onMemberRemoved"]),
    ("POST", "Users/ann/Channels/room", {"NotificationLevel": "muted"}, []),
    ("DELETE", "Users/ann", {}, []),
    ("POST", "Channels/room/Invites", {"Identity": "bob"}, []),
    ("POST", "", {"FriendlyName": "x"}, []),
    ("POST", "Roles", {"FriendlyName": "x", "Type": "channel", "Permission": "sendMessage"}, []),
]


async def scene(rest: Rest, rig: Rig) -> str:
    """A room with a member and a message, whose SID is returned, and a target that wants to hear everything."""
    everything = sorted(EVENTS[Vocabulary.CHAT])
    await rest.update("", {"PostWebhookUrl": "https://example.org/", "WebhookFilters": everything})
    await rest.create("Channels", UniqueName="room")
    await rest.create("Channels/room/Members", Identity="ann")
    await rest.create("Users", Identity="bob")
    message = await rest.create("Channels/room/Messages", Body="x")
    assert await heard(rest, rig) == []
    return str(message["sid"])


async def heard(rest: Rest, rig: Rig) -> list[str]:
    rows = await rig.store.pool.fetch(
        "SELECT job FROM outbox WHERE service_sid = $1 AND kind = 'webhook' ORDER BY id", rest.service_sid
    )
    return [row["job"]["event"] for row in rows]


async def ask(rest: Rest, method: str, path: str, values: dict[str, str], **headers: str) -> Any:  # Any: JSON
    response = await rest.http.request(method, rest.path(path), data=values or None, headers=headers)
    assert response.is_success, response.text


@pytest.mark.parametrize(("method", "path", "values", "events"), OPERATIONS)
async def test_targets_hear_where_the_request_asks_for_it(
    rest: Rest, rig: Rig, method: str, path: str, values: dict[str, str], events: list[str]
) -> None:
    path = path.replace("$message", await scene(rest, rig))
    await ask(rest, method, path, values, **HEADER)
    assert await heard(rest, rig) == events


@pytest.mark.parametrize("header", ["false", "", "1"])
async def test_anything_but_true_is_silence(rest: Rest, rig: Rig, header: str) -> None:
    await scene(rest, rig)
    await ask(rest, "POST", "Channels/room/Messages", {"Body": "x"}, **{"X-Twilio-Webhook-Enabled": header})
    assert await heard(rest, rig) == []


async def test_version_1_never_makes_webhooks(rest: Rest, rig: Rig) -> None:
    await scene(rest, rig)
    v1 = Rest(rest.http, rest.account, version="v1")
    await ask(v1, "POST", "Channels/room/Messages", {"Body": "x"}, **HEADER)
    await ask(v1, "DELETE", "Channels/room/Members/ann", {}, **HEADER)
    assert await heard(rest, rig) == []


async def test_ip_messaging_accepts_the_header_too(rest: Rest, rig: Rig) -> None:
    await scene(rest, rig)
    url = f"{IP_MESSAGING}/v2/Services/{rest.service_sid}/Users/ann/Channels/room"
    await ask(rest, "DELETE", url, {}, **HEADER)
    assert await heard(rest, rig) == ["onMemberRemoved"]


async def test_migrating_honours_it(rest: Rest, rig: Rig) -> None:
    await scene(rest, rig)
    url = f"http://chat.test/v3/Services/{rest.service_sid}/Channels/room"
    await ask(rest, "POST", url, {"Type": "private"}, **HEADER)
    assert await heard(rest, rig) == ["onChannelUpdated"]
