"""A request that a Twilio SDK made through its socket, the answer to it, and who makes the one into the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from .session import SdkSession


@dataclass(frozen=True, slots=True, kw_only=True)
class SdkRequest:
    """`path` is percent-encoded as the SDK sent it; names and values of `params` are decoded, once. Names of `headers`
    are in lower case. The host is not here: it is a label, and nothing may depend on it."""

    method: str  # upper case
    path: str
    params: Mapping[str, tuple[str, ...]]
    body: bytes
    content_type: str
    headers: Mapping[str, str]
    session: SdkSession


@dataclass(frozen=True, slots=True, kw_only=True)
class SdkResponse:
    """`body` is JSON text in UTF-8; None only with 204."""

    status: int
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Upstream(Protocol):
    """Answers requests. POST, PUT and DELETE of one connection arrive one at a time, in order; reads together."""

    async def __call__(self, request: SdkRequest) -> SdkResponse:
        """Raises nothing but CancelledError: refusals and failures are answers too."""
        ...


def answer(value: object, status: int = 200) -> SdkResponse:
    """`value` as JSON; anything msgspec encodes, `msgspec.Raw` included."""
    return SdkResponse(status=status, body=msgspec.json.encode(value))


NO_CONTENT = SdkResponse(status=204)
"""For DELETE only: the SDKs want a JSON object in every other answer."""
