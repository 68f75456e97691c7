from __future__ import annotations

from urllib.parse import quote

import pytest

from .rig import HOST, Rest


async def channel_with_messages(rest: Rest, count: int = 0, **values: str) -> str:
    """The path of a new channel."""
    path = f"Channels/{(await rest.create('Channels', values))['sid']}"
    for number in range(count):
        await rest.create(f"{path}/Messages", Body=str(number))
    return path


async def test_a_fresh_member_has_every_property_and_a_user(rest: Rest) -> None:
    channel = await rest.create("Channels")
    member = await rest.create(f"Channels/{channel['sid']}/Members", Identity="jing")
    assert member == {
        "sid": member["sid"],
        "account_sid": rest.account.sid,
        "channel_sid": channel["sid"],
        "service_sid": rest.service_sid,
        "identity": "jing",
        "role_sid": (await rest.get(""))["default_channel_role_sid"],
        "last_consumed_message_index": None,
        "last_consumption_timestamp": None,
        "date_created": member["date_created"],
        "date_updated": member["date_created"],
        "attributes": "{}",
        "url": f"{HOST}/v2/Services/{rest.service_sid}/Channels/{channel['sid']}/Members/{member['sid']}",
    }
    path = f"Channels/{channel['sid']}/Members"
    assert await rest.get(f"{path}/{member['sid']}") == await rest.get(f"{path}/jing") == member
    assert (await rest.get("Users/jing"))["joined_channels_count"] == 1
    assert (await rest.get(f"Channels/{channel['sid']}"))["members_count"] == 1


async def test_create_takes_every_parameter(rest: Rest) -> None:
    admin = (await rest.get(""))["default_channel_creator_role_sid"]
    path = await channel_with_messages(rest, 2)
    values = {
        "Identity": "a b+c@é",
        "RoleSid": admin,
        "LastConsumedMessageIndex": "1",
        "LastConsumptionTimestamp": "2016-03-24T20:37:57Z",
        "DateCreated": "2016-03-24T20:37:57.12Z",
        "DateUpdated": "2017-03-24T20:37:57Z",
        "Attributes": '{"x": 1}',
    }
    member = await rest.create(f"{path}/Members", values)
    assert await rest.get(f"{path}/Members/{quote(values['Identity'])}") == member
    expected = {
        "identity": values["Identity"],
        "role_sid": admin,
        "last_consumed_message_index": 1,
        "last_consumption_timestamp": "2016-03-24T20:37:57Z",
        "date_created": "2016-03-24T20:37:57Z",
        "date_updated": "2017-03-24T20:37:57Z",
        "attributes": '{"x": 1}',
    }
    assert {name: member[name] for name in expected} == expected


async def test_the_creator_of_the_channel_gets_the_creators_role(rest: Rest) -> None:
    path = await channel_with_messages(rest, CreatedBy="ann")
    member = await rest.create(f"{path}/Members", Identity="ann")
    assert member["role_sid"] == (await rest.get(""))["default_channel_creator_role_sid"]


async def test_the_horizon_moves_both_ways_and_clears(rest: Rest) -> None:
    path = await channel_with_messages(rest, 3)
    member = f"{path}/Members/ann"
    await rest.create(f"{path}/Members", Identity="ann")
    moved = await rest.update(member, LastConsumedMessageIndex="2")
    assert moved["last_consumed_message_index"] == 2
    assert moved["last_consumption_timestamp"] is not None
    back = await rest.update(member, LastConsumedMessageIndex="0", LastConsumptionTimestamp="2001-01-01T00:00:00Z")
    assert (back["last_consumed_message_index"], back["last_consumption_timestamp"]) == (0, "2001-01-01T00:00:00Z")
    only_time = await rest.update(member, LastConsumptionTimestamp="2002-01-01T00:00:00Z")
    assert only_time["last_consumed_message_index"] == 0
    assert only_time["last_consumption_timestamp"] == "2002-01-01T00:00:00Z"
    cleared = await rest.update(member, LastConsumedMessageIndex="")
    assert cleared["last_consumed_message_index"] is cleared["last_consumption_timestamp"] is None


async def test_update_changes_what_is_given(rest: Rest) -> None:
    admin = (await rest.get(""))["default_channel_creator_role_sid"]
    path = await channel_with_messages(rest)
    member = await rest.create(f"{path}/Members", Identity="ann")
    assert await rest.update(f"{path}/Members/ann") == member
    changed = await rest.update(f"{path}/Members/{member['sid']}", RoleSid=admin, Attributes='{"a": 1}')
    assert changed == member | {
        "role_sid": admin,
        "attributes": '{"a": 1}',
        "date_updated": changed["date_updated"],
    }
    dated = await rest.update(f"{path}/Members/ann", DateUpdated="2020-01-01T00:00:00Z")
    assert dated == changed | {"date_updated": "2020-01-01T00:00:00Z"}


async def test_removal(rest: Rest) -> None:
    path = await channel_with_messages(rest)
    member = await rest.create(f"{path}/Members", Identity="ann")
    await rest.delete(f"{path}/Members/ann")
    assert await rest.refused("DELETE", f"{path}/Members/{member['sid']}") == (404, 20404)
    assert (await rest.get(path))["members_count"] == 0
    again = await rest.create(f"{path}/Members", Identity="ann")
    assert again["sid"] != member["sid"]
    await rest.delete(f"{path}/Members/{again['sid']}")


@pytest.mark.parametrize(
    ("name", "value", "status", "code"),
    [
        ("Identity", "", 400, 50204),
        ("Identity", "system", 400, 50203),
        ("Identity", "US" + "0" * 32, 400, 50206),
        ("Identity", "x" * 257, 400, 50207),
        ("RoleSid", "RL" + "0" * 32, 404, 50100),
        ("RoleSid", "", 400, 50103),
        ("LastConsumedMessageIndex", "-1", 400, 50406),
        ("LastConsumedMessageIndex", "one", 400, 50406),
        ("LastConsumedMessageIndex", "1", 400, 50406),
        ("LastConsumedMessageIndex", str(2**63), 400, 50406),
        ("LastConsumptionTimestamp", "now", 400, 50405),
        ("DateCreated", "", 400, 50308),
        ("DateUpdated", "2015-13-01T00:00:00Z", 400, 50309),
        ("Attributes", "{", 400, 50304),
        ("Attributes", '"' + "a" * 4096 + '"', 400, 50303),
    ],
)
async def test_bad_members_are_refused_by_code(rest: Rest, name: str, value: str, status: int, code: int) -> None:
    path = await channel_with_messages(rest, 1)
    assert await rest.refused("POST", f"{path}/Members", {"Identity": "bob", name: value}) == (status, code)
    assert (await rest.get(path))["members_count"] == 0
    member = await rest.create(f"{path}/Members", Identity="ann")
    if name != "Identity":
        assert await rest.refused("POST", f"{path}/Members/ann", {name: value}) == (status, code)
    assert await rest.get(f"{path}/Members/ann") == member


async def test_conflicts_and_limits(rest: Rest) -> None:
    path = await channel_with_messages(rest)
    assert await rest.refused("POST", f"{path}/Members") == (400, 20001)
    await rest.create(f"{path}/Members", Identity="ann")
    assert await rest.refused("POST", f"{path}/Members", Identity="ann") == (409, 50404)
    await rest.update("", {"Limits.ChannelMembers": "1", "Limits.UserChannels": "1"})
    assert await rest.refused("POST", f"{path}/Members", Identity="bob") == (403, 50403)
    other = await channel_with_messages(rest)
    assert await rest.refused("POST", f"{other}/Members", Identity="ann") == (403, 50208)


async def test_members_take_channel_roles_only(rest: Rest) -> None:
    deployment = (await rest.get(""))["default_service_role_sid"]
    path = await channel_with_messages(rest)
    assert await rest.refused("POST", f"{path}/Members", Identity="ann", RoleSid=deployment) == (404, 50101)


async def test_the_list_filters_by_identity(rest: Rest) -> None:
    path = await channel_with_messages(rest)
    members = [await rest.create(f"{path}/Members", Identity=name) for name in ("ann", "b&c", "dan")]
    assert (await rest.get(f"{path}/Members"))["members"] == members
    page = await rest.get(f"{path}/Members", Identity=["b&c", "dan", "nobody"])
    assert page["members"] == members[1:]
    assert "?Identity=b%26c&Identity=dan&Identity=nobody&PageSize=50&Page=0" in page["meta"]["url"]
    assert await rest.get(page["meta"]["url"]) == page


async def test_members_are_found_in_their_own_channel_only(rest: Rest) -> None:
    here, there = await channel_with_messages(rest), await channel_with_messages(rest)
    member = await rest.create(f"{there}/Members", Identity="ann")
    for key in (member["sid"], "ann", "MBshort"):
        for method in ("GET", "POST", "DELETE"):
            assert await rest.refused(method, f"{here}/Members/{key}") == (404, 20404)
    assert await rest.refused("GET", "Channels/absent/Members") == (404, 20404)
    assert await rest.refused("POST", "Channels/absent/Members") == (404, 20404)
