"""The largest and smallest values of every parameter that has bounds: the last good ones and the first bad ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from chatcore.domain.ids import new_sid

from .rig import Rest, Rig, build_rig

EMOJI = "\U0001f600"  # one character, four bytes
INT_MAX = 2**31 - 1
Value = str | Sequence[str]
HOOK: dict[str, Value] = {"Configuration.Url": "http://x", "Configuration.Filters": "onMessageSent", "Type": "webhook"}
TRIGGER: dict[str, Value] = {"Configuration.Url": "http://x", "Configuration.Triggers": "y", "Type": "trigger"}
STUDIO: dict[str, Value] = {"Type": "studio", "Configuration.FlowSid": new_sid("FW")}
ROLE: dict[str, Value] = {"FriendlyName": "x", "Type": "channel", "Permission": "sendMessage"}
ROOM, ANN, WEBHOOKS = "Channels/room", "Channels/room/Members/ann", "Channels/room/Webhooks"
PUSHES = ("NewMessage", "AddedToChannel", "RemovedFromChannel", "InvitedToChannel")


@dataclass(frozen=True, slots=True)
class Bound:
    """`good` are taken and `bad` are refused with the code, beside `others`."""

    path: str
    name: str
    code: int
    good: Sequence[Value]
    bad: Sequence[Value]
    others: dict[str, Value] | None = None

    def __str__(self) -> str:
        return f"{self.path}:{self.name}"


def attributes(size: int) -> str:
    """JSON text of that many bytes."""
    return f'"{"x" * (size - 2)}"'


def text(path: str, name: str, code: int, most: int = 256, others: dict[str, Value] | None = None) -> Bound:
    return Bound(path, name, code, [EMOJI * most], ["x" * (most + 1)], others)


def number(path: str, name: str, code: int, least: int, most: int | None, **more: Any) -> Bound:  # Any: of a Bound
    good, bad = [str(least)], [str(least - 1), "x", "", "1.0", "+1"]
    if most is not None:
        good, bad = [*good, str(most)], [*bad, str(most + 1)]
    return Bound(path, name, code, good, bad, **more)


BOUNDS = [
    text("", "FriendlyName", 50003),
    text("/v2/Services", "FriendlyName", 50003),
    text("Roles", "FriendlyName", 50003, others=ROLE),
    text("Users/ann", "FriendlyName", 50003),
    text(ROOM, "FriendlyName", 50003),
    text("/v2/Credentials", "FriendlyName", 50003, others={"Type": "apn"}),
    text(ROOM, "UniqueName", 50004),
    text("Users", "Identity", 50207),
    text(f"{ROOM}/Members", "Identity", 50207),
    text(ROOM, "CreatedBy", 50310),
    text(f"{ROOM}/Messages", "From", 50310),
    text(f"{ROOM}/Messages", "LastUpdatedBy", 50505),
    Bound(f"{ROOM}/Messages", "Body", 50504, ["", EMOJI * 8192], [EMOJI * 8192 + "x"]),
    Bound(ROOM, "Attributes", 50303, [attributes(16384), "0"], [attributes(16385)]),
    *(
        Bound(path, "Attributes", 50303, [attributes(4096)], [attributes(4097)])
        for path in ("Users/ann", ANN, f"{ROOM}/Messages")
    ),
    number("", "TypingIndicatorTimeout", 50053, 1, INT_MAX),
    number("", "ConsumptionReportInterval", 50052, 0, INT_MAX),
    number("", "Limits.ChannelMembers", 50061, 1, 1000),
    number("", "Limits.UserChannels", 50060, 1, 1000),
    number("", "PreWebhookRetryCount", 50065, 0, 3),
    number("", "PostWebhookRetryCount", 50065, 0, 3),
    *(text("", f"Notifications.{push}.Template", 50058, 2048) for push in PUSHES),
    *(text("", f"Notifications.{push}.Sound", 50059) for push in PUSHES),
    Bound(ANN, "LastConsumedMessageIndex", 50406, ["0", "2", ""], ["-1", "3", "x", "1.0", str(2**63)]),
    Bound("Users/ann/Channels/room", "LastConsumedMessageIndex", 50406, ["0", "2", ""], ["-1", "3", "x"]),
    Bound(
        WEBHOOKS,
        "Configuration.Url",
        50332,
        ["https://" + "x" * 504],
        ["https://" + "x" * 505],
        HOOK,
    ),
    Bound(WEBHOOKS, "Configuration.Triggers", 50326, ["x", EMOJI * 248, list("abcde")], ["x" * 249], TRIGGER),
    Bound(WEBHOOKS, "Configuration.Triggers", 50322, [], [list("abcdef")], TRIGGER),
    number(WEBHOOKS, "Configuration.RetryCount", 50065, 0, 3, others=STUDIO),
]


async def scene(rest: Rest) -> None:
    await rest.create("Channels", UniqueName="room")
    await rest.create(f"{ROOM}/Members", Identity="ann")
    for _ in range(3):
        await rest.create(f"{ROOM}/Messages", Body="x")


@pytest.mark.parametrize("bound", BOUNDS, ids=str)
async def test_the_last_good_and_the_first_bad(rest: Rest, bound: Bound) -> None:
    await scene(rest)
    path = bound.path
    if path == ROOM:  # a change of the unique name would lead astray
        path = f"Channels/{(await rest.get(ROOM))['sid']}"
    for value in bound.bad:
        refused = await rest.refused("POST", path, {**(bound.others or {}), bound.name: value})
        assert refused == (400, bound.code), str(value)[:20]
    for value in bound.good:
        response = await rest.http.post(rest.path(path), data={**(bound.others or {}), bound.name: value})
        assert response.is_success, response.text


async def test_an_operator_may_lift_the_limits_of_services(rig: Rig, rest: Rest) -> None:
    lifted = build_rig(rig.store, limit_ceiling=5000)
    async with lifted.http((rest.account.sid, rest.account.auth_token)) as http:
        caller = Rest(http, rest.account)
        values = {"Limits.ChannelMembers": "5000", "Limits.UserChannels": "4999"}
        assert (await caller.update("", values))["limits"] == {"channel_members": 5000, "user_channels": 4999}
        for name, code in (("Limits.ChannelMembers", 50061), ("Limits.UserChannels", 50060)):
            assert await caller.refused("POST", "", {name: "5001"}) == (400, code)


@pytest.mark.parametrize(
    "path",
    [
        "/v2/Services",
        "/v2/Credentials",
        "Roles",
        "Users",
        "Bindings",
        "Channels",
        f"{ROOM}/Members",
        f"{ROOM}/Messages",
        f"{ROOM}/Invites",
        WEBHOOKS,
        "Users/ann/Channels",
        "Users/ann/Bindings",
    ],
)
async def test_pages_have_a_size_above_nothing(rest: Rest, path: str) -> None:
    await scene(rest)
    for bad in ("0", "-1", "x", "", "1.5"):
        assert await rest.refused("GET", path, PageSize=bad) == (400, 20001)
    for name, bad in (("Page", "-1"), ("Page", "x"), ("PageToken", "x"), ("PageToken", "PTabc")):
        assert await rest.refused("GET", path, {name: bad}) == (400, 20001)
    assert (await rest.get(path, PageSize="1"))["meta"]["page_size"] == 1
