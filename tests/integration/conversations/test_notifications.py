from __future__ import annotations

import pytest

from tests.integration.rest.rig import Rest

from .rig import HOST, Conversations

PATH = "Configuration/Notifications"


@pytest.fixture
def service(conversations: Conversations) -> Conversations:
    return conversations.in_service()


async def test_fresh_settings_are_off(service: Conversations) -> None:
    settings = await service.get(PATH)
    assert settings == {
        "account_sid": service.account.sid,
        "chat_service_sid": service.service_sid,
        "new_message": {"enabled": False},
        "added_to_conversation": {"enabled": False},
        "removed_from_conversation": {"enabled": False},
        "log_enabled": False,
        "url": f"{HOST}/v1/Services/{service.service_sid}/Configuration/Notifications",
    }
    assert await service.update(PATH) == settings


async def test_update_changes_what_is_given(service: Conversations) -> None:
    await service.update(PATH, {"LogEnabled": "true", "NewMessage.Enabled": "true", "NewMessage.Sound": "ping"})
    changed = await service.update(
        PATH,
        {
            "NewMessage.Template": "${PARTICIPANT}: ${MESSAGE}",
            "NewMessage.BadgeCountEnabled": "true",
            "NewMessage.WithMedia.Enabled": "true",
            "NewMessage.WithMedia.Template": "${MEDIA}",
            "AddedToConversation.Enabled": "true",
            "AddedToConversation.Template": "added",
            "AddedToConversation.Sound": "added.aiff",
            "RemovedFromConversation.Enabled": "true",
            "RemovedFromConversation.Template": "removed",
            "RemovedFromConversation.Sound": "removed.aiff",
        },
    )
    assert changed["log_enabled"] is True
    assert changed["new_message"] == {
        "enabled": True,
        "template": "${PARTICIPANT}: ${MESSAGE}",
        "sound": "ping",
        "badge_count_enabled": True,
        "with_media": {"enabled": True, "template": "${MEDIA}"},
    }
    assert changed["added_to_conversation"] == {"enabled": True, "template": "added", "sound": "added.aiff"}
    assert changed["removed_from_conversation"] == {"enabled": True, "template": "removed", "sound": "removed.aiff"}
    assert await service.get(PATH) == changed
    cleared = await service.update(PATH, {"NewMessage.Sound": "", "NewMessage.WithMedia.Template": ""})
    assert "sound" not in cleared["new_message"]
    assert cleared["new_message"]["with_media"] == {"enabled": True}


async def test_the_settings_of_chat_are_others(service: Conversations, rest: Rest) -> None:
    await service.update(PATH, {"NewMessage.Enabled": "true"})
    await rest.update("", {"Notifications.NewMessage.Template": "chat"})
    assert (await rest.get(""))["notifications"]["new_message"] == {"enabled": False, "template": "chat"}
    assert (await service.get(PATH))["new_message"] == {"enabled": True}


GROUPS = ("NewMessage", "NewMessage.WithMedia", "AddedToConversation", "RemovedFromConversation")


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("LogEnabled", "1", 20001),
        ("NewMessage.BadgeCountEnabled", "", 20001),
        *((f"{group}.Enabled", "yes", 20001) for group in GROUPS),
        *((f"{group}.Template", "x" * 2049, 50058) for group in GROUPS),
        *((f"{group}.Sound", "x" * 257, 50059) for group in GROUPS if "." not in group),
    ],
)
async def test_bad_parameters_are_refused(service: Conversations, name: str, value: str, code: int) -> None:
    before = await service.get(PATH)
    assert await service.refused("POST", PATH, {name: value}) == (400, code)
    assert await service.get(PATH) == before


@pytest.mark.parametrize("group", GROUPS)
async def test_the_longest_texts_are_accepted(service: Conversations, group: str) -> None:
    await service.update(PATH, {f"{group}.Template": "x" * 2048, f"{group}.Sound": "x" * 256})
