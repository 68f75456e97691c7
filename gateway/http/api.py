"""The REST API as one ASGI application: who asks, what for, by which handler.

The order of checks is part of the contract: authentication, routing, then whatever the handler checks.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from chatcore.domain.errors import ChatError
from chatcore.domain.ids import AccountSid
from chatcore.ports.clock import Clock
from chatcore.ports.store import TransactionConflict

from .auth import Credentials, authenticate
from .call import Call, Handler, Target
from .errors import INTERNAL, TOO_MANY_REQUESTS, UNAVAILABLE, HttpError, error_response, not_found, translate
from .responses import new_request_id, stamp
from .router import Router
from .urls import Origin, Origins, join, segments

logger = logging.getLogger(__name__)

Resolver = Callable[[Origin, Origin, tuple[str, ...]], Target | None]
"""Finds the API a request speaks from where it arrived, where generated URLs begin, and its path."""


class Api:
    """Answers every request, with the error body of the Twilio REST API where it cannot do better.

    `account_limit` bounds the requests in flight per account on this node; 0 = unbounded. `on_limited` is told of
    each request refused for it.
    """

    def __init__(
        self,
        *,
        resolve: Resolver,
        routers: Mapping[str, Router[Handler]],
        credentials: Credentials,
        origins: Origins,
        clock: Clock,
        account_limit: int = 0,
        on_limited: Callable[[], None] = lambda: None,
    ) -> None:
        self._resolve = resolve
        self._routers = routers
        self._credentials = credentials
        self._origins = origins
        self._clock = clock
        self._account_limit = account_limit
        self._on_limited = on_limited
        self._in_flight: Counter[AccountSid] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http", "mounted for HTTP only"
        started = self._clock.monotonic()
        request_id = new_request_id()
        try:
            response = await self._answer(Request(scope, receive))
        except ClientDisconnect:
            return  # nobody is left to answer
        except HttpError as error:
            response = error_response(error)
        except ChatError as error:  # before a handler was found: credentials are looked up in the store
            response = error_response(translate(error, scope["path"]))
        except (ConnectionError, TimeoutError, TransactionConflict):
            logger.warning("A dependency failed", exc_info=True, extra={"action": "rest_unavailable"})
            response = error_response(HttpError(503, UNAVAILABLE, "Service unavailable", {"Retry-After": "1"}))
        except Exception:
            logger.exception("Unexpected exception", extra={"action": "rest_error", "request_id": request_id})
            response = error_response(HttpError(500, INTERNAL, "Internal error"))
        await stamp(response, request_id, self._clock.monotonic() - started)(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path = segments(request.scope)
        target = None
        if path is not None:
            arrived, public = self._origins.of(request.scope), self._origins.public(request.scope)
            target = self._resolve(arrived, public, path)
        if target is None:
            raise not_found(request.scope["path"])
        principal = await authenticate(request.headers.get("authorization"), self._credentials)
        handler, params = self._routers[target.product].match(request.method, target.segments, target.resource)
        call = Call(
            request=request,
            principal=principal,
            target=target,
            params=params,
            base=join(f"{public.url}{target.mount}", target.segments[0]),
        )
        account = principal.account_sid
        if 0 < self._account_limit <= self._in_flight[account]:
            self._on_limited()
            raise HttpError(429, TOO_MANY_REQUESTS, "Too many requests", {"Retry-After": "1"})
        self._in_flight[account] += 1
        try:
            return await handler(call)
        except ChatError as error:
            raise translate(error, target.resource) from error
        finally:
            self._in_flight[account] -= 1
            if not self._in_flight[account]:
                del self._in_flight[account]
