"""Lists in the default order: by date of creation, then SID."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from starlette.responses import Response

from chatcore.domain.paging import Cursor, Page, Window
from gateway.http.forms import Form
from gateway.http.paging import DATED, DEFAULT_SIZE, page_body, read_page, window
from gateway.http.responses import json_response


class Dated(Protocol):
    @property
    def sid(self) -> str: ...

    @property
    def date_created(self) -> datetime: ...


T = TypeVar("T")
D = TypeVar("D", bound=Dated)


def creation(item: Dated) -> Cursor:
    return item.date_created, item.sid


async def list_by(
    cursor: Callable[[T], Cursor],
    query: Form,
    *,
    key: str,
    url: str,
    fetch: Callable[[Window], Awaitable[Page[T]]],
    present: Callable[[T], object],
    maximum: int,
    default: int = DEFAULT_SIZE,
    filters: Sequence[str] = (),
) -> Response:
    """The page that `query` asks for, of at most `maximum` items. `filters` are the parameters beside paging, which
    page URLs repeat; `cursor` is where an item stands in the order that `fetch` reads."""
    request = read_page(query, DATED, maximum=maximum, default=default, filters=filters)
    page = await fetch(window(request))
    return json_response(page_body(request, page, key=key, url=url, cursor=cursor, present=present))


async def dated_list(
    query: Form,
    *,
    key: str,
    url: str,
    fetch: Callable[[Window], Awaitable[Page[D]]],
    present: Callable[[D], object],
    maximum: int,
    default: int = DEFAULT_SIZE,
    filters: Sequence[str] = (),
) -> Response:
    """A list whose items say themselves where they stand."""
    return await list_by(
        creation,
        query,
        key=key,
        url=url,
        fetch=fetch,
        present=present,
        maximum=maximum,
        default=default,
        filters=filters,
    )
