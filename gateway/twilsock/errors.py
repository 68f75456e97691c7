"""What a client is told that is not let in, or not any more. The status alone decides what its SDK does:

    401, 403   final: the SDK reports it and waits for a new token
    429        the SDK comes back, not before the time in the payload
    308        the SDK comes back 3 s later
    410        as 401, and the application hears that its token expired
    other      the SDK comes back soon

406 and 417 are never sent: after them an SDK never connects again, whatever its application does.
"""

from __future__ import annotations

from chatcore.auth.tokens import TokenCode, TokenError
from chatcore.domain.errors import ChatError, Code
from gateway.hub.standing import Lost

from .messages import Status, status, words

_FORBIDDEN = frozenset({TokenCode.GRANTS_INVALID, TokenCode.FORBIDDEN})

OTHER_IDENTITY = 51105
TOO_MANY_CONNECTIONS = 20429
COME_BACK_MS = 10_000
"""After a refusal for too many connections."""

_EXPIRED_TEXT = "Access Token expired or expiration date invalid"

EXPIRED = Status(code=410, status=words(410), error_code=int(TokenCode.EXPIRED), description=_EXPIRED_TEXT)
OFFLOADED = Status(code=308, status=words(308), description="Server is going away")


class Refused(Exception):
    """An `init` or `update` is answered with this status."""

    def __init__(self, status: Status, payload: bytes = b"") -> None:
        super().__init__(status.description)
        self.status = status
        self.payload = payload


def bad_request(reason: str) -> Status:
    return status(400, description=reason)


def of_token(error: TokenError) -> Status:
    """401 or 403 for every code: whatever is wrong with a token, another one is needed."""
    code = 403 if error.code in _FORBIDDEN else 401
    text = _EXPIRED_TEXT if error.code is TokenCode.EXPIRED else error.message
    return status(code, error_code=int(error.code), description=text)


def of_chat(error: ChatError) -> Status:
    """A token was fine but its user cannot come in. Only for errors that do not pass by themselves."""
    if error.code is Code.SERVICE_NOT_FOUND:
        return status(403, error_code=int(TokenCode.GRANTS_INVALID), description="token names no service")
    return status(403, error_code=int(error.code), description=error.message)


def other_identity() -> Status:
    return status(403, error_code=OTHER_IDENTITY, description="token is for another identity or service")


def too_many_connections() -> Status:
    return status(429, error_code=TOO_MANY_CONNECTIONS, description="too many connections of this identity")


_GONE = {
    Lost.KEY_REVOKED: (TokenCode.ISSUER_INVALID, "API key was revoked"),
    Lost.ACCOUNT_SUSPENDED: (TokenCode.FORBIDDEN, "account is suspended"),
    Lost.SERVICE_DELETED: (TokenCode.NOT_FOUND, "service was deleted"),
    Lost.USER_DELETED: (TokenCode.NOT_FOUND, "user was deleted"),
}


def gone(why: Lost) -> Status:
    """What the connection rested on is gone."""
    code, text = _GONE[why]
    return status(401, error_code=int(code), description=text)
