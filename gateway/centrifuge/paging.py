"""Opaque pages of RPC lists."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

import msgspec

from chatcore.domain import limits
from chatcore.domain.errors import ChatError
from chatcore.domain.paging import Cursor, Page, T, Window

from .params import BadParams, in_range


def window(limit: int, page: str | None) -> Window:
    """Raises BadParams for a page this server did not hand out."""
    size = in_range("limit", limit, 1, limits.LIST_MAX)
    return Window(limit=size, after=None if page is None else _cursor(page))


def next_page(page: Page[T], last: Cursor | None) -> str:
    """JSON: the page token behind the last item, or null at the end."""
    if not page.has_after or last is None:
        return "null"
    moment, sid = last
    packed = msgspec.json.encode([moment.isoformat(), sid])
    return f'"{base64.urlsafe_b64encode(packed).decode().rstrip("=")}"'


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
