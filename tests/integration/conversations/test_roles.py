from __future__ import annotations

import pytest

from tests.integration.rest.rig import Rest

from .rig import Conversations

NAMES = {
    "createChannel": "createConversation",
    "joinChannel": "joinConversation",
    "destroyChannel": "deleteConversation",
    "addMember": "addParticipant",
    "removeMember": "removeParticipant",
    "editChannelName": "editConversationName",
    "editChannelAttributes": "editConversationAttributes",
    "editAnyMemberAttributes": "editAnyParticipantAttributes",
    "editOwnMemberAttributes": "editOwnParticipantAttributes",
    "leaveChannel": "leaveConversation",
    "inviteMember": "inviteMember",
    "addNonChatParticipant": "addNonChatParticipant",
    "sendMessage": "sendMessage",
}
"""In Chat's words, and in those of Conversations."""


async def test_a_role_has_every_property(either: Conversations) -> None:
    values = {"FriendlyName": "guide", "Type": "conversation", "Permission": ["sendMessage", "leaveConversation"]}
    role = await either.create("Roles", values)
    assert role == {
        "sid": role["sid"],
        "account_sid": either.account.sid,
        "chat_service_sid": either.service_sid,
        "friendly_name": "guide",
        "type": "conversation",
        "permissions": ["sendMessage", "leaveConversation"],
        "date_created": role["date_created"],
        "date_updated": role["date_created"],
        "url": either.url(f"Roles/{role['sid']}"),
    }
    assert await either.get(role["url"]) == role


@pytest.mark.parametrize(("chat", "own"), NAMES.items())
async def test_permissions_and_types_translate(conversations: Conversations, rest: Rest, chat: str, own: str) -> None:
    values = {"FriendlyName": "role", "Type": "service", "Permission": [own, chat]}
    role = await conversations.create("Roles", values)
    assert role["permissions"] == [own]
    in_chat = await rest.get(f"Roles/{role['sid']}")
    assert (in_chat["type"], in_chat["permissions"]) == ("deployment", [chat])


async def test_built_in_roles_are_shown_in_own_words(conversations: Conversations) -> None:
    roles = {role["friendly_name"]: role for role in (await conversations.get("Roles"))["roles"]}
    assert roles["service user"]["type"] == "service"
    assert roles["service user"]["permissions"] == ["createConversation", "joinConversation", "editOwnUserInfo"]
    assert roles["channel user"]["type"] == "conversation"


async def test_life_of_a_role(either: Conversations) -> None:
    values = {"FriendlyName": "role", "Type": "conversation", "Permission": "sendMessage"}
    role = await either.create("Roles", values)
    path = f"Roles/{role['sid']}"
    ignored = {"FriendlyName": "renamed", "Type": "service"}
    changed = await either.update(path, ignored | {"Permission": "leaveConversation"})
    assert changed == role | {"permissions": ["leaveConversation"], "date_updated": changed["date_updated"]}
    await either.delete(path)
    for method in ("GET", "DELETE"):
        assert await either.refused(method, path) == (404, 20404)


async def test_a_default_role_stays(conversations: Conversations) -> None:
    roles = {role["friendly_name"]: role["sid"] for role in (await conversations.get("Roles"))["roles"]}
    assert await conversations.refused("DELETE", f"Roles/{roles['channel user']}") == (409, 20409)


async def test_pages_hold_fifty(conversations: Conversations) -> None:
    page = await conversations.get("Roles", PageSize="1000")
    assert (page["meta"]["page_size"], page["meta"]["key"]) == (50, "roles")
    first = await conversations.get("Roles", PageSize="1")
    assert await conversations.follow(first, "roles") == page["roles"]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"Type": "channel"}, 50105),
        ({"Type": ""}, 50105),
        ({"Permission": "fly"}, 50104),
        ({"Permission": ["sendMessage", "fly"]}, 50104),
        ({"FriendlyName": "x" * 257}, 50003),
    ],
)
async def test_bad_parameters_are_refused(
    conversations: Conversations, values: dict[str, str | list[str]], code: int
) -> None:
    good = {"FriendlyName": "role", "Type": "conversation", "Permission": "sendMessage"}
    assert await conversations.refused("POST", "Roles", {**good, **values}) == (400, code)


@pytest.mark.parametrize("name", ["FriendlyName", "Type", "Permission"])
async def test_what_is_required_is_named(conversations: Conversations, name: str) -> None:
    values = {"FriendlyName": "role", "Type": "conversation", "Permission": "sendMessage"}
    del values[name]
    response = await conversations.http.post("/v1/Roles", data=values)
    assert response.json()["message"] == f"Missing required parameter {name} in the post body"


async def test_an_update_needs_permissions(conversations: Conversations) -> None:
    sid = (await conversations.get("Roles"))["roles"][0]["sid"]
    assert await conversations.refused("POST", f"Roles/{sid}") == (400, 20001)


async def test_roles_of_other_services_are_absent(conversations: Conversations, stranger: Conversations) -> None:
    sid = (await stranger.get("Roles"))["roles"][0]["sid"]
    for key in (sid, "RL" + "0" * 32, "service%20user"):
        assert await conversations.refused("GET", f"Roles/{key}") == (404, 20404)
