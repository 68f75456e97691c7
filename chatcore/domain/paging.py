"""A stretch of an ordered collection, by keyset: stable under concurrent inserts and deletes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")

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
