"""Refusals as the Twilio REST API words them, and the HTTP status of every code.

Every body that is not 2xx is the same four members; `code` is what applications branch on.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from chatcore.commands.rates import RateExceeded
from chatcore.domain.errors import ChatError, Code

INVALID_PARAMETER = 20001
AUTHENTICATION_FAILED = 20003
METHOD_NOT_ALLOWED = 20004
FORBIDDEN = 20403
NOT_FOUND = 20404
TOO_MANY_REQUESTS = 20429
INTERNAL = 20500
UNAVAILABLE = 20503

MORE_INFO = "https://www.twilio.com/docs/errors/"

_CODES_BY_STATUS: Mapping[int, frozenset[int]] = {
    403: frozenset({20403, 50056, 50107, 50205, 50208, 50214, 50321, 50361, 50400, 50403, 50417, 50418, 50422, 50430}),
    404: frozenset(
        {20404, 50050, 50100, 50101, 50102, 50106, 50109, 50200, 50300, 50320, 50350, 50360, 50402, 50432}
        | {50500, 50507, 50601}
    ),
    405: frozenset({20004}),
    409: frozenset(
        {20409, 50002, 50201, 50212, 50213, 50307, 50334, 50349, 50353, 50391, 50404, 50416, 50419, 50433, 50449}
        | {50508, 50602}
    ),
    412: frozenset({20412}),
    429: frozenset({20429, 50063, 50074}),
    500: frozenset({20500}),
    503: frozenset({20503}),
    401: frozenset({20003, *range(20101, 20108), 20151, 20156, 20157, 20160}),
}
_STATUS = {code: status for status, codes in _CODES_BY_STATUS.items() for code in codes}

ABSENT = frozenset(
    {
        Code.NOT_FOUND,
        Code.SERVICE_NOT_FOUND,
        Code.USER_NOT_FOUND,
        Code.CHANNEL_NOT_FOUND,
        Code.MEMBER_NOT_FOUND,
        Code.MESSAGE_NOT_FOUND,
        Code.INVITE_NOT_FOUND,
    }
)
"""What a command says of objects that REST names in its path: the answer is 20404 about the path."""


class HttpError(Exception):
    """A refusal that needs no translation."""

    def __init__(self, status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


def status_of(code: int) -> int:
    """The HTTP status of a code; most codes are about a bad parameter."""
    return _STATUS.get(code, 400)


def missing_parameter(name: str, code: int = INVALID_PARAMETER) -> HttpError:
    return HttpError(400, code, f"Missing required parameter {name} in the post body")


def not_found(path: str) -> HttpError:
    """`path` as applications know it from the original service: see `Call.resource`."""
    return HttpError(404, NOT_FOUND, f"The requested resource {path} was not found")


def method_not_allowed(allowed: str) -> HttpError:
    return HttpError(405, METHOD_NOT_ALLOWED, "Method not allowed", {"Allow": allowed})


def translate(error: ChatError, path: str) -> HttpError:
    """What REST says about a refused command."""
    if error.code in ABSENT:
        return not_found(path)
    after = error.retry_after if isinstance(error, RateExceeded) else 1
    headers = {"Retry-After": str(after)} if error.temporary else None
    message = "Internal error" if error.code is Code.INTERNAL else error.message
    return HttpError(status_of(error.code), error.code, message, headers)


def error_response(error: HttpError) -> Response:
    body = {
        "code": int(error.code),
        "message": error.message.encode("utf-8", "replace").decode(),  # it may quote broken text
        "more_info": f"{MORE_INFO}{int(error.code)}",
        "status": error.status,
    }
    return Response(
        msgspec.json.encode(body),
        status_code=error.status,
        headers={"content-type": "application/json; charset=utf-8", **error.headers},
    )


async def http_exception_handler(request: Request, error: Exception) -> Response:
    """For Starlette's own refusals: an unknown path, a method a path does not have."""
    assert isinstance(error, HTTPException), "registered for HTTPException only"
    if error.status_code == 404:
        return error_response(not_found(request.url.path))
    if error.status_code == 405:
        return error_response(method_not_allowed((error.headers or {}).get("Allow", "GET")))
    return error_response(HttpError(error.status_code, status_code(error.status_code), str(error.detail)))


async def refusal_handler(request: Request, error: Exception) -> Response:
    """For HttpError and ChatError raised by Starlette endpoints."""
    if isinstance(error, ChatError):
        return error_response(translate(error, request.url.path))
    assert isinstance(error, HttpError), "registered for HttpError and ChatError only"
    return error_response(error)


async def unexpected_handler(request: Request, error: Exception) -> Response:
    """For everything else; Starlette re-raises it afterwards, so it is logged there and not here."""
    return error_response(HttpError(500, INTERNAL, "Internal error"))


def status_code(status: int) -> int:
    """The generic code of an HTTP status."""
    known = {400: INVALID_PARAMETER, 401: AUTHENTICATION_FAILED, 403: FORBIDDEN, 413: INVALID_PARAMETER}
    return known.get(status, 20000 + status)
