"""What clients are told: publications, by the channel they come on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chatcore.domain.events import EventType, LeaveReason, SignalType

from ..shapes import Shape, flag, integer, nullable, one_of, ref, sid, text
from .resources import date, open_record


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """`members` come beside type, at and by. `of_channel`: it also says which chat channel it is about."""

    type: EventType | SignalType
    about: str
    members: Mapping[str, Shape]
    of_channel: bool = True

    @property
    def shape(self) -> Shape:
        where = {"channel_sid": sid("CH")} if self.of_channel else {}
        head = {"type": {"const": self.type.value}, "at": date(), "by": nullable(text())}
        return open_record({**head, **where, **self.members})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A channel of the protocol. `key` names it in documents, `address` on the wire."""

    key: str
    address: str
    about: str
    publications: Sequence[Publication]


def _publication(
    kind: EventType | SignalType, about: str, members: Mapping[str, Shape], *, of_channel: bool = True
) -> Publication:
    return Publication(type=kind, about=about, members=members, of_channel=of_channel)


_MESSAGE: Final = {"message": ref("Message")}
_MEMBER: Final = {"member": ref("Member")}
_CHANNEL: Final = {"channel": ref("Channel")}
_INVITE: Final = {"invite": ref("Invite")}
_USER: Final = {"user": ref("User")}
_REASON: Final = {"reason": one_of(*LeaveReason)}
_REMOVED: Final = open_record({"sid": sid("IM"), "index": integer(0), "rev": integer(0)})
_HORIZON: Final = {"last_consumed_message_index": nullable(integer(0))}
_ACTIVITY: Final = open_record({"index": integer(0), "author": text(), "date_created": date()})

STREAMS: Final[Sequence[Stream]] = (
    Stream(
        key="chat",
        address="chat:{channel}",
        about="What happens in one chat channel, for its members. Every publication has an offset; what was missed is "
        "recovered.",
        publications=(
            _publication(EventType.MESSAGE_ADDED, "A message was sent", _MESSAGE),
            _publication(EventType.MESSAGE_UPDATED, "A message changed; the whole of it", _MESSAGE),
            _publication(EventType.MESSAGE_REMOVED, "A message was deleted", {"message": _REMOVED}),
            _publication(EventType.MEMBER_JOINED, "Somebody became a member", _MEMBER),
            _publication(EventType.MEMBER_UPDATED, "Attributes or role of a member changed", _MEMBER),
            _publication(EventType.MEMBER_LEFT, "Somebody is no longer a member", {**_MEMBER, **_REASON}),
            _publication(EventType.CHANNEL_UPDATED, "The channel changed; the whole of it", _CHANNEL),
            _publication(EventType.CHANNEL_DELETED, "The channel was deleted; the subscription ends", {}),
        ),
    ),
    Stream(
        key="me",
        address="me",
        about="What concerns the user on all devices. Every publication has an offset; what was missed is recovered.",
        publications=(
            _publication(EventType.CHANNEL_JOINED, "One became a member", {**_CHANNEL, **_MEMBER}),
            _publication(EventType.CHANNEL_LEFT, "One is no longer a member", _REASON),
            _publication(EventType.CHANNEL_INVITED, "One was invited", {**_INVITE, **_CHANNEL}),
            _publication(EventType.CHANNEL_UNINVITED, "An invite was withdrawn, declined or used up", _INVITE),
            _publication(
                EventType.CHANNEL_SETTINGS,
                "One muted the channel, or no longer",
                {"notification_level": one_of("default", "muted")},
            ),
            _publication(
                EventType.READ_UPDATED,
                "One's own read horizon moved, on whatever device",
                {**_HORIZON, "unread_messages_count": nullable(integer(0))},
            ),
            _publication(EventType.USER_UPDATED, "One's own profile or role changed", _USER, of_channel=False),
        ),
    ),
    Stream(
        key="live",
        address="live",
        about="Fleeting news of everything the connection sees. No offsets: what is missed is gone.",
        publications=(
            _publication(
                SignalType.TYPING,
                "Somebody is typing, until `ttl_ms` have passed or a message of the same author comes",
                {"identity": text(), "member_sid": sid("MB"), "ttl_ms": integer(1)},
            ),
            _publication(
                SignalType.READ_UPDATED,
                "The read horizon of another member moved; at most one per member and second",
                {"identity": text(), "member_sid": sid("MB"), **_HORIZON},
            ),
            _publication(
                SignalType.USER_REACHABILITY,
                "A watched user came or went",
                {"identity": text(), "is_online": nullable(flag()), "is_notifiable": nullable(flag())},
                of_channel=False,
            ),
            _publication(SignalType.USER_UPDATED, "The profile of a watched user changed", _USER, of_channel=False),
            _publication(
                SignalType.CHANNEL_ACTIVITY,
                "There is a new message in a channel that is not subscribed; at most one per channel and second",
                {"last_message": _ACTIVITY},
            ),
        ),
    ),
)
