from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwt.utils import base64url_encode

from chatcore.auth.compact import MAX_CHARS, MalformedError, split

from .test_tokens import EXAMPLE


def part(value: object) -> str:
    return base64url_encode(json.dumps(value).encode()).decode()


def test_parts_come_apart() -> None:
    unsigned = split(EXAMPLE)
    assert unsigned.header == {"typ": "JWT", "alg": "HS256", "cty": "twilio-fpa;v=1"}
    assert unsigned.payload["grants"]["identity"] == "alice"
    assert unsigned.known_algorithm


@pytest.mark.parametrize("algorithm", ["none", "RS256", "hs256", 1, None, ["HS256"]])
def test_other_algorithms_are_unknown(algorithm: object) -> None:
    assert not split(f"{part({'alg': algorithm})}.{part({})}.").known_algorithm


def test_a_header_that_is_no_object_is_none() -> None:
    assert split(f"{part([])}.{part({})}.").header is None


@pytest.mark.parametrize(
    "token",
    [
        "",
        "..",
        "a.b",
        "a.b.c.d",
        f"{part({})}.{part([])}.",
        f"{part({})}.{part({})}.a",
        f"{part({})}.{part({})}.YQ==",
        f"{part({})}.{part({})}.Y Q",
        f"{part({})}.{part({})}.Y\n",
        f"{part({})}.{part({'x': float('nan')})}.",
        f"{part({})}.{base64url_encode(b'[' * 40_000).decode()}.",
        f"{part({})}.{base64url_encode(b'1' * 5_000).decode()}.",
        "a" * MAX_CHARS + "..",
        "é.é.é",
    ],
)
def test_malformed_tokens_are_refused(token: str) -> None:
    with pytest.raises(MalformedError):
        split(token)


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*", fullmatch=True))
def test_nothing_else_is_ever_raised(token: str) -> None:
    with suppress(MalformedError):
        split(token)
