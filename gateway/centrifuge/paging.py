"""Opaque pages of RPC lists."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import datetime

import msgspec

from chatcore.domain import limits
from chatcore.domain.errors import ChatError
from chatcore.domain.paging import Cursor, Page, T, Window, fitting

from .params import BadParams, in_range


def window(limit: int, page: str | None) -> Window:
    """Raises BadParams for a page this server did not hand out."""
    size = in_range("limit", limit, 1, limits.LIST_MAX)
    return Window(limit=size, after=None if page is None else _cursor(page))


def listed(name: str, page: Page[T], show: Callable[[T], str], place: Callable[[T], Cursor]) -> str:
    """JSON: as many items as fit, and in `next` the token of what follows them, null at the end."""
    texts = [show(item) for item in page.items]
    kept = fitting(texts, lambda text: len(text.encode()))
    following = "null"
    if kept and (page.has_after or len(kept) < len(texts)):
        moment, sid = place(page.items[len(kept) - 1])
        packed = msgspec.json.encode([moment.isoformat(), sid])
        following = f'"{base64.urlsafe_b64encode(packed).decode().rstrip("=")}"'
    return f'{{"{name}":[{",".join(kept)}],"next":{following}}}'


def _cursor(page: str) -> Cursor:
    try:
        packed = base64.b64decode(page + "=" * (-len(page) % 4), altchars=b"-_", validate=True)
        moment, sid = msgspec.json.decode(packed, type=tuple[str, str])
        when = datetime.fromisoformat(moment)
        if when.tzinfo is None or not 1 < when.year < 9999:
            raise ValueError("not a date of ours")
        return when, limits.clean("page", sid)
    except (binascii.Error, ValueError, msgspec.DecodeError, RecursionError, ChatError):
        raise BadParams("page is unknown") from None
