from __future__ import annotations

from typing import Any

import pytest

from .rig import HOST, Rest


async def two_channels(rest: Rest) -> tuple[Any, Any]:  # Any: JSON
    """ann has joined the first, with three messages, and is invited to the second."""
    joined = await rest.create("Channels", UniqueName="joined")
    invited = await rest.create("Channels", UniqueName="invited", Type="private")
    await rest.create("Channels/joined/Members", Identity="ann")
    await rest.create("Channels/invited/Invites", Identity="ann")
    for number in range(3):
        await rest.create("Channels/joined/Messages", Body=str(number))
    return joined, invited


async def test_joined_and_invited_channels_have_every_property(rest: Rest) -> None:
    joined, invited = await two_channels(rest)
    user, member = await rest.get("Users/ann"), await rest.get("Channels/joined/Members/ann")
    base = f"{HOST}/v2/Services/{rest.service_sid}"
    common = {
        "account_sid": rest.account.sid,
        "service_sid": rest.service_sid,
        "user_sid": user["sid"],
        "last_consumed_message_index": None,
        "unread_messages_count": None,
        "notification_level": "default",
    }
    expected = [
        {
            **common,
            "channel_sid": joined["sid"],
            "member_sid": member["sid"],
            "status": "joined",
            "url": f"{base}/Users/{user['sid']}/Channels/{joined['sid']}",
            "links": {"channel": joined["url"], "member": member["url"]},
        },
        {
            **common,
            "channel_sid": invited["sid"],
            "member_sid": None,
            "status": "invited",
            "url": f"{base}/Users/{user['sid']}/Channels/{invited['sid']}",
            "links": {"channel": invited["url"], "member": None},
        },
    ]
    assert (await rest.get("Users/ann/Channels"))["channels"] == expected
    for shown, name in zip(expected, ("joined", "invited"), strict=True):
        assert await rest.get(shown["url"]) == await rest.get(f"Users/ann/Channels/{name}") == shown
        assert await rest.update(shown["url"]) == shown


async def test_level_and_horizon_are_set_and_cleared(rest: Rest) -> None:
    await two_channels(rest)
    path = "Users/ann/Channels/joined"
    values = {
        "NotificationLevel": "muted",
        "LastConsumedMessageIndex": "0",
        "LastConsumptionTimestamp": "2016-03-24T20:37:57Z",
    }
    shown = await rest.update(path, values)
    assert (shown["notification_level"], shown["last_consumed_message_index"]) == ("muted", 0)
    assert shown["unread_messages_count"] == 2
    assert await rest.get(path) == shown
    member = await rest.get("Channels/joined/Members/ann")
    assert member["last_consumption_timestamp"] == "2016-03-24T20:37:57Z"
    cleared = await rest.update(path, LastConsumedMessageIndex="", NotificationLevel="default")
    assert (cleared["last_consumed_message_index"], cleared["unread_messages_count"]) == (None, None)
    assert cleared["notification_level"] == "default"


async def test_an_invite_has_no_level_and_no_horizon(rest: Rest) -> None:
    await two_channels(rest)
    path = "Users/ann/Channels/invited"
    before = await rest.get(path)
    assert await rest.update(path, NotificationLevel="muted", LastConsumedMessageIndex="") == before
    assert await rest.refused("POST", path, NotificationLevel="loud") == (400, 50210)


async def test_the_user_leaves_and_is_not_invited_any_more(rest: Rest) -> None:
    await two_channels(rest)
    for name in ("joined", "invited"):
        await rest.delete(f"Users/ann/Channels/{name}")
        assert await rest.refused("GET", f"Users/ann/Channels/{name}") == (404, 20404)
    assert (await rest.get("Users/ann/Channels"))["channels"] == []
    assert await rest.refused("GET", "Channels/joined/Members/ann") == (404, 20404)
    assert (await rest.get("Channels/invited/Invites"))["invites"] == []
    assert (await rest.get("Users/ann"))["joined_channels_count"] == 0


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_who_has_no_part_in_a_channel_has_nothing_there(rest: Rest, method: str) -> None:
    await two_channels(rest)
    await rest.create("Users", Identity="bob")
    for path in ("Users/bob/Channels/joined", "Users/nobody/Channels/joined", "Users/ann/Channels/nothing"):
        assert await rest.refused(method, path) == (404, 20404)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"NotificationLevel": "loud"}, 50210),
        ({"NotificationLevel": ""}, 50210),
        ({"LastConsumedMessageIndex": "3"}, 50406),
        ({"LastConsumedMessageIndex": "-1"}, 50406),
        ({"LastConsumedMessageIndex": "x"}, 50406),
        ({"LastConsumptionTimestamp": "soon"}, 50405),
    ],
)
async def test_bad_values_are_refused_by_code(rest: Rest, values: dict[str, str], code: int) -> None:
    await two_channels(rest)
    before = await rest.get("Users/ann/Channels/joined")
    good = {"NotificationLevel": "muted"}
    assert await rest.refused("POST", "Users/ann/Channels/joined", {**good, **values}) == (400, code)
    assert await rest.get("Users/ann/Channels/joined") == before


async def test_pages_are_of_fifty_and_in_order_of_joining(rest: Rest) -> None:
    sids = [(await rest.create("Channels"))["sid"] for _ in range(53)]
    for sid in reversed(sids):
        await rest.create(f"Channels/{sid}/Members", Identity="ann")
    page = await rest.get("Users/ann/Channels", PageSize="1000")
    assert (page["meta"]["page_size"], page["meta"]["key"], len(page["channels"])) == (50, "channels", 50)
    everything = await rest.follow(page, "channels")
    assert [held["channel_sid"] for held in everything] == sids[::-1]
    last = await rest.get(page["meta"]["next_page_url"])
    assert await rest.follow(last, "channels", "previous_page_url") == everything
