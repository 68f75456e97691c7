"""The nouns of chat. Values, not records: a change makes a new one (`dataclasses.replace`).

`rev` is the offset of the last durable event that changed the resource, in the stream the resource belongs to.
Positions called `roster_*`, `own_*` and `info_*` order the changes that other protocols replay: they only grow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import Enum, StrEnum
from operator import attrgetter
from typing import Final, TypeVar

from .ids import (
    AccountSid,
    ChannelSid,
    Identity,
    InviteSid,
    MediaSid,
    MemberSid,
    MessageSid,
    RoleSid,
    ServiceSid,
    UserSid,
)
from .permissions import RoleType
from .values import value
from .webhooks import NO_ACCOUNT_WEBHOOKS, AccountWebhooks, EventUrl


class Unset(Enum):
    """The type of UNSET."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET
"""A parameter that was not given: unchanged on update, the default on create. Differs from None, which clears."""

T = TypeVar("T")


def given(value: T | Unset, otherwise: T) -> T:
    """`value`, or `otherwise` where the parameter was not given."""
    return otherwise if isinstance(value, Unset) else value


class ChannelType(StrEnum):
    PUBLIC = "public"
    PRIVATE = "private"


class NotificationLevel(StrEnum):
    DEFAULT = "default"
    MUTED = "muted"


class ChannelState(StrEnum):
    """Of a conversation. Closed is final: reads and deletion work, nothing else."""

    INITIALIZING = "initializing"
    ACTIVE = "active"
    INACTIVE = "inactive"
    CLOSED = "closed"


class Order(StrEnum):
    ASC = "asc"
    DESC = "desc"


class MembershipStatus(StrEnum):
    JOINED = "joined"
    INVITED = "invited"


@value
class Position:
    """A place in an event stream. The epoch names the incarnation of the stream."""

    offset: int
    epoch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationSettings:
    """How one kind of push is sent; None where never set."""

    enabled: bool = False
    template: str | None = None
    sound: str | None = None
    badge_count_enabled: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifications:
    new_message: NotificationSettings = NotificationSettings()
    added_to_channel: NotificationSettings = NotificationSettings()
    removed_from_channel: NotificationSettings = NotificationSettings()
    invited_to_channel: NotificationSettings = NotificationSettings()
    log_enabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaNotification:
    """How a message with media is told of; None where never set."""

    enabled: bool = False
    template: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationNotifications:
    """For devices that were registered by a Conversations client; apart from those of Chat."""

    new_message: NotificationSettings = NotificationSettings()
    new_message_with_media: MediaNotification | None = None
    added_to_conversation: NotificationSettings = NotificationSettings()
    removed_from_conversation: NotificationSettings = NotificationSettings()
    log_enabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A tenant: what one application sees. Nothing crosses its border."""

    sid: ServiceSid
    account_sid: AccountSid
    friendly_name: str
    default_service_role_sid: RoleSid
    default_channel_role_sid: RoleSid
    default_channel_creator_role_sid: RoleSid
    read_status_enabled: bool
    reachability_enabled: bool
    typing_indicator_timeout: int  # seconds
    consumption_report_interval: int  # seconds
    limit_channel_members: int
    limit_user_channels: int
    pre_webhook_url: str | None
    post_webhook_url: str | None
    webhook_method: str | None
    webhook_filters: tuple[str, ...] | None
    pre_webhook_retry_count: int
    post_webhook_retry_count: int
    media_size_limit_mb: int
    media_compatibility_message: str
    notifications: Notifications
    date_created: datetime
    date_updated: datetime
    conversation_notifications: ConversationNotifications = ConversationNotifications()
    event_urls: Mapping[str, EventUrl] = field(default_factory=dict)  # by Chat's event name; Chat v1 sets them
    account_webhooks: AccountWebhooks = NO_ACCOUNT_WEBHOOKS  # of its account; written by the account's commands


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    sid: RoleSid
    service_sid: ServiceSid
    friendly_name: str
    type: RoleType
    permissions: tuple[str, ...]
    date_created: datetime
    date_updated: datetime


@value
class User:
    sid: UserSid
    service_sid: ServiceSid
    identity: Identity
    friendly_name: str | None
    attributes: str
    role_sid: RoleSid
    joined_channels_count: int
    date_created: datetime
    date_updated: datetime
    rev: int
    info_position: int
    stream: Position


@value
class LastMessage:
    index: int
    date_created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """How long a conversation may be silent, in seconds, and when that time is over; None: no such timer, not
    running."""

    inactive_after: int | None = None
    closed_after: int | None = None
    date_inactive: datetime | None = None
    date_closed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailBinding:
    name: str | None = None
    address: str | None = None


@value
class Channel:
    sid: ChannelSid
    service_sid: ServiceSid
    friendly_name: str | None
    unique_name: str | None
    type: ChannelType
    attributes: str
    created_by: str
    members_count: int
    messages_count: int  # messages that exist; deleted ones have left
    next_index: int  # index of the next message; never goes back
    last_message: LastMessage | None
    last_message_sid: MessageSid | None
    date_created: datetime
    date_updated: datetime
    rev: int
    stream: Position
    messaging_service_sid: str | None = None
    state: ChannelState = ChannelState.ACTIVE
    state_updated: datetime | None = None  # None: as created
    timers: Timers = Timers()
    email: EmailBinding | None = None
    webhooks_count: int = 0
    guests_count: int = 0  # participants without identity
    creator_left: bool = False  # once the creator was a member and left, it may come back by invitation only


_CHANNEL_PLACES = {one.name: place for place, one in enumerate(fields(Channel))}
_channel_values = attrgetter(*_CHANNEL_PLACES)
_channel_of: Callable[..., Channel] = Channel


def channel_with(channel: Channel, **changes: object) -> Channel:
    """`dataclasses.replace`, for the path of every message: in a fraction of its time. Raises KeyError for what is no
    field."""
    values = list(_channel_values(channel))
    for name, new in changes.items():
        values[_CHANNEL_PLACES[name]] = new
    return _channel_of(*values)


@value
class Member:
    sid: MemberSid
    channel_sid: ChannelSid
    service_sid: ServiceSid
    user_sid: UserSid
    identity: Identity
    role_sid: RoleSid
    attributes: str
    notification_level: NotificationLevel
    last_consumed_message_index: int | None
    last_consumption_timestamp: datetime | None
    date_created: datetime
    date_updated: datetime
    rev: int
    roster_created: int
    roster_position: int
    own_created: int
    own_position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite:
    sid: InviteSid
    channel_sid: ChannelSid
    service_sid: ServiceSid
    user_sid: UserSid
    identity: Identity
    role_sid: RoleSid
    created_by: str
    date_created: datetime
    date_updated: datetime
    own_position: int


class MediaCategory(StrEnum):
    MEDIA = "media"
    BODY = "body"
    HISTORY = "history"


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """What a message says of a file it carries."""

    sid: MediaSid
    content_type: str
    filename: str | None
    size: int
    category: MediaCategory = MediaCategory.MEDIA


@value
class Message:
    sid: MessageSid
    channel_sid: ChannelSid
    service_sid: ServiceSid
    index: int
    author: str
    body: str | None
    media: tuple[Media, ...]
    attributes: str
    was_edited: bool
    last_updated_by: str | None
    client_ref: str | None
    date_created: datetime
    date_updated: datetime
    rev: int
    created_rev: int
    member_sid: MemberSid | None = None  # of the author, where it was a member
    subject: str | None = None
    content_sid: str | None = None
    content_variables: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A channel as one user has it: joined (member) or invited (invite)."""

    channel: Channel
    member: Member | None
    invite: Invite | None
    unread_messages_count: int | None

    @property
    def status(self) -> MembershipStatus:
        return MembershipStatus.JOINED if self.member else MembershipStatus.INVITED


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Counts of one member in one channel. `unread` is None until the horizon was set once."""

    messages_count: int
    unread_messages_count: int | None
    last_consumed_message_index: int | None
    last_consumption_timestamp: datetime | None


@value
class Actor:
    """Who asks. A REST caller has no identity and is not restricted by roles."""

    account_sid: AccountSid
    service_sid: ServiceSid
    identity: Identity | None = None
    user_sid: UserSid | None = None
    webhooks: bool = False  # a REST caller that asked for post-event webhooks

    @property
    def name(self) -> str:
        """How the actor is recorded as author, creator or editor."""
        return self.identity if self.identity is not None else "system"
