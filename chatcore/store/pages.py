"""Keyset pages over a pair of statements: one that reads on from a cursor, one that reads back from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from chatcore.domain.paging import Cursor, Page, Window

from .session import Row

T = TypeVar("T")

Fetch = Callable[[datetime, str, int, int], Awaitable[Sequence[Row]]]
"""Rows strictly beyond a cursor (date, SID), nearest first: at most limit of them, after skipping offset."""

_FIRST: Cursor = (datetime.min.replace(tzinfo=UTC), "")
_LAST: Cursor = (datetime.max.replace(tzinfo=UTC), "~")


async def read(
    window: Window, after: Fetch, before: Fetch, make: Callable[[Row], T], cursor: Callable[[T], Cursor]
) -> Page[T]:
    """One statement for a first page, two where the other side has to be looked at as well."""
    if window.before is not None:
        rows = await before(*window.before, window.limit + 1, window.offset)
        items = [make(row) for row in rows[: window.limit]][::-1]
        edge = cursor(items[-1]) if items else _just_below(window.before)
        return Page(items=items, has_before=len(rows) > window.limit, has_after=bool(await after(*edge, 1, 0)))
    rows = await after(*(window.after or _FIRST), window.limit + 1, window.offset)
    items = [make(row) for row in rows[: window.limit]]
    if window.after is None and not window.offset:
        precedes = False
    elif items and window.offset:
        precedes = True  # the rows that were skipped
    else:
        edge = cursor(items[0]) if items else _just_above(window.after) if window.after else _LAST
        precedes = bool(await before(*edge, 1, 0))
    return Page(items=items, has_before=precedes, has_after=len(rows) > window.limit)


def _just_above(cursor: Cursor) -> Cursor:
    """Beyond the row at the cursor, and not beyond any other."""
    return cursor[0], cursor[1] + " "


def _just_below(cursor: Cursor) -> Cursor:
    """Before the row at the cursor. Used where nothing lies before it, so that it may reach too far."""
    return cursor[0], cursor[1][:-1]
