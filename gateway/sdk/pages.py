"""Lists by date of creation, followed by token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from chatcore.domain.paging import Cursor, Page, Window, fitted
from gateway.http.paging import DATED, read_page, seal, window
from gateway.sdkhttp.dispatch import Call
from gateway.sdkhttp.reading import query

T = TypeVar("T")
PAGE_DEFAULT, PAGE_MAX = 50, 100


def wanted(call: Call) -> Window:
    """Raises HttpError(400)."""
    return window(read_page(query(call.request), DATED, maximum=PAGE_MAX, default=PAGE_DEFAULT))


def listed(
    call: Call, key: str, page: Page[T], cursor: Callable[[T], Cursor], present: Callable[[T], object]
) -> Mapping[str, object]:
    """The page that `wanted(call)` brought, with as many items as fit."""
    pairs = [(cursor(item), present(item)) for item in page.items]
    whole = Page(items=pairs, has_before=page.has_before, has_after=page.has_after)
    fit = fitted(whole, lambda pair: len(msgspec.json.encode(pair[1])), backwards=wanted(call).before is not None)
    previous = seal(DATED, fit.items[0][0], forward=False) if fit.items and fit.has_before else None
    following = seal(DATED, fit.items[-1][0], forward=True) if fit.items and fit.has_after else None
    meta = {"previous_token": previous, "prev_token": previous, "next_token": following}
    return {key: [shown for _, shown in fit.items], "meta": meta}
