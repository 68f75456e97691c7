"""Numbers a client may be told: errors of commands, and codes that close a connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ERRORS: Final[Mapping[int, str]] = {
    100: "Internal error; temporary",
    102: "Unknown channel name",
    103: "Permission denied, or absent",
    104: "Unknown method",
    105: "Already subscribed",
    106: "Too many subscriptions",
    107: "Bad request; the text names the parameter",
    108: "Not available",
    109: "The token has expired",
    111: "Too many requests; temporary",
    112: "The position cannot be recovered",
    409: "`if_rev` did not match",
}
CHAT_ERRORS: Final = "1000–1999: error 49000 higher of the REST API, such as 1300 for 50300, channel not found"

CLOSES: Final[Mapping[int, str]] = {
    3001: "Shutdown: come back",
    3004: "Internal error: come back",
    3005: "The token has expired: come back with a new one",
    3008: "Slow reader: come back",
    3010: "Position lost: come back",
    3012: "No pong: come back",
    3013: "Too many requests: come back",
    3014: "State invalidated: come back, and load everything again",
    3500: "Invalid token: final",
    3501: "Protocol violation: final",
    3502: "No connect command in time: final",
    3503: "The user was deleted: final",
    3504: "Too many connections of this user: final",
    4008: "The node is full: come back later",
}
