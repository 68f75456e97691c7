"""A stretch of an ordered collection, by keyset: stable under concurrent inserts and deletes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar

T = TypeVar("T")

PAGE_BYTES: Final = 256 * 1024
"""Bytes of a page that has to pass the bounded queue of a connection."""

Cursor = tuple[datetime, str]
"""Place in a collection that is ordered by creation date, then SID."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What to read: `limit` rows strictly after or strictly before a cursor, or after skipping `offset` rows."""

    limit: int
    after: Cursor | None = None
    before: Cursor | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Rows in the collection's order, and whether anything lies on either side of them."""

    items: Sequence[T]
    has_before: bool
    has_after: bool


def fitting(items: Sequence[T], size: Callable[[T], int], room: int = PAGE_BYTES) -> Sequence[T]:
    """The longest prefix that fits into `room` bytes, but at least one."""
    total = 0
    for count, item in enumerate(items):
        total += size(item)
        if total > room and count:
            return items[:count]
    return items


def fitted(page: Page[T], size: Callable[[T], int], *, backwards: bool = False) -> Page[T]:
    """The page without what does not fit into PAGE_BYTES; `backwards` keeps its end, as for a window with `before`."""
    items = page.items[::-1] if backwards else page.items
    kept = fitting(items, size)
    if len(kept) == len(items):
        return page
    if backwards:
        return Page(items=kept[::-1], has_before=True, has_after=page.has_after)
    return Page(items=kept, has_before=page.has_before, has_after=True)
