"""Paging through every list, in both directions."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from .rig import HOST, Rest


async def fill(rest: Rest, kind: str, count: int) -> str:
    """That many of a kind; returns the list's path."""
    path = kind
    if kind in ("Members", "Messages"):
        path = f"Channels/{(await rest.create('Channels'))['sid']}/{kind}"
    await rest.update("", {"Limits.ChannelMembers": "1000"})
    for number in range(count):
        values: dict[str, Any] = {"Identity": f"user-{number}"} if kind in ("Users", "Members") else {}  # Any: lists
        if kind == "Roles":
            values = {"FriendlyName": str(number), "Type": "channel", "Permission": ["sendMessage"]}
        if kind == "/v2/Services":
            values = {"FriendlyName": str(number)}
        await rest.create(path, values)
    return path


@pytest.mark.parametrize("kind", ["/v2/Services", "Roles", "Users", "Channels", "Members", "Messages"])
async def test_every_item_is_on_exactly_one_page_in_both_directions(rest: Rest, kind: str) -> None:
    path = await fill(rest, kind, 104)
    key = kind.rpartition("/")[2].lower()
    first = await rest.get(path, PageSize="1000")
    assert first["meta"]["page_size"] == 100
    assert len(first[key]) == 100
    everything = await rest.follow(first, key)
    assert len(everything) == 104 + {"Roles": 4, "/v2/Services": 1}.get(kind, 0)
    assert len({item["sid"] for item in everything}) == len(everything)
    page = await rest.get(path, PageSize="30")
    assert page[key] == everything[:30]
    assert page["meta"]["previous_page_url"] is None
    assert await rest.follow(page, key) == everything
    while page["meta"]["next_page_url"] is not None:
        page = await rest.get(page["meta"]["next_page_url"])
    assert page["meta"]["page"] == 3
    assert await rest.get(page["meta"]["url"]) == page
    back = await rest.follow(page, key, "previous_page_url")
    assert back == everything
    assert (await rest.get(path, PageSize="30", Page="1"))[key] == everything[30:60]
    beyond = await rest.get(path, PageSize="30", Page="9")
    assert (beyond[key], beyond["meta"]["next_page_url"]) == ([], None)


async def test_the_meta_object_names_the_list(rest: Rest) -> None:
    url = f"{HOST}/v2/Services/{rest.service_sid}/Users"
    assert await rest.get("Users") == {
        "meta": {
            "page": 0,
            "page_size": 50,
            "first_page_url": f"{url}?PageSize=50&Page=0",
            "previous_page_url": None,
            "url": f"{url}?PageSize=50&Page=0",
            "next_page_url": None,
            "key": "users",
        },
        "users": [],
    }


async def test_urls_of_a_channels_lists_carry_its_sid(rest: Rest) -> None:
    channel = await rest.create("Channels", UniqueName="general")
    for kind in ("Members", "Messages"):
        page = await rest.get(f"Channels/general/{kind}")
        assert f"/Channels/{channel['sid']}/{kind}?" in page["meta"]["first_page_url"]


async def test_messages_newest_first(rest: Rest) -> None:
    path = await fill(rest, "Messages", 25)
    page = await rest.get(path, Order="desc", PageSize="10")
    assert [m["index"] for m in page["messages"]] == list(range(24, 14, -1))
    assert page["meta"]["url"].endswith("/Messages?Order=desc&PageSize=10&Page=0")
    everything = await rest.follow(page, "messages")
    assert [m["index"] for m in everything] == list(range(24, -1, -1))
    while page["meta"]["next_page_url"] is not None:
        assert "Order=desc" in page["meta"]["next_page_url"]
        page = await rest.get(page["meta"]["next_page_url"])
    assert await rest.follow(page, "messages", "previous_page_url") == everything
    assert (await rest.get(path, Order="asc"))["messages"] == everything[::-1]


async def test_pages_are_stable_while_others_write(rest: Rest) -> None:
    path = await fill(rest, "Messages", 9)
    page = await rest.get(path, PageSize="3")
    for message in page["messages"][1:]:
        await rest.delete(f"{path}/{message['sid']}")
    second = await rest.get(page["meta"]["next_page_url"])
    assert [m["index"] for m in second["messages"]] == [3, 4, 5]
    await asyncio.gather(*(rest.create(path) for _ in range(2)))
    assert [m["index"] for m in await rest.follow(second, "messages")] == [3, 4, 5, 6, 7, 8, 9, 10]
    before = await rest.get(second["meta"]["previous_page_url"])
    assert [m["index"] for m in before["messages"]] == [0]


async def test_back_dated_channels_keep_the_order_of_dates(rest: Rest) -> None:
    dates = [
        "9999-12-31T23:59:59.999Z",
        "0001-01-01T00:00:00.001Z",
        "1969-12-31T23:59:59.999Z",
        "1969-12-31T23:59:59.999Z",
    ]
    made = [await rest.create("Channels", DateCreated=date) for date in dates]
    page = await rest.get("Channels", PageSize="1")
    everything = await rest.follow(page, "channels")
    assert everything == [made[1], *sorted(made[2:], key=lambda channel: str(channel["sid"])), made[0]]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PageSize", "0"),
        ("PageSize", "-1"),
        ("PageSize", "ten"),
        ("PageSize", ""),
        ("Page", "-1"),
        ("Page", "x"),
        ("PageToken", "PTnonsense"),
        ("PageToken", ""),
        ("PageToken", "PT" + "A" * 40),
    ],
)
async def test_bad_paging_is_refused(rest: Rest, name: str, value: str) -> None:
    channel = (await rest.create("Channels"))["sid"]
    for path in ("/v2/Services", "Roles", "Users", "Channels", f"Channels/{channel}/Members"):
        assert await rest.refused("GET", path, {name: value}) == (400, 20001)
    assert await rest.refused("GET", f"Channels/{channel}/Messages", {name: value}) == (400, 20001)


async def test_messages_have_refusals_of_their_own(rest: Rest) -> None:
    path = f"Channels/{(await rest.create('Channels'))['sid']}/Messages"
    assert await rest.refused("GET", path, PageToken="-1") == (400, 19038)
    assert await rest.refused("GET", path, Order="random") == (400, 20001)
    assert await rest.refused("GET", "Users", PageToken="-1") == (400, 20001)


async def test_the_token_of_another_kind_of_list_is_refused(rest: Rest) -> None:
    path = await fill(rest, "Messages", 2)
    for _ in range(2):
        await rest.create("Channels")
    messages, channels = await rest.get(path, PageSize="1"), await rest.get("Channels", PageSize="1")
    of_messages, of_channels = (page["meta"]["next_page_url"].rpartition("=")[2] for page in (messages, channels))
    assert await rest.refused("GET", "Channels", PageToken=of_messages) == (400, 20001)
    assert await rest.refused("GET", path, PageToken=of_channels) == (400, 20001)
