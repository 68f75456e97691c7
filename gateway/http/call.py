"""What the handler of a REST operation is given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from chatcore.auth.keys import Principal

from .errors import HttpError, not_found
from .forms import Form, parse_query, read_form
from .urls import join


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a request is about, once it is known which API it speaks."""

    product: str
    mount: str  # path before the version in generated URLs: "" or "/chat"
    segments: tuple[str, ...]  # decoded, mount removed, version first
    resource: str  # the path as "not found" messages word it


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One authenticated, routed request."""

    request: Request
    principal: Principal
    target: Target
    params: Mapping[str, str]  # decoded path parameters by the names of the route
    base: str  # what generated URLs start with: scheme, authority, mount and version

    def url(self, *segments: str) -> str:
        """An absolute URL of this API and version; every argument is one segment and is encoded."""
        return join(self.base, *segments)

    def query(self) -> Form:
        return parse_query(self.request.scope.get("query_string", b""))

    async def form(self) -> Form:
        """The form in the body; can be read once. Raises HttpError: 413 too large, 400 unreadable."""
        return await read_form(self.request)

    @property
    def webhooks(self) -> bool:
        """Whether the caller wants post-event webhooks for what it does."""
        return self.request.headers.get("x-twilio-webhook-enabled", "").strip().lower() == "true"

    def not_found(self) -> HttpError:
        return not_found(self.target.resource)


Handler = Callable[[Call], Awaitable[Response]]
