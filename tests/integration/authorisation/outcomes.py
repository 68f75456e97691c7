"""What a caller may get, and how each door of the gateway says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Caller(StrEnum):
    """The columns of the table. Rooms belong to one service, `home`."""

    OWNER = "owner"  # made the room, is a member with the role of a creator
    MEMBER = "other member"
    INVITED = "invited"
    OUTSIDER = "non-member"  # of the same service
    RETURNED = "deleted user, back"  # was a member and wrote, was deleted, connected again with a valid token
    OTHER_SERVICE = "other service"  # of the same account, under the identity of the owner
    OTHER_ACCOUNT = "other account"  # again under that identity
    EXPIRED = "expired token"  # of the owner, like the next two
    REVOKED = "revoked key"
    FORGED = "forged token"  # names a good key, and is signed with another


AT_HOME: Final = (Caller.OWNER, Caller.MEMBER, Caller.INVITED, Caller.OUTSIDER, Caller.RETURNED)
ELSEWHERE: Final = (Caller.OTHER_SERVICE, Caller.OTHER_ACCOUNT)
SHUT_OUT: Final = (Caller.EXPIRED, Caller.REVOKED, Caller.FORGED)
ADMITTED: Final = AT_HOME + ELSEWHERE


class Kind(StrEnum):
    """Of a room."""

    PUBLIC = "public"
    PRIVATE = "private"


class Outcome(StrEnum):
    """What stands in a cell."""

    SEES = "sees it"  # and the answer names the room
    OK = "may"
    BLIND = "gets own things"  # an answer in which nothing of the room is
    NOTHING = "nothing happens"  # a friendly answer to what was not done
    SHUT = "is not let in"
    # Refusals.
    ABSENT = "no such channel"
    STRANGER = "not a member"
    DENIED = "the role does not allow it"
    JOINED = "is a member already"
    NO_INVITE = "no such invite"
    NO_USER = "no such user"
    NO_CREDENTIAL = "no such push credential"
    NO_METADATA = "no metadata"
    NOT_OFFERED = "not offered"
    NO_ACCESS = "no access to the object"
    NO_DOCUMENT = "no such document"
    NO_LIST = "no such list"
    NO_MAP = "no such map"
    NOT_FOUND = "nothing there"
    FORBIDDEN = "servers only"
    NO_FILE = "no such file"

    @property
    def refuses(self) -> bool:
        return self in CODES


@dataclass(frozen=True, slots=True)
class Codes:
    """Of a refusal: error of the native protocol; HTTP status and code wherever Twilio's APIs are spoken."""

    native: int = 0
    status: int = 0
    code: int = 0


CODES: Final[Mapping[Outcome, Codes]] = {
    Outcome.ABSENT: Codes(1300, 404, 50300),
    Outcome.STRANGER: Codes(1400, 403, 50400),
    Outcome.DENIED: Codes(103, 403, 50430),
    Outcome.JOINED: Codes(1404, 409, 50404),
    Outcome.NO_INVITE: Codes(1601, 404, 50520),
    Outcome.NO_USER: Codes(1200, 404, 50200),
    Outcome.NO_CREDENTIAL: Codes(107, 400, 20001),
    Outcome.NO_METADATA: Codes(0, 404, 50530),
    Outcome.NOT_OFFERED: Codes(108),
    Outcome.NO_ACCESS: Codes(0, 403, 54007),
    Outcome.NO_DOCUMENT: Codes(0, 404, 54100),
    Outcome.NO_LIST: Codes(0, 404, 54150),
    Outcome.NO_MAP: Codes(0, 404, 54200),
    Outcome.NOT_FOUND: Codes(0, 404, 20404),
    Outcome.FORBIDDEN: Codes(0, 403, 20403),
    Outcome.NO_FILE: Codes(1507, 404, 50507),
}

LIKE_ABSENT: Final = frozenset(
    {
        Outcome.ABSENT,
        Outcome.NO_USER,
        Outcome.NO_DOCUMENT,
        Outcome.NO_LIST,
        Outcome.NO_MAP,
        Outcome.NOT_FOUND,
        Outcome.NOTHING,
    }
)
"""Refusals that must not differ from what is said about something that never was."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table: what each standing gets."""

    owner: Outcome
    member: Outcome
    invited: Outcome
    outsider: Outcome
    elsewhere: Outcome
    abroad: Outcome | None = None  # another account, where it differs from another service

    def of(self, caller: Caller) -> Outcome:
        match caller:
            case Caller.OWNER:
                return self.owner
            case Caller.MEMBER:
                return self.member
            case Caller.INVITED:
                return self.invited
            case Caller.OUTSIDER | Caller.RETURNED:
                return self.outsider
            case Caller.OTHER_ACCOUNT if self.abroad is not None:
                return self.abroad
            case Caller.OTHER_SERVICE | Caller.OTHER_ACCOUNT:
                return self.elsewhere
            case Caller.EXPIRED | Caller.REVOKED | Caller.FORGED:
                return Outcome.SHUT
