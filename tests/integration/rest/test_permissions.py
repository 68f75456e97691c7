"""Every permission as REST has it: its own account is never restricted, and nobody else finds anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from chatcore.domain.permissions import Permission as P

from .rig import Rest, Rig, plant_file

CHANNEL, USER = "/Channels/$channel", "/Users/$user"


@dataclass(frozen=True, slots=True)
class Deed:
    """What needs the permission where a client does it. The path is below the service; `$name` is a SID."""

    permission: P
    path: str
    values: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    product: str = "chat/v2"

    def __str__(self) -> str:
        return self.permission


DEEDS = [
    Deed(P.CREATE_CHANNEL, "/Channels"),
    Deed(P.JOIN_CHANNEL, f"{CHANNEL}/Members", {"Identity": "new"}),
    Deed(P.EDIT_OWN_USER_INFO, USER, {"FriendlyName": "x"}),
    Deed(P.EDIT_ANY_USER_INFO, USER, {"Attributes": "1"}),
    Deed(P.DESTROY_CHANNEL, CHANNEL, {}, "DELETE"),
    Deed(P.INVITE_MEMBER, f"{CHANNEL}/Invites", {"Identity": "una"}),
    Deed(P.ADD_MEMBER, f"{CHANNEL}/Members", {"Identity": "una"}),
    Deed(P.REMOVE_MEMBER, f"{CHANNEL}/Members/$member", {}, "DELETE"),
    Deed(P.EDIT_CHANNEL_NAME, CHANNEL, {"FriendlyName": "x"}),
    Deed(P.EDIT_CHANNEL_ATTRIBUTES, CHANNEL, {"Attributes": "1"}),
    Deed(P.EDIT_ANY_MEMBER_ATTRIBUTES, f"{CHANNEL}/Members/$member", {"Attributes": "1"}),
    Deed(P.EDIT_OWN_MEMBER_ATTRIBUTES, f"{CHANNEL}/Members/$member", {"Attributes": "2"}),
    Deed(P.SEND_MESSAGE, f"{CHANNEL}/Messages", {"Body": "x"}),
    Deed(P.SEND_MEDIA_MESSAGE, f"{CHANNEL}/Messages", {"MediaSid": "$file"}),
    Deed(P.LEAVE_CHANNEL, f"{USER}{CHANNEL}", {}, "DELETE"),
    Deed(P.EDIT_NOTIFICATION_LEVEL, f"{USER}{CHANNEL}", {"NotificationLevel": "muted"}),
    Deed(P.EDIT_OWN_MESSAGE, f"{CHANNEL}/Messages/$message", {"Body": "y"}),
    Deed(P.EDIT_OWN_MESSAGE_ATTRIBUTES, f"{CHANNEL}/Messages/$message", {"Attributes": "1"}),
    Deed(P.EDIT_ANY_MESSAGE, f"{CHANNEL}/Messages/$message", {"Body": "z"}),
    Deed(P.EDIT_ANY_MESSAGE_ATTRIBUTES, f"{CHANNEL}/Messages/$message", {"Attributes": "2"}),
    Deed(P.DELETE_OWN_MESSAGE, f"{CHANNEL}/Messages/$message", {}, "DELETE"),
    Deed(P.DELETE_ANY_MESSAGE, f"{CHANNEL}/Messages/$message", {}, "DELETE"),
    Deed(
        P.ADD_NON_CHAT_PARTICIPANT,
        "/Conversations/$channel/Participants",
        {"MessagingBinding.Address": "+15550001", "MessagingBinding.ProxyAddress": "+15550002"},
        product="conversations/v1",
    ),
]
every_deed = pytest.mark.parametrize("deed", DEEDS, ids=str)


def test_every_permission_has_its_deed() -> None:
    assert sorted(deed.permission for deed in DEEDS) == sorted(P)


async def scene(rest: Rest, rig: Rig) -> dict[str, str]:
    """A private channel with one member and one message, a user outside of it, a file."""
    channel = await rest.create("Channels", UniqueName="room", Type="private")
    member = await rest.create("Channels/room/Members", Identity="ann")
    await rest.create("Users", Identity="una")
    return {
        "channel": channel["sid"],
        "member": member["sid"],
        "user": (await rest.get("Users/ann"))["sid"],
        "message": (await rest.create("Channels/room/Messages", {"From": "ann", "Body": "x"}))["sid"],
        "file": await plant_file(rig, rest.service_sid),
    }


def filled(text: str, sids: Mapping[str, str]) -> str:
    for name, sid in sids.items():
        text = text.replace(f"${name}", sid)
    return text


async def attempt(rest: Rest, deed: Deed, service_sid: str, sids: Mapping[str, str]) -> tuple[int, int | None]:
    """Status and code."""
    url = f"http://x.test/{deed.product}/Services/{service_sid}{filled(deed.path, sids)}"
    values = {name: filled(value, sids) for name, value in deed.values.items()}
    response = await rest.http.request(deed.method, url, data=values or None)
    return response.status_code, response.json()["code"] if response.is_error else None


@every_deed
async def test_the_account_may_do_everything(rest: Rest, rig: Rig, deed: Deed) -> None:
    status, _ = await attempt(rest, deed, rest.service_sid, await scene(rest, rig))
    assert status in (200, 201, 204)


@pytest.mark.parametrize("deed", [deed for deed in DEEDS if "$" in deed.path], ids=str)
async def test_another_service_of_the_account_has_nothing_of_it(rest: Rest, rig: Rig, deed: Deed) -> None:
    sids = await scene(rest, rig)
    other = await rest.create("/v2/Services", FriendlyName="Other")
    assert await attempt(rest, deed, other["sid"], sids) == (404, 20404)


@every_deed
async def test_another_account_finds_nothing(rest: Rest, stranger: Rest, rig: Rig, deed: Deed) -> None:
    sids = await scene(rest, rig)
    for service_sid in (rest.service_sid, stranger.service_sid):
        if "$" in deed.path or service_sid is rest.service_sid:
            assert await attempt(stranger, deed, service_sid, sids) == (404, 20404)


async def test_files_and_roles_of_other_services_are_unknown(rest: Rest, stranger: Rest, rig: Rig) -> None:
    await rest.create("Channels", UniqueName="room")
    for service_sid in ((await rest.create("/v2/Services", FriendlyName="Other"))["sid"], stranger.service_sid):
        file = await plant_file(rig, service_sid)
        assert await rest.refused("POST", "Channels/room/Messages", MediaSid=file) == (404, 50507)
        role = await rig.store.pool.fetchval("SELECT sid FROM roles WHERE service_sid = $1 LIMIT 1", service_sid)
        assert await rest.refused("POST", "Channels/room/Members", Identity="ann", RoleSid=role) == (404, 50100)
