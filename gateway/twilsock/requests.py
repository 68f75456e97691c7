"""A `message` frame as a request for upstream, and the answer as a frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from gateway.sdkhttp.exchange import SdkRequest, SdkResponse, Upstream

from .codec import BadMessage
from .lanes import Lane
from .messages import HttpReply, Message
from .session import Session

READS = frozenset({"GET", "HEAD"})

SUBSCRIPTIONS = "/v4/Subscriptions"
"""Of Sync: a POST that changes nothing but what the connection hears."""


async def perform(upstream: Upstream, session: Session, message: Message) -> HttpReply:
    """Raises BadMessage."""
    response: SdkResponse = await upstream(request_of(session, message))
    return HttpReply(id=message.id, code=response.status, headers=response.headers, payload=response.body or b"")


def request_of(session: Session, message: Message) -> SdkRequest:
    """Raises BadMessage for parameters that are none."""
    http = message.http_request
    headers = {name.lower(): str(value) for name, value in (http.headers or {}).items() if value is not None}
    return SdkRequest(
        method=http.method.upper(),
        path=http.path,
        params=_decoded(message.id, http.params or {}),
        body=message.payload,
        content_type=headers.get("content-type") or message.payload_type or "",
        headers=headers,
        session=session,
    )


def lane_of(message: Message) -> Lane:
    if message.http_request.method.upper() in READS:
        return Lane.READS
    return Lane.SUBSCRIPTIONS if message.http_request.path == SUBSCRIPTIONS else Lane.CHANGES


def _decoded(frame_id: str, params: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    found = {}
    for name, value in params.items():
        values = value if isinstance(value, list) else () if value is None else (value,)
        found[_unquote(name)] = tuple(_text(frame_id, each) for each in values)
    return {name: texts for name, texts in found.items() if texts}


def _text(frame_id: str, value: object) -> str:
    match value:
        case str():
            return _unquote(value)
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
    raise BadMessage(frame_id, "params must be texts or arrays of texts")


def _unquote(text: str) -> str:
    """`+` stays a plus. Bytes that are not UTF-8 become lone surrogates, which readers of parameters refuse."""
    return unquote(text, errors="surrogateescape")
