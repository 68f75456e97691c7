from __future__ import annotations

import jsonschema

from gateway.reference.shapes import (
    date,
    either,
    extended,
    integer,
    links,
    many,
    nullable,
    one_of,
    record,
    ref,
    sid,
    text,
    without,
)


def fits(value: object, shape: dict[str, object]) -> bool:
    return bool(jsonschema.Draft202012Validator(shape).is_valid(value))


def test_a_sid_has_its_prefix_and_32_hex_digits() -> None:
    assert fits("CH" + "0a" * 16, sid("CH"))
    assert not fits("IS" + "0a" * 16, sid("CH"))
    assert not fits("CH" + "0g" * 16, sid("CH"))


def test_a_date_of_an_answer_has_whole_seconds_and_a_literal_z() -> None:
    assert fits("2015-07-30T20:00:00Z", date())
    assert not fits("2015-07-30T20:00:00.000Z", date())
    assert not fits("2015-07-30T20:00:00+00:00", date())


def test_null_fits_what_is_nullable_only() -> None:
    for shape in (text(), integer(0), one_of("a"), many(text()), record({})):
        assert not fits(None, shape)
        assert fits(None, nullable(shape))
    assert nullable(ref("Channel")) == {"anyOf": [ref("Channel"), {"type": "null"}]}
    assert fits(None, nullable(nullable(text())))


def test_a_record_has_all_its_members_and_no_others() -> None:
    shape = record({"a": text()}, {"b": integer()})
    assert fits({"a": "x"}, shape)
    assert fits({"a": "x", "b": 1}, shape)
    assert not fits({"b": 1}, shape)
    assert not fits({"a": "x", "c": 1}, shape)


def test_records_gain_and_lose_members() -> None:
    shape = record({"a": text(), "b": text()}, {"c": text()})
    assert without(shape, "b", "c") == record({"a": text()})
    assert extended(shape, {"d": integer(), "a": integer()}) == {
        **record({"a": integer(), "b": text(), "d": integer()}, {"c": text()}),
        "properties": {"a": integer(), "b": text(), "c": text(), "d": integer()},
    }


def test_exactly_one_alternative_fits() -> None:
    shape = either(record({"a": text()}), record({"b": text()}))
    assert fits({"a": "x"}, shape)
    assert not fits({"a": "x", "b": "x"}, shape)


def test_links_are_urls_of_which_some_may_be_null() -> None:
    shape = links("members", may_be_null=("last_message",))
    assert fits({"members": "http://chat.test/x", "last_message": None}, shape)
    assert not fits({"members": None, "last_message": None}, shape)
