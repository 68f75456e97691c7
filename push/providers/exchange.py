"""A request to a provider, and the ways in which it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .fields import Fields


class NotSentError(Exception):
    """The peer has not acted on the request, which may be sent again elsewhere."""


class UnknownFateError(Exception):
    """The peer may have acted on the request."""


class UnreachableError(Exception):
    """There is no connection, and there will be no attempt for `after` seconds."""

    def __init__(self, why: str, after: float) -> None:
        super().__init__(why)
        self.after = after


@dataclass(frozen=True, slots=True)
class Answer:
    """Header names are in lower case; of a long body the beginning."""

    status: int
    headers: Mapping[bytes, bytes]
    body: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """A POST. `shared` are the fields that most calls on a connection have in common, pseudo-fields first; `own` are
    those of this one."""

    path: bytes
    shared: Fields
    own: Fields
    body: bytes


Again = Callable[[Answer], bool]
"""Whether an answer says that the peer has not acted on the call and wants it on another connection."""
