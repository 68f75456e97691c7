"""Where the reference is served. Pages and documents are made when first asked for, then kept."""

from __future__ import annotations

from functools import cache
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.http.errors import HttpError, not_found

from .asyncapi import asyncapi
from .documents import DOCUMENTS
from .openapi import openapi
from .pages import SECURITY_POLICY, index_page, native_page, rest_page

NATIVE: Final = "native"
_HTML: Final = "text/html; charset=utf-8"
_JSON: Final = "application/json; charset=utf-8"
_HEADERS: Final = {
    "Cache-Control": "public, max-age=300",
    "Content-Security-Policy": SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def reference_routes() -> list[Route]:
    """Open to everybody: the reference says nothing about accounts or data."""
    return [
        Route("/docs", _index, methods=["GET"]),
        Route("/docs/", _index, methods=["GET"]),
        Route("/docs/asyncapi.json", _asyncapi, methods=["GET"]),
        Route("/docs/openapi/{name}.json", _openapi, methods=["GET"]),
        Route("/docs/{name}", _page, methods=["GET"]),
    ]


async def _index(request: Request) -> Response:
    return _answer(_index_text(), _HTML)


async def _page(request: Request) -> Response:
    return _answer(_page_text(_known(request, NATIVE)), _HTML)


async def _openapi(request: Request) -> Response:
    return _answer(_openapi_text(_known(request)), _JSON)


async def _asyncapi(request: Request) -> Response:
    return _answer(_asyncapi_text(), _JSON)


def _known(request: Request, *more: str) -> str:
    """The name in the path. Raises HttpError(404), so that the caches hold known names only."""
    name: str = request.path_params["name"]
    if name not in DOCUMENTS and name not in more:
        raise _absent(request)
    return name


def _absent(request: Request) -> HttpError:
    return not_found(request.url.path)


def _answer(text: bytes, content_type: str) -> Response:
    return Response(text, headers={"Content-Type": content_type, **_HEADERS})


@cache
def _index_text() -> bytes:
    return index_page().encode()


@cache
def _page_text(name: str) -> bytes:
    return (native_page() if name == NATIVE else rest_page(DOCUMENTS[name])).encode()


@cache
def _openapi_text(name: str) -> bytes:
    return msgspec.json.encode(openapi(DOCUMENTS[name]))


@cache
def _asyncapi_text() -> bytes:
    return msgspec.json.encode(asyncapi())
