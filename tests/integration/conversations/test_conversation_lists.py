from __future__ import annotations

from typing import Any

import pytest

from .rig import Conversations


async def made_on(conversations: Conversations, *dates: str, **values: str) -> list[str]:
    """SIDs of conversations that were created at these moments."""
    made = [await conversations.create("Conversations", {"DateCreated": date, **values}) for date in dates]
    return [one["sid"] for one in made]


def sids(page: Any) -> list[str]:  # Any: JSON
    return [one["sid"] for one in page["conversations"]]


async def test_conversations_are_listed_by_date(either: Conversations) -> None:
    late, early = await made_on(either, "2020-01-02T00:00:00Z", "2020-01-01T00:00:00Z")
    page = await either.get("Conversations")
    assert sids(page) == [early, late]
    url = either.url("Conversations") + "?PageSize=50&Page=0"
    assert page["meta"] == {
        "page": 0,
        "page_size": 50,
        "first_page_url": url,
        "previous_page_url": None,
        "url": url,
        "next_page_url": None,
        "key": "conversations",
    }


async def test_pages_lead_there_and_back(conversations: Conversations) -> None:
    made = await made_on(conversations, *(f"2020-01-0{day}T00:00:00Z" for day in range(1, 6)))
    first = await conversations.get("Conversations", PageSize="2")
    everything = await conversations.follow(first, "conversations")
    assert [one["sid"] for one in everything] == made
    second = await conversations.get(first["meta"]["next_page_url"])
    assert sids(second) == made[2:4]
    assert sids(await conversations.get(second["meta"]["previous_page_url"])) == made[:2]


async def test_page_sizes_are_clamped(conversations: Conversations) -> None:
    assert (await conversations.get("Conversations", PageSize="1000"))["meta"]["page_size"] == 100
    for size in ("0", "-1", "x"):
        assert await conversations.refused("GET", "Conversations", PageSize=size) == (400, 20001)


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        (None, None, [0, 1, 2, 3]),
        ("2020-05-02", None, [1, 2, 3]),
        ("2020-05-02T00:00:00Z", None, [1, 2, 3]),
        ("2020-05-02T00:00:01Z", None, [2, 3]),
        (None, "2020-05-02", [0, 1, 2]),
        (None, "2020-05-01", [0]),
        (None, "2020-05-02T23:59:59Z", [0, 1, 2]),
        (None, "2020-05-02T23:59:58Z", [0, 1]),
        ("2020-05-02", "2020-05-02", [1, 2]),
        ("2020-05-03T02:00:00+02:00", None, [3]),
        ("2020-05-04", "2020-05-03", []),
        ("0001-01-01", "9999-12-31", [0, 1, 2, 3]),
    ],
)
async def test_both_ends_of_a_range_belong_to_it(
    conversations: Conversations, start: str | None, end: str | None, found: list[int]
) -> None:
    made = await made_on(
        conversations,
        "2020-05-01T12:00:00Z",
        "2020-05-02T00:00:00Z",
        "2020-05-02T23:59:59.500Z",
        "2020-05-03T00:00:00Z",
    )
    given = {"StartDate": start, "EndDate": end}
    page = await conversations.get("Conversations", **{name: text for name, text in given.items() if text})
    assert sids(page) == [made[index] for index in found]


async def test_states_are_told_apart(conversations: Conversations) -> None:
    made = {
        state: (await conversations.create("Conversations", State=state))["sid"] for state in ("active", "inactive")
    }
    for state, sid in made.items():
        assert sids(await conversations.get("Conversations", State=state)) == [sid]
    assert sids(await conversations.get("Conversations", State="closed")) == []


async def test_filters_go_along_from_page_to_page(conversations: Conversations) -> None:
    made = await made_on(conversations, *(f"2020-01-0{day}T00:00:00Z" for day in range(1, 5)), State="inactive")
    await made_on(conversations, "2020-01-02T12:00:00Z")
    page = await conversations.get(
        "Conversations", StartDate="2020-01-02", EndDate="2020-01-04", State="inactive", PageSize="1"
    )
    assert "StartDate=2020-01-02&EndDate=2020-01-04&State=inactive&PageSize=1&Page=1" in page["meta"]["next_page_url"]
    assert [one["sid"] for one in await conversations.follow(page, "conversations")] == made[1:]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("StartDate", "yesterday", 20001),
        ("StartDate", "", 20001),
        ("EndDate", "2020-02-30", 20001),
        ("EndDate", "2020-05-01T25:00:00Z", 20001),
        ("State", "open", 50378),
        ("PageToken", "PTxyz", 20001),
    ],
)
async def test_bad_filters_are_refused(conversations: Conversations, name: str, value: str, code: int) -> None:
    assert await conversations.refused("GET", "Conversations", {name: value}) == (400, code)
