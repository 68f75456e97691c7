from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from enum import StrEnum
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from chatcore.domain.errors import ChatError
from chatcore.domain.model import UNSET
from gateway.http.errors import HttpError
from gateway.http.forms import MAX_BODY, MAX_FIELDS, Form, parse_body, parse_datetime, parse_query, read_form

URLENCODED = "application/x-www-form-urlencoded"
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


class Colour(StrEnum):
    RED = "red"
    BLUE = "Blue"


def form(text: str) -> Form:
    return parse_body(URLENCODED, text.encode())


def refused(error: pytest.ExceptionInfo[HttpError]) -> tuple[int, int]:
    return error.value.status, error.value.code


def multipart(*parts: str, boundary: str = "bOUNd") -> bytes:
    return "".join(f"--{boundary}\r\n{part}\r\n" for part in parts).encode() + f"--{boundary}--\r\n".encode()


def field(name: str, value: str) -> str:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'


@given(st.lists(st.tuples(TEXT, TEXT), max_size=20))
def test_urlencoded_fields_arrive_as_sent(pairs: list[tuple[str, str]]) -> None:
    parsed = form(urlencode(pairs))
    for name, _ in pairs:
        values = tuple(value for other, value in pairs if other == name)
        assert parsed.texts(name) == (() if values == ("",) else values)
        assert parsed.text(name) == values[-1]


@given(st.lists(st.tuples(st.from_regex(r"[A-Za-z.]{1,20}", fullmatch=True), TEXT), max_size=10))
def test_multipart_fields_arrive_as_sent(pairs: list[tuple[str, str]]) -> None:
    body = multipart(*(field(name, value) for name, value in pairs), boundary="b0123456789abcdefgh")
    parsed = parse_body("multipart/form-data; boundary=b0123456789abcdefgh", body)
    assert parsed.pairs([name for name, _ in pairs]) == sorted(pairs, key=lambda p: [n for n, _ in pairs].index(p[0]))


@given(st.sampled_from([URLENCODED, "multipart/form-data; boundary=b", "multipart/form-data", "?;"]), st.binary())
def test_arbitrary_bodies_raise_nothing_but_refusals(content_type: str, body: bytes) -> None:
    with suppress(HttpError, ChatError):
        parsed = parse_body(content_type, body)
        for name in list(parsed._fields):
            parsed.text(name)


@given(st.text())
def test_arbitrary_values_raise_nothing_but_refusals(value: str) -> None:
    given_form = Form([("A", value)])
    getters = (
        given_form.text,
        given_form.boolean,
        given_form.integer,
        given_form.integer_or_none,
        given_form.date_time,
        given_form.date_time_or_none,
        given_form.date_or_time,
        given_form.attributes,
        given_form.texts,
    )
    for getter in getters:
        with suppress(HttpError, ChatError):
            getter("A")


def test_absent_and_empty_differ() -> None:
    parsed = form("Empty=&Other=x")
    assert parsed.text("Empty") == ""
    assert parsed.text("Absent") is UNSET
    assert parsed.text_or_none("Empty") is None
    assert parsed.text_or_none("Absent") is UNSET
    assert parsed.integer_or_none("Empty") is None
    assert parsed.integer_or_none("Absent") is UNSET
    assert parsed.date_time_or_none("Empty") is None
    assert parsed.texts("Empty") == ()
    assert parsed.texts("Absent") is UNSET
    assert parsed.required("Empty") == ""


def test_last_of_a_repeated_scalar_wins_and_lists_keep_all() -> None:
    parsed = form("A=1&B=x&A=2,3")
    assert parsed.text("A") == "2,3"
    assert parsed.texts("A") == ("1", "2,3")


def test_names_are_case_sensitive_and_may_have_dots() -> None:
    parsed = form("notifications.newmessage.enabled=true&Notifications.NewMessage.Enabled=false")
    assert parsed.boolean("Notifications.NewMessage.Enabled") is False


def test_missing_parameter_is_named() -> None:
    with pytest.raises(HttpError) as error:
        form("identity=a").required("Identity")
    assert error.value.message == "Missing required parameter Identity in the post body"
    assert refused(error) == (400, 20001)
    with pytest.raises(HttpError) as error:
        form("").required("Body", code=50503)
    assert refused(error) == (400, 50503)
    with pytest.raises(HttpError, match="Type"):
        form("Permission=").require("Permission", "Type")


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "", "application/x-www-form-urlencodedx"])
def test_other_bodies_have_no_parameters(content_type: str) -> None:
    assert parse_body(content_type, b'{"Identity": "a"}')._fields == {}


@pytest.mark.parametrize("content_type", [URLENCODED.upper(), f"{URLENCODED}; charset=UTF-8", f" {URLENCODED} ;x"])
def test_content_type_parameters_and_case_do_not_matter(content_type: str) -> None:
    assert parse_body(content_type, b"A=b").text("A") == "b"


@pytest.mark.parametrize("value", ["%00", "a%00b", "%FF", "%ED%A0%80", "%C0%80"])
def test_text_that_cannot_be_stored_is_refused_when_it_is_read(value: str) -> None:
    parsed = form(f"Unknown=%FF&Body={value}&Good=x")
    assert parsed.text("Good") == "x"
    for read in (parsed.text, parsed.required, parsed.texts, parsed.boolean, parsed.attributes):
        with pytest.raises(ChatError) as error:
            read("Body")
        assert error.value.code == 20001


def test_raw_utf8_is_read() -> None:
    assert form("A=é+%2B").text("A") == "é +"


def test_multipart_files_are_no_parameters() -> None:
    file = 'Content-Disposition: form-data; name="Media"; filename="a.png"\r\nContent-Type: image/png\r\n\r\nPNG'
    parsed = parse_body('multipart/form-data; boundary="bOUNd"', multipart(file, field("Body", "hé\r\nllo")))
    assert parsed.text("Media") is UNSET
    assert parsed.text("Body") == "hé\r\nllo"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=", b""),
        ("multipart/form-data; boundary=bOUNd", b"garbage"),
        ("multipart/form-data; boundary=bOUNd", multipart(field("A", "b"))[:-9]),
        ("multipart/form-data; boundary=other", multipart(field("A", "b"))),
    ],
)
def test_malformed_multipart_is_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(HttpError) as error:
        parse_body(content_type, body)
    assert refused(error) == (400, 20001)


def test_the_number_of_fields_is_bounded() -> None:
    many = MAX_FIELDS + 1
    with pytest.raises(HttpError) as error:
        form("&".join(["a=b"] * many))
    assert refused(error) == (400, 20001)
    with pytest.raises(HttpError):
        parse_body("multipart/form-data; boundary=bOUNd", multipart(*[field("a", "b")] * many))


@pytest.mark.parametrize(("text", "value"), [("true", True), ("True", True), ("FALSE", False), ("false", False)])
def test_booleans_in_any_case(text: str, value: bool) -> None:
    assert form(f"A={text}").boolean("A") is value


@pytest.mark.parametrize("text", ["", "1", "0", "yes", " true", "None", "null"])
def test_other_booleans_are_refused(text: str) -> None:
    with pytest.raises(HttpError) as error:
        form(f"A={quote(text)}").boolean("A")
    assert refused(error) == (400, 20001)


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("-0", 0), ("007", 7), (str(2**63 - 1), 2**63 - 1)])
def test_integers(text: str, value: int) -> None:
    assert form(f"A={text}").integer("A") == value


@pytest.mark.parametrize("text", ["", "%2B1", "1.0", "1e3", "0x1", " 1", "١", "1_000", str(2**63), "9" * 5000, "--1"])
def test_other_integers_are_refused(text: str) -> None:
    with pytest.raises(HttpError) as error:
        form(f"A={text}").integer("A", code=50053)
    assert refused(error) == (400, 50053)


@pytest.mark.parametrize(("low", "high", "fits"), [(0, None, False), (-5, 0, True), (None, -6, False), (-4, 4, False)])
def test_integers_keep_to_their_bounds(low: int | None, high: int | None, fits: bool) -> None:
    if fits:
        assert form("A=-5").integer("A", low=low, high=high) == -5
    else:
        with pytest.raises(HttpError):
            form("A=-5").integer("A", low=low, high=high)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2015-07-30T20:00:00Z", datetime(2015, 7, 30, 20, tzinfo=UTC)),
        ("2015-07-30t20:00:00z", datetime(2015, 7, 30, 20, tzinfo=UTC)),
        ("2015-07-30T20:00:00", datetime(2015, 7, 30, 20, tzinfo=UTC)),
        ("2015-07-30T20:00:00.9999999Z", datetime(2015, 7, 30, 20, 0, 0, 999_000, tzinfo=UTC)),
        ("2015-07-30T20:00:00,5+02:00", datetime(2015, 7, 30, 18, 0, 0, 500_000, tzinfo=UTC)),
        ("2015-07-30T20:00:00-0330", datetime(2015, 7, 30, 23, 30, tzinfo=UTC)),
        ("0001-01-01T00:00:00.001Z", datetime(1, 1, 1, 0, 0, 0, 1000, tzinfo=UTC)),
    ],
)
def test_date_times_become_utc_milliseconds(text: str, moment: datetime) -> None:
    assert parse_datetime(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2015-07-30",
        "20150730T200000Z",
        "2015-W31-4T20:00:00Z",
        "2015-02-30T20:00:00Z",
        "2015-07-30T25:00:00Z",
        "2015-07-30 20:00:00Z",
        "2015-07-30T20:00:00 02:00",
        "2015-07-30T20:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "10000-01-01T00:00:00Z",
        "2015-07-30T20:00:00Z\n",
        "２０15-07-30T20:00:00Z",
    ],
)
def test_other_date_times_are_refused_with_the_code_of_the_parameter(text: str) -> None:
    with pytest.raises(HttpError) as error:
        form(f"DateCreated={quote(text)}").date_time("DateCreated", code=50308)
    assert refused(error) == (400, 50308)


def test_a_bare_date_stays_a_date_where_it_is_allowed() -> None:
    parsed = form("A=2015-07-30&B=2015-07-30T01:00:00Z&C=2015-13-01")
    assert parsed.date_or_time("A") == date(2015, 7, 30)
    assert parsed.date_or_time("B") == datetime(2015, 7, 30, 1, tzinfo=UTC)
    with pytest.raises(HttpError):
        parsed.date_or_time("C")


def test_attributes_are_kept_to_the_byte() -> None:
    text = '{ "foo" :\t"b\\u00e9r é",  "foo":1.0e5 }\n'
    assert form(urlencode({"Attributes": text})).attributes() == text
    assert form("A=b").attributes() is UNSET


@pytest.mark.parametrize(("text", "code"), [("", 50304), ("{", 50304), ("NaN", 50304), ('"' + "x" * 4096 + '"', 50303)])
def test_attributes_that_are_no_json_or_too_long_are_refused(text: str, code: int) -> None:
    with pytest.raises(ChatError) as error:
        form(urlencode({"Attributes": text})).attributes()
    assert error.value.code == code


def test_enumerations() -> None:
    parsed = form("A=red&B=BLUE&C=")
    assert parsed.enum("A", Colour) is Colour.RED
    assert parsed.enum("B", Colour, any_case=True) is Colour.BLUE
    assert parsed.enum("Z", Colour) is UNSET
    for name in ("B", "C"):
        with pytest.raises(HttpError) as error:
            parsed.enum(name, Colour, code=50105)
        assert refused(error) == (400, 50105)


def test_text_over_its_limit_is_refused_by_characters() -> None:
    assert form("A=" + "é" * 256).text("A", limit=256) == "é" * 256
    with pytest.raises(HttpError) as error:
        form("A=" + "é" * 257).text("A", limit=256, code=50003)
    assert refused(error) == (400, 50003)


def test_query_strings_read_like_forms() -> None:
    assert parse_query(b"Type=public&Type=private&X=%2B+").texts("Type") == ("public", "private")
    assert parse_query(b"X=%2B+").text("X") == "+ "


def request(chunks: list[bytes], *headers: tuple[bytes, bytes]) -> Request:
    messages: list[Message] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Message:
        return messages.pop(0)

    return Request({"type": "http", "headers": [(b"content-type", URLENCODED.encode()), *headers]}, receive)


async def test_a_body_may_come_in_pieces() -> None:
    assert (await read_form(request([b"A=", b"b&", b"C=d"]))).pairs(["A", "C"]) == [("A", "b"), ("C", "d")]


async def test_bodies_over_the_bound_are_refused() -> None:
    assert await read_form(request([b"A=" + b"x" * (MAX_BODY - 2)]))
    with pytest.raises(HttpError) as error:
        await read_form(request([b"A=" + b"x" * (MAX_BODY - 2), b"y"]))
    assert error.value.status == 413
    announced = str(MAX_BODY + 1).encode()
    with pytest.raises(HttpError) as error:
        await read_form(request([], (b"content-length", announced)))
    assert error.value.status == 413
