"""Catalogue of the close codes this server sends, apart from those of RFC 6455 that the parser chooses (1002, 1009).

The numeric range alone tells a Centrifuge client what to do: 3500–3999 and 4500–4999 are terminal, other codes from
3000 on mean "come back". SDKs that find JSON in a reason take it for an instruction, so no reason may be valid JSON.
"""

from __future__ import annotations

from enum import Enum


class Close(Enum):
    """Close code and reason; spread it into `Link.close(*Close.SLOW.value)`."""

    SHUTDOWN = (3001, "shutdown")
    INTERNAL = (3004, "internal server error")
    EXPIRED = (3005, "connection expired")
    SLOW = (3008, "slow")
    WRITE_ERROR = (3009, "write error")
    INSUFFICIENT_STATE = (3010, "insufficient state")
    FORCE_RECONNECT = (3011, "force reconnect")
    NO_PONG = (3012, "no pong")
    TOO_MANY_REQUESTS = (3013, "too many requests")
    STATE_INVALIDATED = (3014, "state invalidated")
    INVALID_TOKEN = (3500, "invalid token")
    BAD_REQUEST = (3501, "bad request")
    STALE = (3502, "stale")
    FORCE_DISCONNECT = (3503, "force disconnect")
    CONNECTION_LIMIT = (3504, "connection limit")
    CHANNEL_LIMIT = (3505, "channel limit")
    PERMISSION_DENIED = (3507, "permission denied")
    NOT_AVAILABLE = (3508, "not available")
    TRY_AGAIN_LATER = (4008, "try again later")

    @property
    def code(self) -> int:
        return self.value[0]

    @property
    def reason(self) -> str:
        return self.value[1]

    @property
    def terminal(self) -> bool:
        """Whether Centrifuge clients stay away after it."""
        return 3500 <= self.code < 4000 or 4500 <= self.code < 5000


ABNORMAL = 1006
"""What a peer is told when the socket ended without a close frame; never on the wire (RFC 6455 section 7.4.1)."""

GOODBYES = frozenset({1000, 1001, 1005})
"""What clients close with that mean to go, with a code or without one."""
