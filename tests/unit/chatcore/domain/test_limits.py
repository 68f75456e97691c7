from __future__ import annotations

from collections.abc import Callable

import pytest

from chatcore.domain import limits
from chatcore.domain.errors import ChatError, Code

Rule = Callable[[str], object]


def refused(rule: Rule, text: str) -> Code:
    with pytest.raises(ChatError) as caught:
        rule(text)
    assert caught.value.message
    caught.value.message.encode()  # whatever was refused, its refusal can be sent
    return caught.value.code


BOUNDS: list[tuple[Rule, str, int, Code]] = [
    (limits.friendly_name, "x", 256, Code.FRIENDLY_NAME_TOO_LONG),
    (limits.friendly_name, "🎉", 256, Code.FRIENDLY_NAME_TOO_LONG),
    (limits.service_name, "x", 256, Code.FRIENDLY_NAME_TOO_LONG),
    (limits.unique_name, "é", 256, Code.UNIQUE_NAME_TOO_LONG),
    (limits.identity, "🎉", 256, Code.IDENTITY_TOO_LONG),
    (limits.author, "x", 256, Code.AUTHOR_TOO_LONG),
    (limits.last_updated_by, "x", 256, Code.LAST_UPDATED_BY_TOO_LONG),
    (limits.body, "x", 32_768, Code.BODY_TOO_LONG),
    (limits.body, "🎉", 8_192, Code.BODY_TOO_LONG),
    (limits.client_ref, "x", 64, Code.INVALID_PARAMETER),
    (limits.client_ref, "é", 32, Code.INVALID_PARAMETER),
]


@pytest.mark.parametrize(("rule", "piece", "count", "code"), BOUNDS)
def test_each_bound(rule: Rule, piece: str, count: int, code: Code) -> None:
    assert rule(piece * count) == piece * count
    assert refused(rule, piece * (count + 1)) is code


@pytest.mark.parametrize(("rule", "bound"), [(limits.attributes, 4096), (limits.channel_attributes, 16_384)])
def test_the_bound_of_attributes_is_in_bytes(rule: Rule, bound: int) -> None:
    for piece, size in (("x", 1), ("é", 2)):
        text = '"' + piece * ((bound - 2) // size) + '"'
        assert rule(text) == text
        assert refused(rule, text + " ") is Code.ATTRIBUTES_TOO_LONG


@pytest.mark.parametrize(
    "rule",
    [
        limits.friendly_name,
        limits.service_name,
        limits.unique_name,
        limits.identity,
        limits.author,
        limits.last_updated_by,
        limits.body,
        limits.attributes,
        limits.channel_attributes,
        limits.client_ref,
    ],
)
@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800", "a\udfffb"])
def test_text_that_nothing_downstream_could_hold(rule: Rule, text: str) -> None:
    assert refused(rule, text) is Code.INVALID_PARAMETER


def test_what_may_be_empty() -> None:
    assert limits.friendly_name("") == ""
    assert limits.friendly_name(None) is None
    assert limits.unique_name("") is None
    assert limits.unique_name(None) is None
    assert (limits.body(""), limits.author("")) == ("", "")
    assert refused(limits.service_name, "") is Code.FRIENDLY_NAME_EMPTY
    assert refused(limits.identity, "") is Code.IDENTITY_EMPTY
    assert refused(limits.client_ref, "") is Code.INVALID_PARAMETER
    assert refused(limits.attributes, "") is Code.ATTRIBUTES_INVALID


def test_names_that_would_be_taken_for_something_else() -> None:
    assert refused(limits.unique_name, "CH" + "0aF" * 10 + "00") is Code.UNIQUE_NAME_LOOKS_LIKE_SID
    assert limits.unique_name("CH" + "0" * 31) == "CH" + "0" * 31
    assert limits.unique_name("US" + "0" * 32) == "US" + "0" * 32
    assert refused(limits.identity, "US" + "0" * 32) is Code.IDENTITY_LOOKS_LIKE_SID
    assert limits.identity("CH" + "0" * 32) == "CH" + "0" * 32
    assert refused(limits.identity, "system") is Code.IDENTITY_RESERVED
    assert limits.identity("System") == "System"


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        "null",
        '"text"',
        "1",
        "-0.0e-1",
        " {} ",
        '{"a" : 1, "a" : 2}',
        '"\\ud83c\\udf89"',
        '"\\u0000"',
        "1" * 4000,
        '"\u2028"',
    ],
)
def test_attributes_are_kept_exactly_as_given(text: str) -> None:
    assert limits.attributes(text) == text


@pytest.mark.parametrize(
    "text",
    ["{", "{'a':1}", "[1,]", "NaN", "[Infinity]", "-Infinity", "nul", '"\n"', '"\t"', "1 2", "01", "\ufeff1", "// x"],
)
def test_attributes_that_are_no_json(text: str) -> None:
    assert refused(limits.attributes, text) is Code.ATTRIBUTES_INVALID


@pytest.mark.parametrize("text", ['"\\ud800"', '{"\\udc00":1}', '["\\udc00\\ud800"]', '{"a":[{"b":"x\\uDFFF"}]}'])
def test_escapes_that_hide_what_no_text_can_hold(text: str) -> None:
    assert refused(limits.attributes, text) is Code.INVALID_PARAMETER


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_nesting_is_bounded(opening: str, closing: str) -> None:
    def nested(depth: int) -> str:
        inner = "" if opening == "[" else "1"
        return opening * depth + inner + closing * depth

    assert limits.attributes(nested(limits.ATTRIBUTES_DEPTH))
    for depth in (limits.ATTRIBUTES_DEPTH + 1, 500, 1500):
        if len(nested(depth)) <= 4096:
            assert refused(limits.attributes, nested(depth)) is Code.ATTRIBUTES_INVALID
    for depth in range(2000, 8000, 500):
        if len(nested(depth)) <= 16_384:
            assert refused(limits.channel_attributes, nested(depth)) is Code.ATTRIBUTES_INVALID


def test_breadth_is_not_depth() -> None:
    wide = "[" + ",".join(["[]"] * 1000) + "]"
    assert limits.attributes(wide) == wide
    wide = "{" + ",".join(f'"{n}":{{}}' for n in range(300)) + "}"
    assert limits.attributes(wide) == wide


def test_brackets_in_strings_do_not_count() -> None:
    text = '"' + "[{" * 1000 + '"'
    assert limits.attributes(text) == text
