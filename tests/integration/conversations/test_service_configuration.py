from __future__ import annotations

import pytest

from tests.integration.rest.rig import Rest

from .rig import HOST, Conversations

PATH = "Configuration"


@pytest.fixture
def service(conversations: Conversations) -> Conversations:
    return conversations.in_service()


async def test_the_columns_are_those_of_the_chat_service(service: Conversations, rest: Rest) -> None:
    url = f"{HOST}/v1/Services/{service.service_sid}/Configuration"
    chat = await rest.get("")
    assert await service.get(PATH) == {
        "chat_service_sid": service.service_sid,
        "default_conversation_creator_role_sid": chat["default_channel_creator_role_sid"],
        "default_conversation_role_sid": chat["default_channel_role_sid"],
        "default_chat_service_role_sid": chat["default_service_role_sid"],
        "reachability_enabled": False,
        "url": url,
        "links": {"notifications": f"{url}/Notifications", "webhooks": f"{url}/Webhooks"},
    }


async def test_update_changes_what_is_given(service: Conversations, rest: Rest) -> None:
    roles = {r["friendly_name"]: r["sid"] for r in (await rest.get("Roles"))["roles"]}
    before = await service.get(PATH)
    assert await service.update(PATH) == before
    values = {
        "DefaultConversationCreatorRoleSid": roles["channel user"],
        "DefaultConversationRoleSid": roles["channel admin"],
        "DefaultChatServiceRoleSid": roles["service admin"],
        "ReachabilityEnabled": "True",
    }
    changed = await service.update(PATH, values)
    assert changed == before | {
        "default_conversation_creator_role_sid": roles["channel user"],
        "default_conversation_role_sid": roles["channel admin"],
        "default_chat_service_role_sid": roles["service admin"],
        "reachability_enabled": True,
    }
    assert await service.get(PATH) == changed
    assert (await rest.get(""))["default_channel_role_sid"] == roles["channel admin"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("DefaultConversationCreatorRoleSid", 50106),
        ("DefaultConversationRoleSid", 50109),
        ("DefaultChatServiceRoleSid", 50102),
    ],
)
async def test_roles_must_exist_and_fit(service: Conversations, rest: Rest, name: str, code: int) -> None:
    roles = {r["friendly_name"]: r["sid"] for r in (await rest.get("Roles"))["roles"]}
    wrong = "channel user" if name == "DefaultChatServiceRoleSid" else "service user"
    for sid in ("RL" + "0" * 32, "nonsense", roles[wrong]):
        assert await service.refused("POST", PATH, {name: sid}) == (404, code)
    assert await service.refused("POST", PATH, {name: ""}) == (400, 50103)


async def test_bad_booleans_are_refused(service: Conversations) -> None:
    for text in ("yes", "1", ""):
        assert await service.refused("POST", PATH, ReachabilityEnabled=text) == (400, 20001)
