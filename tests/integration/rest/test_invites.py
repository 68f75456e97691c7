from __future__ import annotations

import pytest

from .rig import HOST, Rest


async def room(rest: Rest, *people: str) -> str:
    """A private channel, and people who are not in it. Returns the list of invites."""
    await rest.create("Channels", UniqueName="room", Type="private")
    for identity in people:
        await rest.create("Users", Identity=identity)
    return "Channels/room/Invites"


async def test_a_fresh_invite_has_every_property(rest: Rest) -> None:
    path = await room(rest, "ann")
    channel = await rest.get("Channels/room")
    invite = await rest.create(path, Identity="ann")
    assert invite == {
        "sid": invite["sid"],
        "account_sid": rest.account.sid,
        "channel_sid": channel["sid"],
        "service_sid": rest.service_sid,
        "identity": "ann",
        "date_created": invite["date_created"],
        "date_updated": invite["date_created"],
        "role_sid": (await rest.get(""))["default_channel_role_sid"],
        "created_by": "system",
        "url": f"{HOST}/v2/Services/{rest.service_sid}/Channels/{channel['sid']}/Invites/{invite['sid']}",
    }
    assert await rest.get(f"{path}/{invite['sid']}") == invite
    assert (await rest.get("Users/ann"))["joined_channels_count"] == 0
    await rest.delete(f"{path}/{invite['sid']}")
    assert await rest.refused("GET", f"{path}/{invite['sid']}") == (404, 20404)
    assert await rest.refused("DELETE", f"{path}/{invite['sid']}") == (404, 20404)


async def test_an_added_member_gets_the_role_of_the_invite_which_is_gone(rest: Rest) -> None:
    path = await room(rest, "ann")
    admin = (await rest.get(""))["default_channel_creator_role_sid"]
    invite = await rest.create(path, Identity="ann", RoleSid=admin)
    assert invite["role_sid"] == admin
    assert (await rest.create("Channels/room/Members", Identity="ann"))["role_sid"] == admin
    assert (await rest.get(path))["invites"] == []


async def test_lists_filter_by_identity(rest: Rest) -> None:
    path = await room(rest, "ann", "bob", "cid")
    made = [await rest.create(path, Identity=identity) for identity in ("ann", "bob", "cid")]
    assert (await rest.get(path))["invites"] == made
    page = await rest.get(path, Identity=["cid", "ann"], PageSize="1")
    assert "Identity=cid&Identity=ann&PageSize=1" in page["meta"]["next_page_url"]
    assert await rest.follow(page, "invites") == [made[0], made[2]]


async def test_invites_are_named_by_their_sid_alone(rest: Rest) -> None:
    path = await room(rest, "ann")
    await rest.create(path, Identity="ann")
    for key in ("ann", "IN" + "0" * 32):
        assert await rest.refused("GET", f"{path}/{key}") == (404, 20404)
        assert await rest.refused("DELETE", f"{path}/{key}") == (404, 20404)
    assert await rest.refused("POST", f"{path}/ann") == (405, 20004)
    assert len((await rest.get(path))["invites"]) == 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, (400, 20001)),
        ({"Identity": ""}, (400, 50204)),
        ({"Identity": "nobody"}, (404, 20404)),
        ({"Identity": "invited"}, (409, 50212)),
        ({"Identity": "member"}, (409, 50404)),
        ({"Identity": "ann", "RoleSid": ""}, (400, 50103)),
        ({"Identity": "ann", "RoleSid": "RL" + "0" * 32}, (404, 50100)),
    ],
)
async def test_bad_invites_are_refused_by_code(rest: Rest, values: dict[str, str], expected: tuple[int, int]) -> None:
    path = await room(rest, "ann", "invited")
    await rest.create(path, Identity="invited")
    await rest.create("Channels/room/Members", Identity="member")
    assert await rest.refused("POST", path, values) == expected
    assert [invite["identity"] for invite in (await rest.get(path))["invites"]] == ["invited"]


async def test_only_channel_roles_fit(rest: Rest) -> None:
    path = await room(rest, "ann")
    role = (await rest.get(""))["default_service_role_sid"]
    assert await rest.refused("POST", path, Identity="ann", RoleSid=role) == (404, 50101)
