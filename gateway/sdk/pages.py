"""Lists by date of creation, followed by token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from chatcore.domain.paging import Cursor, Page, Window
from gateway.http.paging import DATED, read_page, seal, window
from gateway.sdkhttp.dispatch import Call
from gateway.sdkhttp.reading import query

T = TypeVar("T")
PAGE_DEFAULT, PAGE_MAX = 50, 100


def wanted(call: Call) -> Window:
    """Raises HttpError(400)."""
    return window(read_page(query(call.request), DATED, maximum=PAGE_MAX, default=PAGE_DEFAULT))


def listed(
    key: str, page: Page[T], cursor: Callable[[T], Cursor], present: Callable[[T], object]
) -> Mapping[str, object]:
    items = page.items
    previous = seal(DATED, cursor(items[0]), forward=False) if items and page.has_before else None
    following = seal(DATED, cursor(items[-1]), forward=True) if items and page.has_after else None
    meta = {"previous_token": previous, "prev_token": previous, "next_token": following}
    return {key: [present(item) for item in items], "meta": meta}
