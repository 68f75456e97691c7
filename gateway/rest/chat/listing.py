"""Lists in the default order: by date of creation, then SID."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from starlette.responses import Response

from chatcore.domain.paging import Page, Window
from gateway.http.forms import Form
from gateway.http.paging import DATED, page_body, read_page, window
from gateway.http.responses import json_response

PAGE_MAX = 100


class Dated(Protocol):
    @property
    def sid(self) -> str: ...

    @property
    def date_created(self) -> datetime: ...


D = TypeVar("D", bound=Dated)


async def dated_list(
    query: Form,
    *,
    key: str,
    url: str,
    fetch: Callable[[Window], Awaitable[Page[D]]],
    present: Callable[[D], object],
    filters: Sequence[str] = (),
) -> Response:
    """The page that `query` asks for. `filters` are the parameters beside paging, which page URLs repeat."""
    request = read_page(query, DATED, maximum=PAGE_MAX, filters=filters)
    page = await fetch(window(request))
    body = page_body(
        request, page, key=key, url=url, cursor=lambda item: (item.date_created, item.sid), present=present
    )
    return json_response(body)
