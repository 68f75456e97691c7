"""Where a page begins: parameters of a request, and opaque tokens for SDKs that follow pages by token alone."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

import msgspec

from gateway.http.forms import Form
from gateway.sdkhttp.errors import bad_request

PAGE_DEFAULT = 50
PAGE_MAX = 100


class Position(msgspec.Struct, array_like=True, frozen=True):
    """A page begins beyond `after` (a key or an index), in this order."""

    after: str | int
    up: bool
    size: int


@dataclass(frozen=True, slots=True)
class Start:
    """What a request asks for: exactly one key, or a page from `start` on (itself included or not)."""

    exact: str | None = None
    start: str | int | None = None
    inclusive: bool = True
    up: bool = True
    size: int = PAGE_DEFAULT


def read_start(query: Form, *, exact: str) -> Start:
    """`exact` is the name of the parameter that asks for one item: it goes before all others. Sizes are clamped.

    Raises HttpError(400).
    """
    one = query.text(exact)
    if isinstance(one, str):
        return Start(exact=one)
    token = query.text("PageToken")
    if isinstance(token, str):
        position = unseal(token)
        return Start(start=position.after, inclusive=False, up=position.up, size=position.size)
    order = query.text("Order")
    if isinstance(order, str) and order.lower() not in ("asc", "desc"):
        raise bad_request("Order must be asc or desc")
    size = query.integer("PageSize", low=1)
    start = query.text("From")
    return Start(
        start=start if isinstance(start, str) else None,
        up=not isinstance(order, str) or order.lower() == "asc",
        size=min(size, PAGE_MAX) if isinstance(size, int) else PAGE_DEFAULT,
    )


def seal(position: Position) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def unseal(token: str) -> Position:
    """Raises HttpError(400)."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        position = msgspec.json.decode(raw, type=Position)
    except (ValueError, binascii.Error, msgspec.DecodeError):
        raise bad_request("PageToken is unknown") from None
    if not 1 <= position.size <= PAGE_MAX or (isinstance(position.after, int) and abs(position.after) >= 2**62):
        raise bad_request("PageToken is unknown")
    return position
