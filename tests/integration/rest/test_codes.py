"""Every error code that a caller of Chat can meet, once, with its HTTP status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from chatcore.domain.errors import Code

from .rig import Rest, Rig, build_rig, plant_file

Values = Mapping[str, str | Sequence[str]]
NONE = "0" * 32
LONG = "x" * 257
V3 = "/v3/Services/$service/Channels/room"
WEBHOOKS, CREDENTIALS = "Channels/room/Webhooks", "/v2/Credentials"
URL = {"Configuration.Url": "https://example.org"}
HOOK: Values = {"Type": "webhook", **URL, "Configuration.Filters": "onMessageSent"}
TRIGGER: Values = {"Type": "trigger", **URL, "Configuration.Triggers": "help"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """POST `path` with `values` answers with this; `$name` stands for a SID of the scene."""

    code: int
    status: int
    path: str
    values: Values
    method: str = "POST"

    def __str__(self) -> str:
        return str(self.code)


R = Refusal
REFUSALS = [
    R(20001, 400, "Users", {}),
    R(20004, 405, "Users", {}, "PUT"),
    R(20404, 404, "Users/nobody", {}),
    R(20409, 409, "Roles/$user_role", {}, "DELETE"),
    R(50000, 400, "", {"FriendlyName": ""}),
    R(50003, 400, "", {"FriendlyName": LONG}),
    R(50004, 400, "Channels", {"UniqueName": LONG}),
    R(50052, 400, "", {"ConsumptionReportInterval": "-1"}),
    R(50053, 400, "", {"TypingIndicatorTimeout": "0"}),
    R(50054, 400, "", {"WebhookFilters": "onNothing"}),
    R(50055, 400, "", {"WebhookMethod": "PUT"}),
    R(50058, 400, "", {"Notifications.NewMessage.Template": "x" * 2049}),
    R(50059, 400, "", {"Notifications.NewMessage.Sound": LONG}),
    R(50060, 400, "", {"Limits.UserChannels": "0"}),
    R(50061, 400, "", {"Limits.ChannelMembers": "0"}),
    R(50065, 400, "", {"PreWebhookRetryCount": "4"}),
    R(50077, 400, "", {"PreWebhookUrl": "nowhere"}),
    R(50078, 400, "", {"PostWebhookUrl": "nowhere"}),
    R(50100, 404, "Users", {"Identity": "x", "RoleSid": f"RL{NONE}"}),
    R(50101, 404, "Channels/room/Members", {"Identity": "x", "RoleSid": "$user_role"}),
    R(50102, 404, "Users", {"Identity": "x", "RoleSid": "$channel_role"}),
    R(50103, 400, "Users", {"Identity": "x", "RoleSid": ""}),
    R(50104, 400, "Roles", {"FriendlyName": "x", "Type": "channel", "Permission": "fly"}),
    R(50105, 400, "Roles", {"FriendlyName": "x", "Type": "king", "Permission": "sendMessage"}),
    R(50106, 404, "", {"DefaultChannelCreatorRoleSid": "$user_role"}),
    R(50201, 409, "Users", {"Identity": "ann"}),
    R(50203, 400, "Users", {"Identity": "system"}),
    R(50204, 400, "Users", {"Identity": ""}),
    R(50206, 400, "Users", {"Identity": f"US{NONE}"}),
    R(50207, 400, "Users", {"Identity": LONG}),
    R(50208, 403, "Channels/full/Members", {"Identity": "busy"}),
    R(50209, 400, "Bindings", {"BindingType": "web"}, "GET"),
    R(50210, 400, "Users/ann/Channels/room", {"NotificationLevel": "loud"}),
    R(50212, 409, "Channels/room/Invites", {"Identity": "ivy"}),
    R(50303, 400, "Users/ann", {"Attributes": f'"{"x" * 4095}"'}),
    R(50304, 400, "Users/ann", {"Attributes": "{"}),
    R(50306, 400, "Channels", {"UniqueName": f"CH{NONE}"}),
    R(50307, 409, "Channels", {"UniqueName": "room"}),
    R(50308, 400, "Channels", {"DateCreated": "soon"}),
    R(50309, 400, "Channels", {"DateUpdated": "soon"}),
    R(50310, 400, "Channels/room/Messages", {"From": LONG}),
    R(50321, 403, "Channels/hooked/Webhooks", HOOK),
    R(50322, 400, WEBHOOKS, {**TRIGGER, "Configuration.Triggers": list("abcdef")}),
    R(50324, 400, WEBHOOKS, {**HOOK, "Type": "mail"}),
    R(50325, 400, WEBHOOKS, {**HOOK, "Configuration.Filters": "onMessageSend"}),
    R(50326, 400, WEBHOOKS, {**TRIGGER, "Configuration.Triggers": ["a", ""]}),
    R(50327, 400, WEBHOOKS, {"Type": "studio", "Configuration.FlowSid": "x"}),
    R(50328, 400, WEBHOOKS, {}),
    R(50329, 400, WEBHOOKS, {"Type": "webhook"}),
    R(50330, 400, WEBHOOKS, {"Type": "webhook", **URL}),
    R(50331, 400, WEBHOOKS, {"Type": "trigger", **URL}),
    R(50332, 400, WEBHOOKS, {**HOOK, "Configuration.Url": f"https://{'x' * 505}"}),
    R(50341, 400, V3, {"MessagingServiceSid": "x"}),
    R(50393, 400, V3, {"Type": "public"}),
    R(50403, 403, "Channels/full/Members", {"Identity": "ann"}),
    R(50404, 409, "Channels/room/Members", {"Identity": "ann"}),
    R(50405, 400, "Channels/room/Members/ann", {"LastConsumptionTimestamp": "soon"}),
    R(50406, 400, "Channels/room/Members/ann", {"LastConsumedMessageIndex": "2"}),
    R(50503, 400, "/v1/Services/$service/Channels/room/Messages", {}),
    R(50504, 400, "Channels/room/Messages", {"Body": "x" * 32769}),
    R(50505, 400, "Channels/room/Messages", {"LastUpdatedBy": LONG}),
    R(50507, 404, "Channels/room/Messages", {"MediaSid": f"ME{NONE}"}),
    R(50508, 409, "Channels/room/Messages", {"MediaSid": "$file"}),
    R(50509, 400, "Channels/room/Messages/$picture", {"Body": "a word"}),
    R(50377, 400, "Channels/closed", {"FriendlyName": "x"}),
    R(19038, 400, "Channels/room/Messages", {"PageToken": "-1"}, "GET"),
]

ELSEWHERE = {
    Code.TOO_MANY_REQUESTS: "needs a limit of requests in flight: tests of the application",
    Code.UNAVAILABLE: "needs a database that is away: tests of the application",
    Code.CHANNEL_RATE_EXCEEDED: "below",
    Code.SERVICE_RATE_EXCEEDED: "below",
}
CLIENTS_ONLY = {Code.NOT_AUTHORIZED, Code.NOT_A_MEMBER, Code.WEBHOOK_REJECTED, Code.REVISION_MISMATCH}
CONVERSATIONS_ONLY = {
    code
    for code in Code
    if code.name.startswith(("GUEST", "PARTICIPANT", "STATE_", "INACTIVE_", "CLOSED_TIMER", "TIMER_"))
}
UPLOADS_ONLY = {Code.MEDIA_TYPE_INVALID, Code.MEDIA_TOO_LARGE}
NEVER_MEANT = {Code.INTERNAL, Code.FORBIDDEN}
ABSENT_IN_PATHS = {code for code in Code if code.name.endswith("_NOT_FOUND")}


async def scene(rest: Rest, rig: Rig) -> dict[str, str]:
    """Rooms and people; the SIDs that refusals name."""
    service = await rest.get("")
    await rest.update("", {"Limits.UserChannels": "3"})
    for name in ("room", "hooked", "closed", "full"):
        await rest.create("Channels", UniqueName=name, Type="private")
    await rest.create("Channels/room/Members", Identity="ann")
    for name in ("busy", "ivy"):
        await rest.create("Users", Identity=name)
    await rest.create("Channels/room/Invites", Identity="ivy")
    for name in ("room", "hooked", "closed"):
        await rest.create(f"Channels/{name}/Members", Identity="busy")
    for _ in range(5):
        await rest.create("Channels/hooked/Webhooks", HOOK)
    closed = f"http://x.test/conversations/v1/Services/{rest.service_sid}/Conversations/closed"
    assert (await rest.http.post(closed, data={"State": "closed"})).status_code == 200
    file = await plant_file(rig, rest.service_sid)
    await rest.create("Channels/room/Messages", Body="x")
    picture = await rest.create("Channels/room/Messages", MediaSid=file)
    return {
        "service": rest.service_sid,
        "user_role": service["default_service_role_sid"],
        "channel_role": service["default_channel_role_sid"],
        "file": file,
        "picture": picture["sid"],
    }


def filled(text: str, sids: Mapping[str, str]) -> str:
    for name, sid in sids.items():
        text = text.replace(f"${name}", sid)
    return text


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
async def test_a_code_and_its_status(rest: Rest, rig: Rig, refusal: Refusal) -> None:
    sids = await scene(rest, rig)
    if refusal.code == Code.CHANNEL_FULL:
        await rest.update("", {"Limits.ChannelMembers": "1", "Limits.UserChannels": "10"})
        await rest.create("Channels/full/Members", Identity="first")
    values: dict[str, Any] = {  # Any: lists
        name: filled(value, sids) if isinstance(value, str) else value for name, value in refusal.values.items()
    }
    assert await rest.refused(refusal.method, filled(refusal.path, sids), values) == (refusal.status, refusal.code)


def test_no_code_of_the_domain_is_forgotten() -> None:
    known = {refusal.code for refusal in REFUSALS} | {*ELSEWHERE} | ABSENT_IN_PATHS
    assert set(Code) - known == CLIENTS_ONLY | CONVERSATIONS_ONLY | UPLOADS_ONLY | NEVER_MEANT


@pytest.mark.parametrize(
    ("rates", "path", "code"),
    [
        ({"channel_rate": 1}, "Channels/room/Members/ann", 50063),
        ({"service_rate": 1}, "Channels", 50074),
        ({"service_rate": 1}, "Users/ann", 50074),
    ],
)
async def test_too_much_at_once_may_be_tried_again(
    rest: Rest, rig: Rig, rates: dict[str, float], path: str, code: int
) -> None:
    await scene(rest, rig)
    limited = build_rig(rig.store, **rates)  # type: ignore[arg-type]  # two of its keywords
    async with limited.http((rest.account.sid, rest.account.auth_token)) as http:
        for _ in range(30):
            response = await http.post(rest.path(path), data={"Attributes": "[]"})
            if response.status_code == 429:
                break
    assert (response.status_code, response.json()["code"]) == (429, code)
    assert int(response.headers["retry-after"]) >= 1
