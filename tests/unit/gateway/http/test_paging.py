from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatcore.domain.errors import ChatError
from chatcore.domain.paging import Cursor, Page, Window
from gateway.http.errors import HttpError
from gateway.http.forms import parse_query
from gateway.http.paging import DATED, INDEXED, PageRequest, page_body, read_page, seal, window

URL = "https://chat.twilio.com/v2/Services/ISx/Channels"
START = datetime(2015, 7, 30, 20, tzinfo=UTC)
ROWS: list[Cursor] = [(START + timedelta(milliseconds=i // 3), f"CH{i:032x}") for i in range(23)]


def request(query: str, *, maximum: int = 100) -> PageRequest[Cursor]:
    return read_page(parse_query(query.encode()), DATED, maximum=maximum, filters=("Type", "Order"))


def read(rows: list[Cursor], asked: Window) -> Page[Cursor]:
    """What a store answers."""
    if asked.before is not None:
        earlier = [row for row in rows if row < asked.before]
        items = earlier[-asked.limit :]
        return Page(items=items, has_before=len(earlier) > len(items), has_after=True)
    first = next((i for i, row in enumerate(rows) if row > asked.after), len(rows)) if asked.after else asked.offset
    items = rows[first : first + asked.limit]
    return Page(items=items, has_before=first > 0, has_after=first + len(items) < len(rows))


def fetch(rows: list[Cursor], url: str) -> dict[str, Any]:
    asked = request(urlsplit(url).query)
    return page_body(asked, read(rows, window(asked)), key="channels", url=URL, cursor=lambda r: r, present=lambda r: r)


def test_the_first_page_has_the_documented_shape() -> None:
    body = fetch(ROWS, "?Type=public&Type=private&PageSize=5&Ignored=1")
    meta = body["meta"]
    assert list(body) == ["meta", "channels"]
    assert body["channels"] == ROWS[:5]
    assert set(meta) == {"page", "page_size", "first_page_url", "previous_page_url", "url", "next_page_url", "key"}
    assert meta["first_page_url"] == f"{URL}?Type=public&Type=private&PageSize=5&Page=0"
    assert meta["url"] == meta["first_page_url"]
    assert meta["previous_page_url"] is None
    assert meta["next_page_url"].startswith(f"{URL}?Type=public&Type=private&PageSize=5&Page=1&PageToken=PT")
    assert (meta["page"], meta["page_size"], meta["key"]) == (0, 5, "channels")


@pytest.mark.parametrize("size", [1, 4, 5, 22, 23, 24])
def test_next_pages_visit_every_row_once_and_previous_pages_lead_back(size: int) -> None:
    url: str | None = f"?PageSize={size}"
    seen: list[Cursor] = []
    last: dict[str, Any] = {}
    while url is not None:
        last = fetch(ROWS, url)
        seen += last["channels"]
        url = last["meta"]["next_page_url"]
    assert seen == ROWS
    back = list(last["channels"])
    while (url := last["meta"]["previous_page_url"]) is not None:
        last = fetch(ROWS, url)
        back = [*last["channels"], *back]
    assert back == ROWS
    assert last["meta"]["page"] == 0


@settings(max_examples=50)
@given(st.data())
def test_pages_neither_skip_nor_repeat_while_rows_come_and_go(data: st.DataObject) -> None:
    rows = list(ROWS)
    url: str | None = "?PageSize=4"
    seen: list[Cursor] = []
    kept = set(ROWS)
    while url is not None:
        body = fetch(rows, url)
        seen += body["channels"]
        url = body["meta"]["next_page_url"]
        gone = data.draw(st.lists(st.sampled_from(ROWS), max_size=4))
        kept -= set(gone)
        rows = [row for row in rows if row not in gone]
    assert len(seen) == len(set(seen))
    assert kept <= set(seen)


def test_the_page_number_is_the_callers_and_the_token_stays_in_url() -> None:
    token = seal(DATED, ROWS[3], forward=True)
    meta = fetch(ROWS, f"?PageSize=5&Page=7&PageToken={token}")["meta"]
    assert meta["page"] == 7
    assert meta["url"] == f"{URL}?PageSize=5&Page=7&PageToken={token}"
    assert parse_qs(urlsplit(meta["next_page_url"]).query)["Page"] == ["8"]
    assert parse_qs(urlsplit(meta["previous_page_url"]).query)["Page"] == ["6"]


def test_a_page_number_without_token_is_an_offset() -> None:
    assert request("Page=3&PageSize=5").offset == 15
    body = fetch(ROWS, "?Page=2&PageSize=5")
    assert body["channels"] == ROWS[10:15]
    assert fetch(ROWS, body["meta"]["previous_page_url"])["channels"] == ROWS[5:10]
    assert request(f"Page={2**63 - 1}").offset == 2**63 - 1


def test_a_page_whose_rows_were_deleted_leads_back_without_a_cursor() -> None:
    token = seal(DATED, ROWS[9], forward=True)
    meta = fetch(ROWS[:10], f"?PageSize=5&Page=2&PageToken={token}")["meta"]
    assert meta["next_page_url"] is None
    assert fetch(ROWS[:10], meta["previous_page_url"])["channels"] == ROWS[5:10]


def test_a_page_before_deleted_rows_leads_to_the_first_page() -> None:
    token = seal(DATED, ROWS[5], forward=False)
    meta = fetch(ROWS[5:], f"?PageSize=5&Page=0&PageToken={token}")["meta"]
    assert meta["previous_page_url"] is None
    assert fetch(ROWS[5:], meta["next_page_url"])["channels"] == ROWS[5:10]


def test_an_empty_collection_is_a_page() -> None:
    body = fetch([], "")
    assert body["channels"] == []
    assert (body["meta"]["previous_page_url"], body["meta"]["next_page_url"]) == (None, None)


def test_sizes_are_defaulted_and_clamped() -> None:
    assert request("").size == 50
    assert request("PageSize=1000").size == 100
    assert request("PageSize=999999999999").size == 100
    assert fetch(ROWS, "?PageSize=1000")["meta"]["page_size"] == 100
    assert read_page(parse_query(b""), DATED, maximum=5, default=5).size == 5


@pytest.mark.parametrize(
    "query",
    ["PageSize=0", "PageSize=-1", "PageSize=", "PageSize=x", "PageSize=1.5", "Page=-1", "Page=x", "Page=", "Page=1e3"],
)
def test_sizes_and_numbers_that_are_none_are_refused(query: str) -> None:
    with pytest.raises(HttpError) as error:
        request(query)
    assert (error.value.status, error.value.code) == (400, 20001)


@pytest.mark.parametrize("token", ["", "x", "PT", "PTabc", "5", seal(INDEXED, 5, forward=True)])
def test_unknown_tokens_are_refused(token: str) -> None:
    with pytest.raises(HttpError) as error:
        request(urlencode({"PageToken": token}))
    assert (error.value.status, error.value.code) == (400, 20001)


@given(st.integers(0, 200), st.sampled_from("AZ_-09"))
def test_changed_tokens_are_refused(place: int, letter: str) -> None:
    token = seal(DATED, ROWS[0], forward=True)
    place %= len(token) - 1  # the last letter carries unused bits
    changed = token[:place] + letter + token[place + 1 :]
    if changed != token:
        with pytest.raises(HttpError):
            request(f"PageToken={changed}")


@given(st.text())
def test_arbitrary_tokens_are_refused(token: str) -> None:
    with pytest.raises((HttpError, ChatError)) as error:
        request(urlencode({"PageToken": token.encode("utf-8", "replace")}))
    assert isinstance(error.value, HttpError | ChatError)
    assert error.value.code == 20001


@given(st.datetimes(timezones=st.just(UTC)), st.from_regex("[A-Z]{2}[0-9a-f]{32}", fullmatch=True), st.booleans())
def test_dated_tokens_come_back(moment: datetime, sid: str, forward: bool) -> None:
    asked = request(f"PageToken={seal(DATED, (moment, sid), forward=forward)}")
    assert (asked.after if forward else asked.before) == (moment, sid)
    assert (asked.before if forward else asked.after) is None


@given(st.integers(-(2**63), 2**63 - 1), st.booleans())
def test_index_tokens_come_back(index: int, forward: bool) -> None:
    query = parse_query(f"PageToken={seal(INDEXED, index, forward=forward)}".encode())
    asked = read_page(query, INDEXED, maximum=100)
    assert (asked.after if forward else asked.before) == index


@pytest.mark.parametrize("values", [[10**30, "CHx"], [0, "CH' or 1"], [0, "C" * 65], [0], ["0", "CHx"], [0, "CHx", 1]])
def test_a_forged_dated_cursor_is_refused(values: list[int | str]) -> None:
    with pytest.raises(ValueError, match="not a"):
        DATED.load(list(values))


@pytest.mark.parametrize("values", [[2**63], [-(2**63) - 1], ["1"], [], [1, 2]])
def test_a_forged_index_is_refused(values: list[int | str]) -> None:
    with pytest.raises(ValueError, match="not an"):
        INDEXED.load(list(values))


def test_a_negative_token_may_have_a_code_of_its_own() -> None:
    with pytest.raises(HttpError) as error:
        read_page(parse_query(b"PageToken=-1"), INDEXED, maximum=100, negative_token=19038)
    assert error.value.code == 19038


def test_filters_are_carried_encoded() -> None:
    asked = request(urlencode({"Type": "a b&é+", "Order": "desc"}))
    body = page_body(
        asked, Page(items=[], has_before=False, has_after=False), key="k", url=URL, cursor=lambda r: r, present=str
    )
    meta: Any = body["meta"]
    assert meta["url"] == f"{URL}?Type=a%20b%26%C3%A9%2B&Order=desc&PageSize=50&Page=0"
    assert parse_qsl(urlsplit(meta["url"]).query)[0] == ("Type", "a b&é+")
