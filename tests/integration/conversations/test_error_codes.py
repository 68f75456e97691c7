"""The numbers of mistakes that Conversations knows; limits of counts have tests with their resources."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

import pytest
import pytest_asyncio

from tests.integration.rest.rig import Rig, Values, new_account

from .rig import HOST, Conversations

URL = {"Target": "webhook", "Configuration.Url": "https://example.com/"}
HOOK = URL | {"Configuration.Filters": "onMessageAdded"}
TRIGGER = {"Target": "trigger", "Configuration.Url": "https://example.com/"}
GUEST = {"MessagingBinding.Address": "+15550001", "MessagingBinding.ProxyAddress": "+15550002"}


def without(values: Mapping[str, str], name: str) -> dict[str, str]:
    return {given: value for given, value in values.items() if given != name}


CASES: Sequence[tuple[int, int, str, Values]] = [
    (50050, 404, "Configuration", {"DefaultChatServiceSid": "IS" + "0" * 32}),
    (50054, 400, "Configuration/Webhooks", {"Filters": "onMessageSent"}),
    (50055, 400, "Configuration/Webhooks", {"Method": "PUT"}),
    (50077, 400, "Configuration/Webhooks", {"PreWebhookUrl": "x"}),
    (50078, 400, "Configuration/Webhooks", {"PostWebhookUrl": "x"}),
    (50104, 400, "Roles", {"FriendlyName": "r", "Type": "service", "Permission": "fly"}),
    (50105, 400, "Roles", {"FriendlyName": "r", "Type": "channel", "Permission": "sendMessage"}),
    (50109, 404, "$service/Configuration", {"DefaultConversationRoleSid": "RL" + "0" * 32}),
    (50201, 409, "Users", {"Identity": "ann"}),
    (50211, 400, "Conversations/trip/Participants", GUEST | {"Identity": "bob"}),
    (50340, 400, "Configuration", {"DefaultMessagingServiceSid": ""}),
    (50341, 400, "Conversations", {"MessagingServiceSid": "IS" + "0" * 32}),
    (50353, 409, "Conversations", {"UniqueName": "trip"}),
    (50361, 403, "Conversations/busy/Webhooks", HOOK),
    (50362, 400, "Conversations/trip/Webhooks", TRIGGER | {"Configuration.Triggers": ["a", "b", "c", "d", "e", "f"]}),
    (50364, 400, "Conversations/trip/Webhooks", HOOK | {"Target": "pigeon"}),
    (50365, 400, "Conversations/trip/Webhooks", HOOK | {"Configuration.Filters": "onMessageAdd"}),
    (50366, 400, "Conversations/trip/Webhooks", TRIGGER | {"Configuration.Triggers": "x" * 249}),
    (50367, 400, "Conversations/trip/Webhooks", {"Target": "studio", "Configuration.FlowSid": "FW1"}),
    (50368, 400, "Conversations/trip/Webhooks", without(HOOK, "Target")),
    (50369, 400, "Conversations/trip/Webhooks", without(HOOK, "Configuration.Url")),
    (50370, 400, "Conversations/trip/Webhooks", URL),
    (50371, 400, "Conversations/trip/Webhooks", TRIGGER),
    (50372, 400, "Conversations/trip/Webhooks", HOOK | {"Configuration.Url": "https://example.com/" + "x" * 493}),
    (50374, 400, "Conversations/trip", {"State": ""}),
    (50375, 400, "Conversations/trip", {"Timers.Inactive": "PT59S"}),
    (50376, 400, "Conversations/trip", {"Timers.Closed": "PT9M"}),
    (50377, 400, "Conversations/closed", {"FriendlyName": "x"}),
    (50377, 400, "Conversations/closed/Messages", {"Body": "x"}),
    (50377, 400, "Conversations/closed/Participants", {"Identity": "bob"}),
    (50378, 400, "Conversations/trip", {"State": "asleep"}),
    (50379, 400, "Conversations/trip", {"Timers.Inactive": "soon"}),
    (50380, 400, "Conversations/trip", {"Timers.Closed": "later"}),
    (50382, 400, "Conversations", {"Timers.Inactive": "PT5M"}),
    (50384, 400, "Conversations", {"State": "closed"}),
    (50390, 400, "Conversations", {"UniqueName": "CH" + "0" * 32}),
    (50407, 400, "Conversations/trip/Participants", GUEST | {"MessagingBinding.Address": "x"}),
    (50408, 400, "Conversations/trip/Participants", GUEST | {"MessagingBinding.ProxyAddress": "x"}),
    (50409, 400, "Conversations/trip/Participants", GUEST | {"MessagingBinding.ProxyAddress": "+15550001"}),
    (50411, 400, "Conversations/trip/Participants", GUEST | {"MessagingBinding.Address": ""}),
    (50412, 400, "Conversations/trip/Participants", GUEST | {"MessagingBinding.ProxyAddress": ""}),
    (50414, 400, "Conversations/trip/Participants", GUEST | {"MessagingBinding.Address": "whatsapp:+15550001"}),
    (50416, 409, "Conversations/busy/Participants", GUEST),
    (50420, 400, "Conversations/trip/Participants/ann", {"MessagingBinding.ProxyAddress": "+15550002"}),
    (50421, 400, "Conversations/trip/Participants/ann", {"LastReadMessageIndex": "9"}),
    (50421, 400, "Users/ann/Conversations/trip", {"LastReadMessageIndex": "9"}),
    (50210, 400, "Users/ann/Conversations/trip", {"NotificationLevel": "loud"}),
    (50433, 409, "Conversations/trip/Participants", {"Identity": "ann"}),
    (50310, 400, "Conversations/trip/Messages", {"Author": "x" * 257}),
    (50504, 400, "Conversations/trip/Messages", {"Body": "x" * 32769}),
    (50507, 404, "Conversations/trip/Messages", {"MediaSid": "ME" + "0" * 32}),
    (50510, 400, "Conversations/trip/Messages", {"MediaSid": "IM" + "0" * 32}),
]


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def world(rig: Rig) -> AsyncIterator[Conversations]:
    """A lively conversation, one that is closed, and one with as many webhooks as there may be. No mistake changes
    anything, so one world does for all."""
    account = await new_account(rig.admin)
    async with rig.http((account.sid, account.auth_token), base_url=HOST) as http:
        conversations = Conversations(http, account)
        await _furnish(conversations)
        yield conversations


async def _furnish(conversations: Conversations) -> None:
    await conversations.create("Conversations", UniqueName="trip")
    await conversations.create("Conversations/trip/Participants", Identity="ann")
    await conversations.create("Conversations/trip/Participants", GUEST)
    await conversations.create("Conversations/trip/Messages", Body="hello")
    await conversations.create("Conversations", UniqueName="closed")
    await conversations.update("Conversations/closed", State="closed")
    await conversations.create("Conversations", UniqueName="busy")
    for _ in range(5):
        await conversations.create("Conversations/busy/Webhooks", HOOK)


@pytest.mark.parametrize(("code", "status", "path", "values"), CASES)
async def test_a_mistake_has_its_number(
    world: Conversations, code: int, status: int, path: str, values: Values
) -> None:
    path = path.replace("$service", f"/v1/Services/{world.service_sid}")
    assert await world.refused("POST", path, values) == (status, code)


async def test_both_ways_to_ask_for_participations_are_one_too_many(world: Conversations) -> None:
    both = {"Identity": "ann", "Address": "+15550001"}
    assert await world.refused("GET", "ParticipantConversations", both) == (400, 50451)
    assert await world.refused("GET", "ParticipantConversations") == (400, 20001)


@pytest.mark.parametrize(
    "path",
    [
        "Conversations/nowhere",
        "Conversations/CH00000000000000000000000000000000/Messages",
        "Conversations/trip/Participants/nobody",
        "Conversations/trip/Participants/MB00000000000000000000000000000000",
        "Conversations/trip/Messages/IM00000000000000000000000000000000",
        "Conversations/trip/Messages/0",
        "Conversations/trip/Webhooks/WH00000000000000000000000000000000",
        "Conversations/trip/Webhooks/nonsense",
        "Conversations/trip/Export",
        "Users/nobody",
        "Users/ann/Conversations/busy",
        "Roles/RL00000000000000000000000000000000",
        "Nothing",
    ],
)
async def test_what_a_path_names_in_vain_is_absent(world: Conversations, path: str) -> None:
    assert await world.refused("GET", path) == (404, 20404)
