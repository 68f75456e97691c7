"""Every fact and signal that can happen.

An *event* is a committed fact with a place in one stream (a channel's, or a user's); a *signal* is fleeting, has no
place and may be lost. Both carry their JSON payload, written once by `serial` and passed through as it is.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

from .ids import ChannelSid, UserSid
from .values import value

Topic = NewType("Topic", str)
"""Address in the hub and on the broker. A stream's events travel on the topic of the same name."""


def channel_topic(sid: ChannelSid) -> Topic:
    return Topic(f"chat:{sid}")


def user_topic(sid: UserSid) -> Topic:
    """What concerns one user on all devices."""
    return Topic(f"user:{sid}")


def profile_topic(sid: UserSid) -> Topic:
    """Profile and reachability of one user, for those who watch it. Signals only."""
    return Topic(f"profile:{sid}")


def topic_sid(topic: Topic) -> str:
    return topic.partition(":")[2]


def is_channel(topic: Topic) -> bool:
    return topic.startswith("chat:")


def is_user(topic: Topic) -> bool:
    """Whether it carries a user's own stream; profiles have none."""
    return topic.startswith("user:")


class EventType(StrEnum):
    """Types as they stand in the payload and in the log. The first group is logged per channel, the second per user."""

    MESSAGE_ADDED = "message.added"
    MESSAGE_UPDATED = "message.updated"
    MESSAGE_REMOVED = "message.removed"
    MEMBER_JOINED = "member.joined"
    MEMBER_UPDATED = "member.updated"
    MEMBER_LEFT = "member.left"
    CHANNEL_UPDATED = "channel.updated"
    CHANNEL_DELETED = "channel.deleted"

    CHANNEL_JOINED = "channel.joined"
    CHANNEL_LEFT = "channel.left"
    CHANNEL_INVITED = "channel.invited"
    CHANNEL_UNINVITED = "channel.uninvited"
    CHANNEL_SETTINGS = "channel.settings"
    READ_UPDATED = "read.updated"
    USER_UPDATED = "user.updated"


class SignalType(StrEnum):
    """Types of signals. Activity is made by each node for its own readers."""

    TYPING = "typing"
    READ_UPDATED = "read.updated"
    USER_REACHABILITY = "user.reachability"
    USER_UPDATED = "user.updated"
    CHANNEL_ACTIVITY = "channel.activity"


class LeaveReason(StrEnum):
    """Why a membership ended."""

    LEFT = "left"
    REMOVED = "removed"
    DELETED = "deleted"
    USER_DELETED = "user_deleted"
    ACCESS_LOST = "access_lost"


@value
class Event:
    """A committed fact. Offsets of a stream are 1, 2, 3 … in commit order, without holes.

    `subject` is the SID that routing needs without reading the payload: the user's SID for member.* events, the
    channel's SID for channel.* events of a user's stream, else empty.
    """

    topic: Topic
    offset: int
    type: EventType
    payload: bytes
    subject: str = ""


@value
class Signal:
    """A fleeting fact. Not delivered to connections of the user `subject` where the type says so (typing, reads)."""

    topic: Topic
    type: SignalType
    payload: bytes
    subject: str = ""


Announcement = Event | Signal
"""What a broker carries."""
