"""What nobody would send by mistake."""

from __future__ import annotations

import pytest

from .rig import Conversations
from .test_guests import ADDRESS, ANNA, invite
from .test_messages import new

STRANGE = ["%00", "a%00b", "%ED%A0%80", "%FF", "x" * 5000, "%2e%2e%2f", "%27%20OR%201%3D1--", "%F0%9F%8E%89"]


@pytest.mark.parametrize("text", STRANGE)
async def test_strange_names_are_of_nothing(conversations: Conversations, text: str) -> None:
    path = await new(conversations)
    message = await conversations.create(f"{path}/Messages", Body="x")
    for target in (
        f"Conversations/{text}",
        f"Conversations/{text}/Messages",
        f"{path}/Messages/{text}",
        f"{path}/Messages/{message['sid']}/Receipts/{text}",
        f"{path}/Participants/{text}",
        f"{path}/Webhooks/{text}",
    ):
        response = await conversations.http.get(conversations.path(target))
        assert response.status_code in (400, 404), (target, response.text)
        assert response.json()["code"] in (20001, 20404)


@pytest.mark.parametrize("token", ["PT", "PT%00", "PTAAAA", "1", "x" * 3000])
async def test_made_up_tokens_are_refused(conversations: Conversations, token: str) -> None:
    path = await new(conversations)
    message = await conversations.create(f"{path}/Messages", Body="x")
    for target in (
        "Conversations",
        f"{path}/Messages",
        f"{path}/Messages/{message['sid']}/Receipts",
        f"{path}/Participants",
        f"{path}/Webhooks",
        "ParticipantConversations?Identity=ann",
    ):
        joint = "&" if "?" in target else "?"
        response = await conversations.http.get(conversations.path(f"{target}{joint}PageToken={token}"))
        assert (response.status_code, response.json()["code"]) == (400, 20001), (target, response.text)


async def test_a_token_of_another_order_is_refused(conversations: Conversations) -> None:
    path = await new(conversations)
    for number in range(2):
        await conversations.create(f"{path}/Messages", Body=str(number))
        await conversations.create(f"{path}/Participants", Identity=f"user {number}")
    page = await conversations.get(f"{path}/Participants", PageSize="1")
    token = page["meta"]["next_page_url"].rpartition("PageToken=")[2]
    assert await conversations.refused("GET", f"{path}/Messages", PageToken=token) == (400, 20001)


@pytest.mark.parametrize("broken", [b"\xff", b"\xed\xa0\x80", b"a%00b", b"%ED%A0%80"])
@pytest.mark.parametrize(
    ("part", "name", "more"),
    [
        ("Conversations", "FriendlyName", b""),
        ("Conversations", "UniqueName", b""),
        ("Conversations", "Attributes", b""),
        ("Conversations", "Bindings.Email.Name", b""),
        ("Conversations", "MessagingServiceSid", b""),
        ("Conversations", "Timers.Inactive", b"&State=active"),
        ("ConversationWithParticipants", "Participant", b""),
        ("$/Messages", "Body", b""),
        ("$/Messages", "Author", b""),
        ("$/Messages", "Subject", b""),
        ("$/Messages", "MediaSid", b""),
        ("$/Messages", "ContentSid", b""),
        ("$/Messages", "ContentVariables", b"&ContentSid=HX00000000000000000000000000000000"),
        ("$/Participants", "Identity", b""),
        ("$/Participants", "Attributes", b"&Identity=ann"),
        ("$/Participants", "RoleSid", b"&Identity=ann"),
        ("$/Participants", "MessagingBinding.Address", b""),
        ("$/Participants", "MessagingBinding.ProxyAddress", b"&MessagingBinding.Address=%2B15558675310"),
        ("$/Webhooks", "Target", b""),
        ("$/Webhooks", "Configuration.Url", b"&Target=webhook"),
        ("$/Webhooks", "Configuration.Triggers", b"&Target=trigger&Configuration.Url=http://a/"),
        ("$/Webhooks", "Configuration.FlowSid", b"&Target=studio"),
    ],
)
async def test_broken_text_is_refused_wherever_text_is_read(
    conversations: Conversations, broken: bytes, part: str, name: str, more: bytes
) -> None:
    path = await new(conversations)
    response = await conversations.http.post(
        conversations.path(part.replace("$", path)),
        content=name.encode() + b"=" + broken + more,
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert (response.status_code, response.json()["code"]) == (400, 20001), response.text


async def test_broken_text_in_a_participant_is_refused(conversations: Conversations) -> None:
    for participant in (
        '{"identity": "a\\u0000b"}',
        '{"identity": "ann", "attributes": "\\"\\u0000\\""}',
        '{"identity": "ann", "role_sid": "RL\\u0000"}',
        '{"messaging_binding": {"address": "+1\\u0000"}}',
        '{"messaging_binding": {"address": "+15558675310", "proxy_address": "+1\\u0000"}}',
    ):
        values = {"Participant": participant}
        assert await conversations.refused("POST", "ConversationWithParticipants", values) == (400, 20001), participant
    assert (await conversations.get("Conversations"))["conversations"] == []


async def test_an_address_that_looks_like_another_thing(conversations: Conversations) -> None:
    """Identities and SIDs share paths with nothing else."""
    path = await new(conversations)
    guest = await invite(conversations, path)
    double = await conversations.create(f"{path}/Participants", Identity=guest["sid"])
    assert (await conversations.get(f"{path}/Participants/{double['sid']}"))["identity"] == guest["sid"]
    assert (await conversations.get(f"{path}/Participants/{guest['sid']}"))["sid"] == guest["sid"]


async def test_wrong_methods(conversations: Conversations) -> None:
    path = await new(conversations)
    for method in ("PUT", "PATCH"):
        assert await conversations.refused(method, path) == (405, 20004)
    assert await conversations.refused("DELETE", "Conversations") == (405, 20004)
    assert await conversations.refused("POST", "ParticipantConversations") == (405, 20004)


async def test_json_bodies_are_not_read(conversations: Conversations) -> None:
    path = await new(conversations)
    response = await conversations.http.post(conversations.path(f"{path}/Participants"), json={"Identity": "ann"})
    assert (response.status_code, response.json()["code"]) == (400, 20001)
    response = await conversations.http.post(conversations.path(f"{path}/Participants"), json={ADDRESS: ANNA})
    assert response.status_code == 400
