"""Refusals as the Twilio SDKs are told them."""

from __future__ import annotations

import msgspec

from chatcore.domain.errors import ChatError, Code
from gateway.http.errors import INTERNAL, INVALID_PARAMETER, MORE_INFO, NOT_FOUND, HttpError, status_of

from .exchange import SdkResponse

NOT_ALLOWED = 50430
INVITE_NOT_FOUND = 50520
NO_ACCESS = 54007
"""Codes that REST has no or another use for. Those of Sync objects are in their room."""

_OWN_CODE = {
    Code.SERVICE_NOT_FOUND: (404, NOT_FOUND),
    Code.FORBIDDEN: (403, NOT_ALLOWED),
    Code.NOT_AUTHORIZED: (403, NOT_ALLOWED),
    Code.INVITE_NOT_FOUND: (404, INVITE_NOT_FOUND),
}
"""Status and code where they differ from those of REST."""


def bad_request(message: str) -> HttpError:
    return HttpError(400, INVALID_PARAMETER, message)


def not_found() -> HttpError:
    """No such route, or nothing there."""
    return HttpError(404, NOT_FOUND, "The requested resource was not found")


def translate(error: ChatError) -> HttpError:
    """What the SDKs are told of a refused command."""
    own = _OWN_CODE.get(error.code)
    status, code = own if own is not None else (status_of(error.code), int(error.code))
    message = "Internal error" if error.code is Code.INTERNAL else error.message
    return HttpError(status, code, message)


def refusal(error: HttpError) -> SdkResponse:
    code = int(error.code)
    body = {
        "status": error.status,
        "code": code,
        "message": error.message.encode("utf-8", "replace").decode(),  # it may quote broken text
        "more_info": f"{MORE_INFO}{code}",
    }
    return SdkResponse(status=error.status, body=msgspec.json.encode(body))


def failure() -> SdkResponse:
    """Our fault, without detail."""
    return refusal(HttpError(500, INTERNAL, "Internal error"))
