"""What repositories answer with where a domain value alone would not do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chatcore.domain.ids import ChannelSid, Identity, MemberSid, UserSid
from chatcore.domain.model import Channel, Invite, Member, Position
from chatcore.domain.values import value


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A channel as one caller meets it. Without an identity (REST) only `channel` is filled."""

    channel: Channel
    member: Member | None = None
    invite: Invite | None = None
    permissions: frozenset[str] = frozenset()  # of the deployment role and, for members, the channel role


@dataclass(slots=True, kw_only=True)
class UserStream:
    """A locked user stream. Change the fields, then hand it to `save_streams`."""

    user_sid: UserSid
    offset: int
    epoch: str
    joined_count: int
    info_position: int


@value
class StreamTop:
    """Newest and oldest offset of a stream that the log holds; oldest is newest + 1 when it is empty."""

    position: Position
    first_offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What a send needs to know of its author: the membership as of this statement."""

    channel_sid: ChannelSid
    identity: Identity
    permissions: frozenset[str]
    member_sid: MemberSid | None
    invited: bool

    @property
    def member(self) -> bool:
        return self.member_sid is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """One member's report of what it has read. `index` None clears it."""

    channel_sid: ChannelSid
    identity: Identity
    index: int | None
    at: datetime | None
    force: bool  # may move backwards


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A member whose horizon moved, as it is now."""

    member: Member
    unread_messages_count: int | None
