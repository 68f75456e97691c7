from __future__ import annotations

import pytest

from gateway.reference.shapes import (
    Shape,
    date,
    either,
    flag,
    integer,
    json_text,
    many,
    nullable,
    one_of,
    record,
    ref,
    sid,
    text,
    url,
)
from gateway.reference.words import Row, rows, words


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (text(), "string"),
        (text(256), "string, at most 256 characters"),
        (text(256, shortest=1), "string, 1 to 256 characters"),
        (text(shortest=1), "string, not empty"),
        (url(512), "URL, at most 512 characters"),
        (json_text(), "JSON text"),
        (sid("CH"), "SID CH…"),
        (date(), "date-time"),
        (flag(), "true | false"),
        (integer(), "integer"),
        (integer(0), "integer from 0"),
        (integer(1, 5), "integer from 1 to 5"),
        (integer(200, 200), "integer 200"),
        (one_of("a", "b"), "a | b"),
        (nullable(one_of("a")), "a or null"),
        (nullable(integer(0)), "integer from 0 or null"),
        (many(text(), most=5), "list, at most 5 of string"),
        (many(sid("RL")), "list of SID RL…"),
        (ref("Channel"), "Channel"),
        (nullable(ref("Channel")), "Channel or null"),
        (either(record({}), record({"a": text()})), "object"),
        ({"type": "null"}, "null"),
        ({"const": "typing"}, "“typing”"),
        ({"description": "Any JSON value"}, "any JSON"),
    ],
)
def test_a_shape_in_words(shape: Shape, expected: str) -> None:
    assert words(shape) == expected


def test_members_of_objects_follow_the_object() -> None:
    shape = record({"limits": record({"channels": integer(0)}), "media": many(record({"sid": sid("ME")}))})
    assert [row.name for row in rows(shape)] == ["limits", "limits.channels", "media", "media[].sid"]


def test_members_of_alternatives_are_shown_once() -> None:
    shape = record({"configuration": either(record({"a": text(), "b": text()}), record({"b": text(), "c": text()}))})
    assert [row.name for row in rows(shape)] == [
        "configuration",
        "configuration.a",
        "configuration.b",
        "configuration.c",
    ]


def test_a_row_says_what_it_leads_to_and_whether_it_must_be_there() -> None:
    shape = record({"members": many(ref("Member"))}, {"limit": {**integer(1), "default": 50}})
    assert list(rows(shape)) == [
        Row(name="members", kind="list of Member", link="Member"),
        Row(name="limit", kind="integer from 1", note="Default: 50", required=False),
    ]
