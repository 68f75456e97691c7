"""Lists of the Twilio REST API: page requests, opaque page tokens, the `meta` object.

A page token is a keyset cursor, so pages neither skip nor repeat what others insert or delete meanwhile. It is
checksummed, not secret: it says nothing but a place in a list, and the list itself is checked on every request.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar
from urllib.parse import quote, urlencode

from chatcore.domain.paging import Cursor, Page, Window

from .errors import INVALID_PARAMETER, HttpError
from .forms import Form

T = TypeVar("T")
C = TypeVar("C")

DEFAULT_SIZE = 50
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INT64 = 2**63
_TOKEN = re.compile(r"PT[A-Za-z0-9_-]+")
_CHECK_BYTES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class CursorKind(Generic[C]):
    """How the cursors of one order are written into tokens. `load` raises ValueError for values that are not one."""

    name: str
    dump: Callable[[C], list[int | str]]
    load: Callable[[list[object]], C]


def _load_dated(values: list[object]) -> Cursor:
    match values:
        case [int(micros), str(sid)] if len(sid) <= 64 and sid.isascii() and sid.isalnum():
            try:
                return _EPOCH + timedelta(microseconds=micros), sid
            except OverflowError:
                pass
    raise ValueError("not a date and a SID")


def _load_index(values: list[object]) -> int:
    match values:
        case [int(index)] if -_INT64 <= index < _INT64:
            return index
    raise ValueError("not an index")


DATED: CursorKind[Cursor] = CursorKind(
    name="d", dump=lambda cursor: [(cursor[0] - _EPOCH) // timedelta(microseconds=1), cursor[1]], load=_load_dated
)
"""Creation date, then SID: the default order."""

INDEXED: CursorKind[int] = CursorKind(name="i", dump=lambda index: [index], load=_load_index)
"""Messages, in either direction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest(Generic[C]):
    """What a list request asks for. At most one of `after`, `before`, `offset` says where the page starts."""

    kind: CursorKind[C]
    size: int
    page: int  # the caller's own count, echoed
    token: str | None
    after: C | None
    before: C | None
    offset: int
    filters: tuple[tuple[str, str], ...]  # carried into every page URL


def read_page(
    query: Form,
    kind: CursorKind[C],
    *,
    maximum: int,
    default: int = DEFAULT_SIZE,
    filters: Sequence[str] = (),
    negative_token: int = INVALID_PARAMETER,
) -> PageRequest[C]:
    """The paging parameters of a query; a size above `maximum` is clamped.

    `filters` names the other parameters the list reads. `negative_token` is the code for a token that is a negative
    number (messages have one of their own). Raises HttpError(400).
    """
    size = _count(query, "PageSize", default, least=1)
    page = _count(query, "Page", 0, least=0)
    token = query.text("PageToken")
    after: C | None = None
    before: C | None = None
    if isinstance(token, str):
        forward, cursor = _open(token, kind, negative_token)
        after, before = (cursor, None) if forward else (None, cursor)
    size = min(size, maximum)
    return PageRequest(
        kind=kind,
        size=size,
        page=page,
        token=token if isinstance(token, str) else None,
        after=after,
        before=before,
        offset=0 if isinstance(token, str) else min(page * size, _INT64 - 1),
        filters=tuple(query.pairs(filters)),
    )


def window(request: PageRequest[Cursor]) -> Window:
    """The stretch to ask the store for, where the order is the default one."""
    return Window(limit=request.size, after=request.after, before=request.before, offset=request.offset)


def page_body(
    request: PageRequest[C],
    page: Page[T],
    *,
    key: str,
    url: str,
    cursor: Callable[[T], C],
    present: Callable[[T], object],
) -> dict[str, object]:
    """The page object. `url` is the list's own, without a query; `cursor` tells where a row stands."""
    items = page.items
    previous_url, next_url = None, None
    if page.has_before:
        number = max(request.page - 1, 0)
        # Without a row to stand on, everything after the cursor was deleted meanwhile: count from the beginning.
        token = seal(request.kind, cursor(items[0]), forward=False) if items else None
        previous_url = _url(request, url, number, token)
    if page.has_after:
        if items:
            next_url = _url(request, url, request.page + 1, seal(request.kind, cursor(items[-1]), forward=True))
        else:  # everything before the cursor was deleted meanwhile: what follows is the first page
            next_url = _url(request, url, 0, None)
    meta = {
        "page": request.page,
        "page_size": request.size,
        "first_page_url": _url(request, url, 0, None),
        "previous_page_url": previous_url,
        "url": _url(request, url, request.page, request.token),
        "next_page_url": next_url,
        "key": key,
    }
    return {"meta": meta, key: [present(item) for item in items]}


def seal(kind: CursorKind[C], cursor: C, *, forward: bool) -> str:
    """The token for the page after (`forward`) or before a cursor."""
    values = [kind.name, int(forward), *kind.dump(cursor)]
    content = json.dumps(values, separators=(",", ":")).encode()
    return "PT" + base64.urlsafe_b64encode(_check(content) + content).decode().rstrip("=")


def _open(token: str, kind: CursorKind[C], negative: int) -> tuple[bool, C]:
    """Whether the token leads forward, and its cursor. Raises HttpError(400) for a token this server did not make."""
    if re.fullmatch(r"-[0-9]+", token):
        raise HttpError(400, negative, "PageToken must not be negative")
    try:
        if _TOKEN.fullmatch(token):
            raw = base64.urlsafe_b64decode(token[2:] + "=" * (-len(token[2:]) % 4))
            check, content = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
            values = json.loads(content) if check == _check(content) else None
            if isinstance(values, list) and values[:1] == [kind.name] and values[1:2] in ([0], [1]):
                return values[1] == 1, kind.load(values[2:])
    except (ValueError, RecursionError, binascii.Error):
        pass
    raise HttpError(400, INVALID_PARAMETER, "PageToken is unknown")


def _check(content: bytes) -> bytes:
    return hashlib.blake2s(content, digest_size=_CHECK_BYTES, person=b"page").digest()


def _count(query: Form, name: str, default: int, *, least: int) -> int:
    value = query.integer(name, low=least)
    return value if isinstance(value, int) else default


def _url(request: PageRequest[C], url: str, page: int, token: str | None) -> str:
    pairs = [*request.filters, ("PageSize", str(request.size)), ("Page", str(page))]
    if token is not None:
        pairs.append(("PageToken", token))
    return f"{url}?{urlencode(pairs, quote_via=quote)}"
