"""Everything that can be said in Twilsock, typed. The codec turns it into bytes and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec

# What clients say.


class Registration(msgspec.Struct):
    """Which notifications a client takes, in `init`."""

    product: str = ""
    message_types: list[str] = []


class Init(msgspec.Struct):
    """Its continuation token is not read: it grants nothing, and every answer brings a new one."""

    id: str
    token: str | None = None
    registrations: list[Registration] | None = None


class Update(msgspec.Struct):
    """A renewed token."""

    id: str
    token: str | None = None


class HttpRequest(msgspec.Struct):
    path: str
    method: str
    params: dict[str, Any] | None = None  # percent-encoded text, or arrays of it
    headers: dict[str, str | int | float | None] | None = None


class Message(msgspec.Struct):
    """A request for upstream."""

    id: str
    http_request: HttpRequest
    payload_type: str | None = None
    payload: bytes = b""  # not part of the header


class PutContext(msgspec.Struct):
    """Which notifications a client takes, in SDKs that say it after `init`."""

    id: str
    notification_ctx_id: str
    message_types: list[str] = []  # of the payload


class DeleteContext(msgspec.Struct):
    id: str
    notification_ctx_id: str


@dataclass(frozen=True, slots=True)
class Closing:
    """The client goes."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing to do: an acknowledgement, or telemetry that nobody asked for."""


Asking = Init | Update | Message
"""What is done in a task; the others are done at once."""

Incoming = Asking | PutContext | DeleteContext | Closing | Ignored


# What the server says.


class Status(msgspec.Struct, frozen=True, omit_defaults=True, rename={"error_code": "errorCode"}):
    """Twilsock's own outcome. SDKs show code, error code and description to the application."""

    code: int
    status: str
    error_code: int | None = None
    description: str | None = None


def status(code: int, *, error_code: int | None = None, description: str | None = None) -> Status:
    return Status(code=code, status=words(code), error_code=error_code, description=description)


def words(code: int) -> str:
    """The name of an HTTP status as Twilsock writes it."""
    try:
        return HTTPStatus(code).name
    except ValueError:
        return str(code)


OK = status(200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Answers the frame with this id. SDKs take a status outside 200–299 for a failure of the transport."""

    id: str
    status: Status = OK
    payload: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class InitReply:
    """`registered` are the products the client registered for."""

    id: str
    continuation_token: str
    registered: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpReply:
    """The answer of upstream; Twilsock itself is content with any of them."""

    id: str
    code: int
    headers: Mapping[str, str]
    payload: bytes


@dataclass(frozen=True, slots=True)
class TokenAboutToExpire:
    """SDKs ask their application for a new token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """The SDK closes its socket at once and ignores what follows."""

    status: Status
    reconnect_min_ms: int | None = None


Outgoing = Reply | InitReply | HttpReply | TokenAboutToExpire | Close
