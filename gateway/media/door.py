"""The part of the server that pages of other origins may ask: everything about files.

Tokens and links come in headers and URLs, there are no cookies, so allowing an origin gives it nothing that it does not
hold already. What a client asks goes to an Api of its own, in which tokens are credentials.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http.api import Resolver
from gateway.http.urls import Origins, segments

from .callers import bears_token, with_token_as_password
from .links import Use

PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, OPTIONS",
    "Access-Control-Allow-Headers": "X-Twilio-Token, Content-Type, Range",
    "Access-Control-Max-Age": "7200",
}
EXPOSED = "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, Twilio-Request-Id"
_LINKS = tuple(f"/{use}/" for use in Use)


class MediaDoor:
    """ASGI middleware. `product` is what `resolve` calls files; `clients` answers those who show a token."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        clients: ASGIApp,
        resolve: Resolver,
        product: str,
        origins: Origins,
        allowed: Sequence[str] | None,
    ) -> None:
        self._app = app
        self._clients = clients
        self._resolve = resolve
        self._product = product
        self._origins = origins
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_link = scope["type"] == "http" and scope["path"].startswith(_LINKS)
        if not is_link and not self._is_resource(scope):
            await self._app(scope, receive, send)
            return
        origin = self._allow_origin(Headers(scope=scope).get("origin"))

        async def send_allowed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if self._allowed is not None:
                    headers.append("Vary", "Origin")
                if origin is not None:
                    headers["Access-Control-Allow-Origin"] = origin
                    headers["Access-Control-Expose-Headers"] = EXPOSED
            await send(message)

        if scope["method"] == "OPTIONS":
            await Response(status_code=204, headers=PREFLIGHT)(scope, receive, send_allowed)
        elif not is_link and bears_token(scope):
            await self._clients(with_token_as_password(scope), receive, send_allowed)
        else:
            await self._app(scope, receive, send_allowed)

    def _is_resource(self, scope: Scope) -> bool:
        if scope["type"] != "http" or "/Media" not in scope["path"]:  # nearly all others
            return False
        path = segments(scope)
        if path is None:
            return False
        target = self._resolve(self._origins.of(scope), self._origins.public(scope), path)
        return target is not None and target.product == self._product

    def _allow_origin(self, origin: str | None) -> str | None:
        if self._allowed is None:
            return "*"
        if origin is not None and any(fnmatchcase(origin, pattern) for pattern in self._allowed):
            return origin
        return None
