"""From a request to the handler of its route, and from what that raises to an answer."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from chatcore.domain.errors import ChatError
from chatcore.ports.clock import Clock
from gateway.http.errors import HttpError

from .errors import failure, refusal, translate
from .exchange import SdkRequest, SdkResponse
from .routes import Rest, Route, Router

logger = logging.getLogger(__name__)

NO_ROUTE = "other"
"""Stands for all unknown paths among the names of commands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request on its route."""

    request: SdkRequest
    params: Mapping[str, str]
    """Whole segments, decoded."""

    rest: Rest | None
    """Of a route that ends in `{name...}`."""


Handler = Callable[[Call], Awaitable[SdkResponse]]
"""Raises HttpError and ChatError."""


class Dispatcher:
    """The Upstream made of the routes of all rooms."""

    def __init__(
        self, routes: Iterable[Route[Handler]], clock: Clock, count: Callable[[str, str, float], None]
    ) -> None:
        """`count` hears of every request: the route, the HTTP status, the seconds it took."""
        self._router = Router(routes)
        self._clock = clock
        self._count = count

    async def __call__(self, request: SdkRequest) -> SdkResponse:
        started = self._clock.monotonic()
        name = NO_ROUTE
        try:
            match = self._router.match(request.method, request.path)
            name = f"{match.route.method} {match.route.pattern}"
            response = await match.route.handler(Call(request=request, params=match.params, rest=match.rest))
        except HttpError as error:
            response = refusal(error)
        except ChatError as error:
            response = refusal(translate(error))
        except Exception:
            logger.exception("%s failed", name, extra={"action": "request_failed"})
            response = failure()
        self._count(name, str(response.status), self._clock.monotonic() - started)
        return response
