"""Names and SIDs of the Sync objects behind which chat is presented to the Twilio SDKs.

Everything follows from the SID of a channel or user, so nothing has to be looked up to find what an object shows. The
first hex digit of our SIDs is 0 until the year 10889; in the SIDs of maps it tells which map it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chatcore.domain.ids import ChannelSid, UserSid, is_sid

LABEL = "https://sdk.invalid"
"""Base of links inside the socket. The SDKs want absolute URLs and nobody ever resolves the host."""


class Kind(StrEnum):
    """What an object shows; the value is the end of its unique name."""

    CHANNEL = "channel"
    MESSAGES = "messages"
    ROSTER = "roster"
    OWN = "channels"
    INFO = "info"


class ObjectType(StrEnum):
    """As Sync calls it. The value stands in subscriptions."""

    DOCUMENT = "document"
    LIST = "list"
    MAP = "map"


TYPES = {
    Kind.CHANNEL: ObjectType.DOCUMENT,
    Kind.MESSAGES: ObjectType.LIST,
    Kind.ROSTER: ObjectType.MAP,
    Kind.OWN: ObjectType.MAP,
    Kind.INFO: ObjectType.MAP,
}
_PREFIXES = {ObjectType.DOCUMENT: "ET", ObjectType.LIST: "ES", ObjectType.MAP: "MP"}
_DIGITS = {Kind.CHANNEL: "0", Kind.MESSAGES: "0", Kind.ROSTER: "1", Kind.OWN: "2", Kind.INFO: "3"}
_MAPS = {"1": Kind.ROSTER, "2": Kind.OWN, "3": Kind.INFO}
_OF_USERS = (Kind.OWN, Kind.INFO)
PATHS = {ObjectType.DOCUMENT: "Documents", ObjectType.LIST: "Lists", ObjectType.MAP: "Maps"}


@dataclass(frozen=True, slots=True)
class Ref:
    """One Sync object. `subject` is the SID of the channel or user that it shows."""

    kind: Kind
    subject: str

    @property
    def type(self) -> ObjectType:
        return TYPES[self.kind]

    @property
    def sid(self) -> str:
        return f"{_PREFIXES[self.type]}{_DIGITS[self.kind]}{self.subject[3:]}"

    @property
    def unique_name(self) -> str:
        return f"{self.subject}.{self.kind.value}"

    @property
    def url(self) -> str:
        return f"{LABEL}/v3/{PATHS[self.type]}/{self.sid}"


def channel_document(sid: ChannelSid) -> Ref:
    return Ref(Kind.CHANNEL, sid)


def messages_list(sid: ChannelSid) -> Ref:
    return Ref(Kind.MESSAGES, sid)


def roster_map(sid: ChannelSid) -> Ref:
    return Ref(Kind.ROSTER, sid)


def own_map(sid: UserSid) -> Ref:
    return Ref(Kind.OWN, sid)


def info_map(sid: UserSid) -> Ref:
    return Ref(Kind.INFO, sid)


def parse(text: str, kind: ObjectType) -> Ref | None:
    """From a SID or a unique name; None for what names no object of chat of that type."""
    subject, dot, end = text.partition(".")
    if dot:
        try:
            ref = Ref(Kind(end), subject)
        except ValueError:
            return None
        return ref if ref.type is kind and _fits(ref) else None
    if not is_sid(_PREFIXES[kind], text):
        return None
    match kind:
        case ObjectType.DOCUMENT:
            ref = Ref(Kind.CHANNEL, f"CH{text[2:]}")
        case ObjectType.LIST:
            ref = Ref(Kind.MESSAGES, f"CH{text[2:]}")
        case ObjectType.MAP:
            shown = _MAPS.get(text[2])
            if shown is None:
                return None
            ref = Ref(shown, f"{'US' if shown in _OF_USERS else 'CH'}0{text[3:]}")
    return ref if ref.sid == text else None


def _fits(ref: Ref) -> bool:
    return is_sid("US" if ref.kind in _OF_USERS else "CH", ref.subject)
