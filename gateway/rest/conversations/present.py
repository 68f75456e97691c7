"""Services, roles, users and their devices as the JSON of Conversations v1. What is absent is null, never missing."""

from __future__ import annotations

from typing import Final

from chatcore.domain.devices import Binding
from chatcore.domain.model import Channel, Membership, Role, User
from chatcore.domain.permissions import CONVERSATIONS_NAMES, RoleType
from gateway.http.responses import iso_seconds

from .place import Place

Json = dict[str, object]

_PERMISSIONS: Final = {permission.value: name for name, permission in CONVERSATIONS_NAMES.items()}
_MESSAGE_TYPES: Final = {
    "new_message": "new_message",
    "added_to_channel": "added_to_conversation",
    "added_to_conversation": "added_to_conversation",
    "removed_from_channel": "removed_from_conversation",
    "removed_from_conversation": "removed_from_conversation",
}
_ROLE_TYPES: Final = {RoleType.CHANNEL: "conversation", RoleType.DEPLOYMENT: "service"}


def service(place: Place) -> Json:
    s, url = place.service, place.service_url
    return {
        "sid": s.sid,
        "account_sid": s.account_sid,
        "friendly_name": s.friendly_name,
        "date_created": iso_seconds(s.date_created),
        "date_updated": iso_seconds(s.date_updated),
        "url": url(),
        "links": {
            "conversations": url("Conversations"),
            "users": url("Users"),
            "roles": url("Roles"),
            "bindings": url("Bindings"),
            "configuration": url("Configuration"),
            "participant_conversations": url("ParticipantConversations"),
            "conversation_with_participants": url("ConversationWithParticipants"),
        },
    }


def role(place: Place, r: Role) -> Json:
    """A permission without a name of its own here keeps that of Chat."""
    return {
        "sid": r.sid,
        "account_sid": place.service.account_sid,
        "chat_service_sid": r.service_sid,
        "friendly_name": r.friendly_name,
        "type": _ROLE_TYPES[r.type],
        "permissions": [_PERMISSIONS.get(name, name) for name in r.permissions],
        "date_created": iso_seconds(r.date_created),
        "date_updated": iso_seconds(r.date_updated),
        "url": place.url("Roles", r.sid),
    }


def user(place: Place, u: User, *, is_online: bool | None = None, is_notifiable: bool | None = None) -> Json:
    """Reachability is null in lists, which do not look it up."""
    return {
        "sid": u.sid,
        "account_sid": place.service.account_sid,
        "chat_service_sid": u.service_sid,
        "role_sid": u.role_sid,
        "identity": u.identity,
        "friendly_name": u.friendly_name,
        "attributes": u.attributes,
        "is_online": is_online,
        "is_notifiable": is_notifiable,
        "date_created": iso_seconds(u.date_created),
        "date_updated": iso_seconds(u.date_updated),
        "url": place.url("Users", u.sid),
        "links": {"user_conversations": place.url("Users", u.sid, "Conversations")},
    }


def user_conversation(place: Place, m: Membership) -> Json:
    """A conversation that the user takes part in: names, attributes and dates are those of the conversation."""
    c, member = m.channel, m.member
    assert member is not None, "invites are no concern of Conversations"
    return {
        "account_sid": place.service.account_sid,
        "chat_service_sid": c.service_sid,
        "conversation_sid": c.sid,
        "unread_messages_count": m.unread_messages_count,
        "last_read_message_index": member.last_consumed_message_index,
        "participant_sid": member.sid,
        "user_sid": member.user_sid,
        "friendly_name": c.friendly_name,
        "conversation_state": c.state.value,
        "timers": timers(c),
        "attributes": c.attributes,
        "date_created": iso_seconds(c.date_created),
        "date_updated": iso_seconds(c.date_updated),
        "created_by": c.created_by,
        "notification_level": member.notification_level.value,
        "unique_name": c.unique_name,
        "url": place.url("Users", member.user_sid, "Conversations", c.sid),
        "links": {
            "participant": place.url("Conversations", c.sid, "Participants", member.sid),
            "conversation": place.url("Conversations", c.sid),
        },
    }


def binding(place: Place, b: Binding) -> Json:
    """Message types without a name here, invitations above all, are left out."""
    return {
        "sid": b.sid,
        "account_sid": place.service.account_sid,
        "chat_service_sid": b.service_sid,
        "credential_sid": b.credential_sid,
        "date_created": iso_seconds(b.date_created),
        "date_updated": iso_seconds(b.date_updated),
        "endpoint": b.endpoint,
        "identity": b.identity,
        "binding_type": b.binding_type.value,
        "message_types": list(
            dict.fromkeys(_MESSAGE_TYPES[name] for name in b.message_types if name in _MESSAGE_TYPES)
        ),
        "url": place.service_url("Bindings", b.sid),
    }


def timers(c: Channel) -> Json:
    """Only those that run."""
    running = {"date_inactive": c.timers.date_inactive, "date_closed": c.timers.date_closed}
    return {name: iso_seconds(moment) for name, moment in running.items() if moment is not None}
