"""What a target is told of an event: ordered parameters, by vocabulary and event name.

An event's row lists its parameters; a question mark stands behind those that are sent only where there is a value.
Where a value comes from says the table of its subject: a path into the facts that were taken when it happened.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from chatcore.domain.snapshot import Facts
from chatcore.domain.webhooks import Vocabulary
from chatcore.ports.calls import Told

_Sources = Mapping[str, str]

_MESSAGE: Final[_Sources] = {
    "MessageSid": "message.sid",
    "Index": "message.index",
    "ChannelSid": "channel.sid",
    "ConversationSid": "channel.sid",
    "MessagingServiceSid": "channel.messaging_service_sid",
    "Body": "message.body",
    "Attributes": "message.attributes",
    "From": "message.author",
    "Author": "message.author",
    "ParticipantSid": "message.member_sid",
    "Media": "message.media",
    "MediaSid": "message.media.0.sid",
    "MediaFilename": "message.media.0.filename",
    "MediaContentType": "message.media.0.content_type",
    "MediaSize": "message.media.0.size",
    "ModifiedBy": "by",
    "RemovedBy": "by",
    "DateCreated": "message.date_created",
    "DateUpdated": "message.date_updated",
    "DateRemoved": "at",
}
_CHANNEL: Final[_Sources] = {
    "ChannelSid": "channel.sid",
    "ConversationSid": "channel.sid",
    "FriendlyName": "channel.friendly_name",
    "UniqueName": "channel.unique_name",
    "Attributes": "channel.attributes",
    "ChannelType": "channel.type",
    "CreatedBy": "channel.created_by",
    "MessagingServiceSid": "channel.messaging_service_sid",
    "State": "channel.state",
    "StateFrom": "state_from",
    "StateTo": "state_to",
    "StateUpdated": "channel.state_updated",
    "Reason": "reason",
    "DateCreated": "channel.date_created",
    "DateUpdated": "channel.date_updated",
    "DateDestroyed": "at",
    "DateRemoved": "at",
    "MessagingBinding.ProxyAddress": "member.messaging_binding.proxy_address",
    "MessagingBinding.Address": "member.messaging_binding.address",
    "MessagingBinding.ProjectedAddress": "member.messaging_binding.projected_address",
    "MessagingBinding.AuthorAddress": "message.author_address",
    "MessageBody": "message.body",
    "Media": "message.media",
}
_MEMBER: Final[_Sources] = {
    "MemberSid": "member.sid",
    "ParticipantSid": "member.sid",
    "ChannelSid": "channel.sid",
    "ConversationSid": "channel.sid",
    "Identity": "member.identity",
    "RoleSid": "member.role_sid",
    "Reason": "reason",
    "Attributes": "member.attributes",
    "LastConsumedMessageIndex": "member.last_consumed_message_index",
    "LastReadMessageIndex": "member.last_consumed_message_index",
    "MessagingBinding.ProxyAddress": "member.messaging_binding.proxy_address",
    "MessagingBinding.Address": "member.messaging_binding.address",
    "MessagingBinding.ProjectedAddress": "member.messaging_binding.projected_address",
    "MessagingBinding.Type": "member.messaging_binding.type",
    "DateCreated": "member.date_created",
    "DateUpdated": "member.date_updated",
    "DateRemoved": "at",
}
_USER: Final[_Sources] = {
    "UserSid": "user.sid",
    "Identity": "user.identity",
    "FriendlyName": "user.friendly_name",
    "RoleSid": "user.role_sid",
    "Attributes": "user.attributes",
    "DateCreated": "user.date_created",
    "DateUpdated": "user.date_updated",
    "IsOnline": "user.is_online",
    "IsNotifiable": "user.is_notifiable",
    "isOnline": "user.is_online",  # Conversations spells them so
    "isNotifiable": "user.is_notifiable",
}
_RECEIPT: Final[_Sources] = {
    "ConversationSid": "channel.sid",
    "MessageSid": "receipt.message_sid",
    "DeliveryReceiptSid": "receipt.sid",
    "ChannelMessageSid": "receipt.channel_message_sid",
    "ParticipantSid": "receipt.participant_sid",
    "Status": "receipt.status",
    "ErrorCode": "receipt.error_code",
    "DateCreated": "receipt.date_created",
    "DateUpdated": "receipt.date_updated",
}

_Events = Mapping[str, tuple[_Sources, str]]

_FILE = "MediaFilename? MediaContentType? MediaSid? MediaSize?"
_SENT = "MessageSid Index ChannelSid Body Attributes From DateCreated"
_NAMED = "Attributes DateCreated CreatedBy FriendlyName? UniqueName?"
_PERSON = "UserSid Identity FriendlyName? RoleSid DateCreated"
_CHAT: Final[_Events] = {
    "onMessageSend": (_MESSAGE, "ChannelSid Body Attributes From"),
    "onMessageSent": (_MESSAGE, _SENT),
    "onMediaMessageSend": (_MESSAGE, f"ChannelSid Body Attributes From {_FILE}"),
    "onMediaMessageSent": (_MESSAGE, f"{_SENT} {_FILE}"),
    "onMessageUpdate": (_MESSAGE, "MessageSid ChannelSid Body Attributes From DateCreated ModifiedBy"),
    "onMessageUpdated": (_MESSAGE, f"{_SENT} ModifiedBy DateUpdated"),
    "onMessageRemove": (_MESSAGE, "MessageSid ChannelSid Body Attributes From DateCreated RemovedBy"),
    "onMessageRemoved": (_MESSAGE, f"{_SENT} RemovedBy DateRemoved"),
    "onChannelAdd": (_CHANNEL, "Attributes CreatedBy FriendlyName? UniqueName? ChannelType"),
    "onChannelAdded": (_CHANNEL, f"ChannelSid {_NAMED} ChannelType"),
    "onChannelUpdate": (_CHANNEL, f"ChannelSid {_NAMED}"),
    "onChannelUpdated": (_CHANNEL, f"ChannelSid {_NAMED} DateUpdated ChannelType"),
    "onChannelDestroy": (_CHANNEL, f"ChannelSid {_NAMED} ChannelType"),
    "onChannelDestroyed": (_CHANNEL, f"ChannelSid {_NAMED} ChannelType DateDestroyed"),
    "onMemberAdd": (_MEMBER, "ChannelSid Identity? RoleSid? Reason"),
    "onMemberAdded": (_MEMBER, "MemberSid ChannelSid Identity? RoleSid? Reason DateCreated"),
    "onMemberRemove": (_MEMBER, "ChannelSid Identity? MemberSid RoleSid? Reason"),
    "onMemberRemoved": (_MEMBER, "ChannelSid Identity? MemberSid RoleSid? Reason DateCreated DateRemoved"),
    "onMemberUpdate": (
        _MEMBER,
        "MemberSid ChannelSid Identity? RoleSid? LastConsumedMessageIndex? DateCreated Attributes?",
    ),
    "onMemberUpdated": (
        _MEMBER,
        "MemberSid ChannelSid Identity? RoleSid? LastConsumedMessageIndex? DateCreated DateUpdated Attributes?",
    ),
    "onUserAdded": (_USER, f"{_PERSON} Attributes?"),
    "onUserUpdate": (_USER, f"{_PERSON} DateUpdated Attributes?"),
    "onUserUpdated": (_USER, f"{_PERSON} DateUpdated Attributes? IsOnline? IsNotifiable?"),
}

_ADDRESSES = "MessagingBinding.ProxyAddress? MessagingBinding.Address? MessagingBinding.ProjectedAddress?"
_ADD = "ConversationSid Body? Author ParticipantSid? Attributes Media?"
_ADDED = (
    "ConversationSid MessageSid MessagingServiceSid? Index DateCreated Body? Author ParticipantSid? Attributes Media?"
)
_NEW = (
    "FriendlyName? UniqueName? Attributes MessagingServiceSid? State "
    f"{_ADDRESSES} MessagingBinding.AuthorAddress? MessageBody? Media?"
)
_KNOWN = "ConversationSid DateCreated DateUpdated FriendlyName? UniqueName? Attributes MessagingServiceSid? State"
_JOINING = f"ConversationSid Identity? RoleSid? Attributes {_ADDRESSES} MessagingBinding.Type"
_CONVERSATIONS: Final[_Events] = {
    "onMessageAdd": (_MESSAGE, _ADD),
    "onMessageAdded": (_MESSAGE, _ADDED),
    "onMessageUpdate": (_MESSAGE, f"{_ADD} MessageSid Index DateCreated DateUpdated"),
    "onMessageUpdated": (_MESSAGE, f"{_ADDED} DateUpdated"),
    "onMessageRemove": (_MESSAGE, f"{_ADD} MessageSid Index DateCreated DateUpdated"),
    "onMessageRemoved": (_MESSAGE, f"{_ADDED} DateUpdated DateRemoved"),
    "onConversationAdd": (_CHANNEL, _NEW),
    "onConversationAdded": (_CHANNEL, f"{_NEW} ConversationSid DateCreated DateUpdated"),
    "onConversationUpdate": (_CHANNEL, _KNOWN),
    "onConversationUpdated": (_CHANNEL, _KNOWN),
    "onConversationRemove": (_CHANNEL, _KNOWN),
    "onConversationRemoved": (_CHANNEL, f"{_KNOWN} DateRemoved"),
    "onConversationStateUpdated": (
        _CHANNEL,
        "ConversationSid MessagingServiceSid? StateFrom StateTo StateUpdated Reason",
    ),
    "onParticipantAdd": (_MEMBER, _JOINING),
    "onParticipantAdded": (_MEMBER, f"{_JOINING} ParticipantSid DateCreated"),
    "onParticipantUpdate": (_MEMBER, f"{_JOINING} ParticipantSid DateCreated DateUpdated"),
    "onParticipantUpdated": (_MEMBER, f"{_JOINING} ParticipantSid DateCreated DateUpdated LastReadMessageIndex?"),
    "onParticipantRemove": (_MEMBER, f"{_JOINING} ParticipantSid DateCreated DateUpdated"),
    "onParticipantRemoved": (_MEMBER, f"{_JOINING} ParticipantSid DateCreated DateUpdated DateRemoved"),
    "onUserAdded": (_USER, "UserSid DateCreated Identity RoleSid Attributes FriendlyName?"),
    "onUserUpdate": (_USER, "UserSid Identity RoleSid FriendlyName? Attributes DateCreated DateUpdated"),
    "onUserUpdated": (
        _USER,
        "UserSid Identity RoleSid FriendlyName? Attributes DateCreated DateUpdated isOnline? isNotifiable?",
    ),
    "onDeliveryUpdated": (
        _RECEIPT,
        "ConversationSid MessageSid DeliveryReceiptSid ChannelMessageSid? ParticipantSid Status ErrorCode "
        "DateCreated DateUpdated",
    ),
}
_EVENTS: Final = {Vocabulary.CHAT: _CHAT, Vocabulary.CONVERSATIONS: _CONVERSATIONS}
_SERVICE: Final = {Vocabulary.CHAT: "InstanceSid", Vocabulary.CONVERSATIONS: "ChatServiceSid"}


def parameters(told: Told, retry: int) -> list[tuple[str, str]]:
    """Raises KeyError for an event that the vocabulary does not have."""
    sources, names = _EVENTS[told.vocabulary][told.event]
    found = [
        ("EventType", told.event),
        ("AccountSid", told.account_sid),
        (_SERVICE[told.vocabulary], told.service_sid),
        ("Source", told.source),
        *([("ClientIdentity", told.identity)] if told.identity is not None else []),
        ("RetryCount", str(retry)),
    ]
    for word in names.split():
        name = word.removesuffix("?")
        text = _text(name, _at(told.facts, sources[name]))
        if text is not None or name == word:
            found.append((name, text or ""))
    return found


def _at(facts: Facts, path: str) -> Any:  # Any: JSON
    """None wherever the path leads nowhere."""
    value: Any = facts
    for step in path.split("."):
        if isinstance(value, list):
            value = value[int(step)] if int(step) < len(value) else None
        elif isinstance(value, Mapping):
            value = value.get(step)
        else:
            return None
    return value


def _text(name: str, value: Any) -> str | None:  # Any: JSON
    match name:
        case "Media":
            return _files(value) if value else None
        case "MessagingBinding.Type":
            return "CHAT" if value is None else str(value).upper()
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def _files(media: list[Mapping[str, Any]]) -> str:  # Any: JSON
    files = [
        {"Sid": m["sid"], "ContentType": m["content_type"], "Filename": m["filename"], "Size": m["size"]} for m in media
    ]
    return json.dumps(files, ensure_ascii=False, separators=(",", ":"))
