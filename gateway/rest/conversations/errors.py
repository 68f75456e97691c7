"""Refusals in the words of Conversations: its own code wherever it has one, that of Chat otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from chatcore.domain.errors import ChatError, Code
from gateway.http import errors
from gateway.http.call import Call, Handler
from gateway.http.errors import HttpError, not_found, status_of
from gateway.http.router import Route

SERVICE_NOT_FOUND: Final = 50050  # named by a parameter
MESSAGING_SERVICE_MISSING: Final = 50340

_OWN: Final[Mapping[Code, int]] = {
    Code.CHANNEL_ROLE_NOT_FOUND: 50109,
    Code.USER_CHANNELS_EXCEEDED: 50214,
    Code.CHANNEL_NOT_FOUND: 50350,
    Code.UNIQUE_NAME_TAKEN: 50353,
    Code.UNIQUE_NAME_LOOKS_LIKE_SID: 50390,
    Code.WEBHOOK_NOT_FOUND: 50360,
    Code.WEBHOOKS_EXCEEDED: 50361,
    Code.TRIGGERS_EXCEEDED: 50362,
    Code.WEBHOOK_TYPE_INVALID: 50364,
    Code.WEBHOOK_FILTER_INVALID: 50365,
    Code.WEBHOOK_TRIGGER_INVALID: 50366,
    Code.WEBHOOK_FLOW_INVALID: 50367,
    Code.WEBHOOK_TYPE_MISSING: 50368,
    Code.WEBHOOK_URL_MISSING: 50369,
    Code.WEBHOOK_FILTER_MISSING: 50370,
    Code.WEBHOOK_TRIGGER_MISSING: 50371,
    Code.WEBHOOK_URL_TOO_LONG: 50372,
    Code.CHANNEL_FULL: 50417,
    Code.CONSUMPTION_TIMESTAMP_INVALID: Code.INVALID_PARAMETER,  # it has no number for this one
    Code.CONSUMED_INDEX_INVALID: 50421,
    Code.NOT_A_MEMBER: 50430,
    Code.MEMBER_NOT_FOUND: 50432,
    Code.MEMBER_EXISTS: 50433,
}

CODES: Final[Mapping[Code, int]] = {code: int(_OWN.get(code, code)) for code in Code}
"""What Conversations calls every refusal of a command."""

ABSENT: Final = errors.ABSENT | {Code.WEBHOOK_NOT_FOUND}
"""What is named in paths only: the answer is 20404 about the path."""


def translate(error: ChatError, path: str) -> HttpError:
    """What Conversations says about a refused command."""
    if error.code in ABSENT:
        return not_found(path)
    code = CODES[error.code]
    headers = {"Retry-After": "1"} if error.temporary else None
    message = "Internal error" if error.code is Code.INTERNAL else error.message
    return HttpError(status_of(code), code, message, headers)


def in_own_words(route: Route[Handler]) -> Route[Handler]:
    """The route with its refusals translated."""
    handler = route.handler

    async def handle(call: Call) -> Response:
        try:
            return await handler(call)
        except ChatError as error:
            raise translate(error, call.target.resource) from error

    return Route(route.method, route.pattern, handle)
