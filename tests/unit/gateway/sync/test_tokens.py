"""Where pages begin."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http.errors import HttpError
from gateway.http.forms import Form
from gateway.sync.tokens import PAGE_MAX, Position, Start, read_start, seal, unseal


def start(*pairs: tuple[str, str]) -> Start:
    return read_start(Form(pairs), exact="Key")


def test_without_parameters_a_page_starts_at_the_beginning() -> None:
    assert start() == Start()


def test_a_key_goes_before_everything_else() -> None:
    assert start(("Key", "MB1"), ("PageSize", "x"), ("Order", "desc")) == Start(exact="MB1")


def test_from_is_inclusive_and_sizes_are_clamped() -> None:
    assert start(("From", "7"), ("Order", "desc"), ("PageSize", "500")) == Start(start="7", up=False, size=PAGE_MAX)


@pytest.mark.parametrize("pair", [("Order", "up"), ("PageSize", "0"), ("PageSize", "ten"), ("PageToken", "nonsense")])
def test_bad_parameters_are_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(HttpError) as refused:
        start(pair)
    assert refused.value.status == 400


@given(
    st.one_of(st.integers(-(2**61), 2**61), st.text(max_size=40).filter(str.isprintable)),
    st.booleans(),
    st.integers(1, PAGE_MAX),
)
def test_a_token_brings_back_what_it_was_made_of(after: int | str, up: bool, size: int) -> None:
    found = start(("PageToken", seal(Position(after, up, size))))
    assert found == Start(start=after, inclusive=False, up=up, size=size)


@given(st.text(max_size=60))
def test_no_token_brings_anything_down(text: str) -> None:
    with contextlib.suppress(HttpError):
        unseal(text)
