from __future__ import annotations

import base64
import contextlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatcore.domain.paging import Cursor, Page
from gateway.centrifuge.paging import listed, window
from gateway.centrifuge.params import BadParams

PLACE: Cursor = (datetime(2026, 5, 17, 12, 0, 0, 123000, tzinfo=UTC), "CH1")


FIRST, LAST = datetime(2, 1, 1), datetime(9998, 12, 31)  # noqa: DTZ001 - bounds that get their zone later


def following(place: Cursor, *items: str, more: bool) -> object:
    page = Page(items=items, has_before=False, has_after=more)
    return json.loads(listed("things", page, json.dumps, lambda _: place))["next"]


def test_a_page_continues_behind_its_last_item() -> None:
    token = following(PLACE, "x", more=True)
    assert isinstance(token, str)
    found = window(7, token)
    assert (found.limit, found.after, found.before, found.offset) == (7, PLACE, None, 0)
    assert token.isascii()


def test_the_last_page_has_no_next() -> None:
    assert following(PLACE, "x", more=False) is None
    assert following(PLACE, more=True) is None


def test_long_items_make_a_short_page() -> None:
    items = [f"{number}" + "ü" * 16_000 for number in range(12)]
    page = Page(items=items, has_before=False, has_after=False)
    body = json.loads(listed("things", page, lambda item: f'"{item}"', lambda item: (PLACE[0], item[:1])))
    assert body["things"] == items[:8], "as many as fit into 256 KiB"
    assert window(1, body["next"]).after == (PLACE[0], "7")


@pytest.mark.parametrize("limit", [0, -1, 101, 2**40])
def test_limits_out_of_range(limit: int) -> None:
    with pytest.raises(BadParams):
        window(limit, None)


@settings(deadline=None)
@given(
    moment=st.datetimes(FIRST, LAST, timezones=st.just(UTC)),
    sid=st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
)
def test_any_place_comes_back_as_it_was(moment: datetime, sid: str) -> None:
    token = following((moment, sid), "x", more=True)
    assert isinstance(token, str)
    assert window(1, token).after == (moment, sid)


def packed(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "!!!!",
        "é",
        "\ud800",
        "null",
        packed([]),
        packed([1, "CH1"]),
        packed(["2026-05-17", "CH1"]),
        packed(["2026-05-17T12:00:00", "CH1"]),
        packed(["0001-01-01T00:00:00+00:00", "CH1"]),
        packed(["9999-12-31T23:59:59+00:00", "CH1"]),
        packed(["2026-05-17T12:00:00+00:00", "a\x00b"]),
        packed(["2026-05-17T12:00:00+00:00", "CH1", 1]),
        packed([[[[]]]]),
        "W1tb" * 3000,
    ],
)
def test_pages_this_server_did_not_hand_out(token: str) -> None:
    with pytest.raises(BadParams):
        window(1, token)


def test_another_time_zone_is_the_same_moment() -> None:
    other = PLACE[0].astimezone(timezone(timedelta(hours=2)))
    assert window(1, packed([other.isoformat(), "CH1"])).after == PLACE


@settings(deadline=None)
@given(token=st.text(max_size=40))
def test_any_text_is_a_page_or_refused(token: str) -> None:
    with contextlib.suppress(BadParams):
        window(1, token)
