"""What a client is told when something fails: the protocol's error codes, and chat errors in their terms."""

from __future__ import annotations

from enum import IntEnum

from chatcore.domain.errors import ChatError, Code

from .messages import ErrorReply


class ProtocolError(Exception):
    """The client broke the protocol: the connection ends with close code 3501, "bad request".

    The message is for the server's log. It quotes nothing the client sent.
    """


class ErrorCode(IntEnum):
    """Codes of the Centrifuge protocol, of which 0–399 are reserved; 409 and 1000–1999 are this server's."""

    INTERNAL = 100
    UNAUTHORIZED = 101
    UNKNOWN_CHANNEL = 102
    PERMISSION_DENIED = 103
    METHOD_NOT_FOUND = 104
    ALREADY_SUBSCRIBED = 105
    LIMIT_EXCEEDED = 106
    BAD_REQUEST = 107
    NOT_AVAILABLE = 108
    TOKEN_EXPIRED = 109
    EXPIRED = 110
    TOO_MANY_REQUESTS = 111
    UNRECOVERABLE_POSITION = 112
    CONCURRENT_PAGINATION = 113
    CONFLICT = 409

    @property
    def text(self) -> str:
        return _TEXTS[self]

    @property
    def temporary(self) -> bool:
        """Whether the same command may succeed later. SDKs retry connect and subscribe by themselves then."""
        return self in _TEMPORARY


_TEXTS = {
    ErrorCode.INTERNAL: "internal server error",
    ErrorCode.UNAUTHORIZED: "unauthorized",
    ErrorCode.UNKNOWN_CHANNEL: "unknown channel",
    ErrorCode.PERMISSION_DENIED: "permission denied",
    ErrorCode.METHOD_NOT_FOUND: "method not found",
    ErrorCode.ALREADY_SUBSCRIBED: "already subscribed",
    ErrorCode.LIMIT_EXCEEDED: "limit exceeded",
    ErrorCode.BAD_REQUEST: "bad request",
    ErrorCode.NOT_AVAILABLE: "not available",
    ErrorCode.TOKEN_EXPIRED: "token expired",
    ErrorCode.EXPIRED: "expired",
    ErrorCode.TOO_MANY_REQUESTS: "too many requests",
    ErrorCode.UNRECOVERABLE_POSITION: "unrecoverable position",
    ErrorCode.CONCURRENT_PAGINATION: "concurrent pagination",
    ErrorCode.CONFLICT: "conflict",
}

_TEMPORARY = frozenset({ErrorCode.INTERNAL, ErrorCode.TOO_MANY_REQUESTS, ErrorCode.CONCURRENT_PAGINATION})

# Refusals the protocol has a word of its own for. Every other one keeps its number, moved to 1000–1999.
_OWN_WORD = {
    Code.INVALID_PARAMETER: ErrorCode.BAD_REQUEST,
    Code.FORBIDDEN: ErrorCode.PERMISSION_DENIED,
    Code.NOT_AUTHORIZED: ErrorCode.PERMISSION_DENIED,
    Code.NOT_FOUND: ErrorCode.PERMISSION_DENIED,  # 103 also stands for "well-formed but absent": no oracle
    Code.CONFLICT: ErrorCode.CONFLICT,
    Code.REVISION_MISMATCH: ErrorCode.CONFLICT,
    Code.TOO_MANY_REQUESTS: ErrorCode.TOO_MANY_REQUESTS,
    Code.CHANNEL_RATE_EXCEEDED: ErrorCode.TOO_MANY_REQUESTS,
    Code.SERVICE_RATE_EXCEEDED: ErrorCode.TOO_MANY_REQUESTS,
    Code.INTERNAL: ErrorCode.INTERNAL,
    Code.UNAVAILABLE: ErrorCode.INTERNAL,
}

_CHAT_NUMBERS = range(50000, 51000)


def reply(code: ErrorCode, message: str = "") -> ErrorReply:
    """A protocol error. The message replaces the code's own text, to say which parameter is meant."""
    return ErrorReply(code=code, message=message or code.text, temporary=code.temporary)


def code_of(code: Code) -> int:
    """The number a client sees for a chat error: 50300 becomes 1300, and clients convert it back."""
    own_word = _OWN_WORD.get(code)
    if own_word is not None:
        return own_word
    if code not in _CHAT_NUMBERS:
        raise AssertionError(f"{code!r} has no number in the protocol")
    return code - _CHAT_NUMBERS.start + 1000


def reply_to(error: ChatError) -> ErrorReply:
    """A refused chat command. What is our fault or passes by itself is told without its detail."""
    number = code_of(error.code)
    if number in _TEMPORARY:
        return reply(ErrorCode(number))
    # The name stands in for a missing message: CHANNEL_NOT_FOUND reads "channel not found".
    return ErrorReply(code=number, message=error.message or error.code.name.replace("_", " ").lower())
