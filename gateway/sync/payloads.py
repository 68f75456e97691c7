"""What this room reads of the payloads of events and signals."""

from __future__ import annotations

import msgspec

from chatcore.domain.ids import ChannelSid


class LastMessage(msgspec.Struct):
    index: int
    date_created: str


class Channel(msgspec.Struct):
    sid: ChannelSid
    friendly_name: str | None
    unique_name: str | None
    attributes: msgspec.Raw
    type: str
    created_by: str
    date_created: str
    date_updated: str
    last_message: LastMessage | None
    state: str = "active"
    state_updated: str | None = None


class Media(msgspec.Struct):
    sid: str
    content_type: str
    filename: str | None
    size: int
    category: str = "media"


class Message(msgspec.Struct):
    sid: str
    index: int
    author: str
    body: str | None
    attributes: msgspec.Raw
    date_created: str
    date_updated: str
    last_updated_by: str | None
    media: Media | None = None
    medias: list[Media] = []
    member_sid: str | None = None
    subject: str | None = None
    content_sid: str | None = None


class RemovedMessage(msgspec.Struct):
    sid: str
    index: int


class MessagingBinding(msgspec.Struct):
    type: str


class Member(msgspec.Struct):
    sid: str
    identity: str | None
    role_sid: str | None
    attributes: msgspec.Raw
    last_consumed_message_index: int | None
    last_consumption_timestamp: str | None
    date_created: str
    date_updated: str
    roster_position: int
    messaging_binding: MessagingBinding | None = None


class User(msgspec.Struct):
    sid: str
    friendly_name: str | None
    attributes: msgspec.Raw


class Moment(msgspec.Struct):
    at: str


class ChannelEvent(msgspec.Struct):
    at: str
    channel: Channel


class MessageEvent(msgspec.Struct):
    at: str
    message: Message


class RemovedEvent(msgspec.Struct):
    at: str
    message: RemovedMessage
    last_message: LastMessage | None = None


class MemberEvent(msgspec.Struct):
    at: str
    member: Member


class TypingSignal(msgspec.Struct):
    channel_sid: str
    identity: str
    ttl_ms: int


class UserSignal(msgspec.Struct):
    at: str
    user: User
    position: int


class ReachabilitySignal(msgspec.Struct):
    at: str
    is_online: bool | None = None
    is_notifiable: bool | None = None
    position: int | None = None


moment = msgspec.json.Decoder(Moment).decode
channel_event = msgspec.json.Decoder(ChannelEvent).decode
message_event = msgspec.json.Decoder(MessageEvent).decode
removed_event = msgspec.json.Decoder(RemovedEvent).decode
member_event = msgspec.json.Decoder(MemberEvent).decode
typing_signal = msgspec.json.Decoder(TypingSignal).decode
user_signal = msgspec.json.Decoder(UserSignal).decode
reachability_signal = msgspec.json.Decoder(ReachabilitySignal).decode


def text(raw: msgspec.Raw) -> str:
    """A JSON value as text."""
    return bytes(raw).decode()
