from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatcore.domain.paging import PAGE_BYTES, Page, fitted, fitting


@settings(deadline=None)
@given(items=st.lists(st.binary(max_size=50), max_size=20), room=st.integers(0, 100))
def test_a_fitting_page_is_the_longest_prefix_within_its_room_but_never_nothing(items: list[bytes], room: int) -> None:
    kept = list(fitting(items, len, room))
    assert kept == items[: len(kept)]
    assert kept or not items
    if len(kept) > 1:
        assert sum(map(len, kept)) <= room
    if len(kept) < len(items):
        assert sum(map(len, items[: len(kept) + 1])) > room


@pytest.mark.parametrize("backwards", [False, True])
def test_a_page_too_large_keeps_the_side_it_was_begun_on(backwards: bool) -> None:
    page = Page(items=[*"abcd"], has_before=False, has_after=False)
    fit = fitted(page, lambda _: PAGE_BYTES // 3, backwards=backwards)
    assert fit == Page(items=[*"bcd"] if backwards else [*"abc"], has_before=backwards, has_after=not backwards)


def test_a_page_that_fits_stays_as_it_is() -> None:
    page = Page(items=[*"abcd"], has_before=True, has_after=False)
    assert fitted(page, len) is page
