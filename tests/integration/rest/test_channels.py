from __future__ import annotations

from urllib.parse import quote

import pytest

from .rig import HOST, Rest

NAMES = ["général chat", "a/b", "a+b", "100%", "\U0001f600", "CH123", "..."]


async def test_a_fresh_channel_has_every_property(rest: Rest) -> None:
    channel = await rest.create("Channels")
    url = f"{HOST}/v2/Services/{rest.service_sid}/Channels/{channel['sid']}"
    assert channel == {
        "sid": channel["sid"],
        "account_sid": rest.account.sid,
        "service_sid": rest.service_sid,
        "friendly_name": None,
        "unique_name": None,
        "attributes": "{}",
        "type": "public",
        "date_created": channel["date_created"],
        "date_updated": channel["date_created"],
        "created_by": "system",
        "members_count": 0,
        "messages_count": 0,
        "url": url,
        "links": {
            "members": f"{url}/Members",
            "messages": f"{url}/Messages",
            "invites": f"{url}/Invites",
            "webhooks": f"{url}/Webhooks",
            "last_message": None,
        },
    }
    assert await rest.get(f"Channels/{channel['sid']}") == channel


async def test_create_takes_every_parameter(rest: Rest) -> None:
    channel = await rest.create(
        "Channels",
        {
            "FriendlyName": "General",
            "UniqueName": "general",
            "Attributes": '{ "a":1 }',
            "Type": "private",
            "DateCreated": "2015-07-30T22:00:00.999+02:00",
            "DateUpdated": "1999-01-01T00:00:00Z",
            "CreatedBy": "nobody yet",
        },
    )
    expected = {
        "friendly_name": "General",
        "unique_name": "general",
        "attributes": '{ "a":1 }',
        "type": "private",
        "date_created": "2015-07-30T20:00:00Z",
        "date_updated": "1999-01-01T00:00:00Z",
        "created_by": "nobody yet",
        "members_count": 0,
    }
    assert {name: channel[name] for name in expected} == expected


async def test_update_changes_what_is_given_and_never_the_type(rest: Rest) -> None:
    channel = await rest.create("Channels", UniqueName="general", FriendlyName="General")
    path = f"Channels/{channel['sid']}"
    assert await rest.update(path) == channel
    assert await rest.update(path, Type="private") == channel
    assert await rest.update("Channels/general", Unknown="x") == channel
    dated = await rest.update(path, Attributes="[]", DateUpdated="2020-01-01T00:00:00Z", CreatedBy="ann")
    assert dated == channel | {"attributes": "[]", "date_updated": "2020-01-01T00:00:00Z", "created_by": "ann"}
    cleared = await rest.update("Channels/general", UniqueName="", FriendlyName="")
    assert (cleared["unique_name"], cleared["friendly_name"]) == (None, None)
    assert await rest.refused("GET", "Channels/general") == (404, 20404)


@pytest.mark.parametrize("name", NAMES)
async def test_unique_names_address_channels(rest: Rest, name: str) -> None:
    channel = await rest.create("Channels", UniqueName=name)
    path = f"Channels/{quote(name, safe='')}"
    assert await rest.get(path) == channel
    assert (await rest.get(f"{path}/Messages"))["messages"] == []
    await rest.create(f"{path}/Messages", Body="x")
    await rest.create(f"{path}/Members", Identity="ann")
    assert await rest.refused("POST", "Channels", UniqueName=name) == (409, 50307)
    other = await rest.create("Channels")
    assert await rest.refused("POST", f"Channels/{other['sid']}", UniqueName=name) == (409, 50307)
    await rest.delete(path)
    assert await rest.refused("GET", path) == (404, 20404)
    await rest.create("Channels", UniqueName=name)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("FriendlyName", "x" * 257, 50003),
        ("UniqueName", "x" * 257, 50004),
        ("UniqueName", "CH" + "0" * 32, 50306),
        ("Attributes", "{", 50304),
        ("Attributes", "", 50304),
        ("Attributes", "[" * 5000, 50304),
        ("Attributes", '"' + "é" * 8192 + '"', 50303),
        ("DateCreated", "yesterday", 50308),
        ("DateCreated", "2015-07-30", 50308),
        ("DateCreated", "0001-01-01T00:00:00+14:00", 50308),
        ("DateCreated", "0001-01-01T00:00:00Z", 50308),
        ("DateUpdated", "", 50309),
        ("CreatedBy", "x" * 257, 50310),
    ],
)
async def test_bad_channels_are_refused_by_code(rest: Rest, name: str, value: str, code: int) -> None:
    assert await rest.refused("POST", "Channels", {name: value}) == (400, code)
    channel = await rest.create("Channels")
    assert await rest.refused("POST", f"Channels/{channel['sid']}", {name: value}) == (400, code)
    assert await rest.get(f"Channels/{channel['sid']}") == channel


async def test_the_type_must_be_known(rest: Rest) -> None:
    assert await rest.refused("POST", "Channels", Type="secret") == (400, 20001)
    assert await rest.refused("GET", "Channels", {"Type": ["public", "secret"]}) == (400, 20001)


async def test_the_list_filters_by_type(rest: Rest) -> None:
    public, private = await rest.create("Channels", Type="public"), await rest.create("Channels", Type="private")
    assert (await rest.get("Channels"))["channels"] == [public, private]
    page = await rest.get("Channels", Type="private")
    assert page["channels"] == [private]
    assert page["meta"]["url"].endswith("/Channels?Type=private&PageSize=50&Page=0")
    assert (await rest.get("Channels", Type=["public", "private"]))["channels"] == [public, private]


async def test_deletion_takes_everything_along(rest: Rest) -> None:
    channel = await rest.create("Channels", UniqueName="general")
    path = f"Channels/{channel['sid']}"
    await rest.create(f"{path}/Members", Identity="ann")
    message = await rest.create(f"{path}/Messages", Body="x")
    await rest.delete("Channels/general")
    for gone in (path, f"{path}/Members", f"{path}/Members/ann", f"{path}/Messages/{message['sid']}"):
        assert await rest.refused("GET", gone) == (404, 20404)
    assert (await rest.get("Users/ann"))["joined_channels_count"] == 0


async def test_channels_of_others_are_absent(rest: Rest, stranger: Rest) -> None:
    foreign = (await stranger.create("Channels", UniqueName="theirs"))["sid"]
    for key in (foreign, "theirs", "CH" + "0" * 32, "CHshort"):
        for method in ("GET", "POST", "DELETE"):
            assert await rest.refused(method, f"Channels/{key}") == (404, 20404)
    await rest.create("Channels", UniqueName="theirs")
