from __future__ import annotations

import pytest

from .rig import HOST, Rest


async def test_life_of_a_role(rest: Rest) -> None:
    names = ["sendMessage", "addParticipant", "leaveChannel", "sendMessage", "addNonChatParticipant"]
    role = await rest.create("Roles", {"FriendlyName": "helper", "Type": "channel", "Permission": names})
    assert role == {
        "sid": role["sid"],
        "account_sid": rest.account.sid,
        "service_sid": rest.service_sid,
        "friendly_name": "helper",
        "type": "channel",
        "permissions": ["sendMessage", "addMember", "leaveChannel", "addNonChatParticipant"],
        "date_created": role["date_created"],
        "date_updated": role["date_created"],
        "url": f"{HOST}/v2/Services/{rest.service_sid}/Roles/{role['sid']}",
    }
    path = f"Roles/{role['sid']}"
    assert await rest.get(path) == role
    changed = await rest.update(path, Permission="createChannel")
    assert changed == role | {"permissions": ["createChannel"], "date_updated": changed["date_updated"]}
    assert (await rest.update(path, Permission=""))["permissions"] == []
    await rest.delete(path)
    assert await rest.refused("GET", path) == (404, 20404)
    assert await rest.refused("DELETE", path) == (404, 20404)
    assert await rest.refused("POST", path, Permission="sendMessage") == (404, 20404)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"Type": "channel", "Permission": "sendMessage"}, 20001),
        ({"FriendlyName": "r", "Permission": "sendMessage"}, 20001),
        ({"FriendlyName": "r", "Type": "channel"}, 20001),
        ({"FriendlyName": "x" * 257, "Type": "channel", "Permission": "sendMessage"}, 50003),
        ({"FriendlyName": "r", "Type": "admin", "Permission": "sendMessage"}, 50105),
        ({"FriendlyName": "r", "Type": "", "Permission": "sendMessage"}, 50105),
        ({"FriendlyName": "r", "Type": "channel", "Permission": "fly"}, 50104),
        ({"FriendlyName": "r", "Type": "channel", "Permission": "sendMessage,leaveChannel"}, 50104),
        ({"FriendlyName": "r", "Type": "channel", "Permission": ["sendMessage", ""]}, 50104),
        ({"FriendlyName": "r\x00", "Type": "channel", "Permission": "sendMessage"}, 20001),
    ],
)
async def test_bad_roles_are_refused_by_code(rest: Rest, values: dict[str, str], code: int) -> None:
    assert await rest.refused("POST", "Roles", values) == (400, code)


async def test_update_needs_permissions(rest: Rest) -> None:
    role = (await rest.get("Roles"))["roles"][0]
    assert await rest.refused("POST", f"Roles/{role['sid']}") == (400, 20001)
    assert await rest.refused("POST", f"Roles/{role['sid']}", Permission="fly") == (400, 50104)


async def test_defaults_of_the_service_cannot_be_deleted(rest: Rest) -> None:
    service = await rest.get("")
    for name in ("default_service_role_sid", "default_channel_role_sid", "default_channel_creator_role_sid"):
        assert await rest.refused("DELETE", f"Roles/{service[name]}") == (409, 20409)


async def test_who_held_a_deleted_role_gets_the_default(rest: Rest) -> None:
    kinds = {}
    for kind in ("channel", "deployment"):
        values = {"FriendlyName": kind, "Type": kind, "Permission": "sendMessage"}
        kinds[kind] = (await rest.create("Roles", values))["sid"]
    await rest.create("Users", Identity="ann", RoleSid=kinds["deployment"])
    channel = (await rest.create("Channels"))["sid"]
    await rest.create(f"Channels/{channel}/Members", Identity="ann", RoleSid=kinds["channel"])
    for sid in kinds.values():
        await rest.delete(f"Roles/{sid}")
    service = await rest.get("")
    assert (await rest.get("Users/ann"))["role_sid"] == service["default_service_role_sid"]
    member = await rest.get(f"Channels/{channel}/Members/ann")
    assert member["role_sid"] == service["default_channel_role_sid"]


async def test_roles_of_others_are_absent(rest: Rest, stranger: Rest) -> None:
    foreign = (await stranger.get("Roles"))["roles"][0]["sid"]
    for path in (f"Roles/{foreign}", "Roles/RLshort", "Roles/service%20user"):
        assert await rest.refused("GET", path) == (404, 20404)
