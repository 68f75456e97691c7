"""Domain values as the JSON of Chat v2. Every property is always there; what is absent is null."""

from __future__ import annotations

from chatcore.domain.devices import Binding, Credential
from chatcore.domain.model import (
    Channel,
    Invite,
    Media,
    Member,
    Membership,
    Message,
    NotificationLevel,
    Notifications,
    NotificationSettings,
    Role,
    Service,
    User,
)
from chatcore.domain.webhooks import EVENTS, ChannelWebhook, Vocabulary, WebhookType, translate
from gateway.http.call import Call
from gateway.http.responses import iso_seconds, iso_seconds_or_none

from .place import Place
from .version import Json

_MESSAGE_TYPES = {
    "added_to_conversation": "added_to_channel",
    "removed_from_conversation": "removed_from_channel",
}
"""What Chat calls what devices of Conversations ask for."""


def service(place: Place) -> Json:
    s = place.service
    return {
        "sid": s.sid,
        "account_sid": s.account_sid,
        "friendly_name": s.friendly_name,
        "date_created": iso_seconds(s.date_created),
        "date_updated": iso_seconds(s.date_updated),
        "default_service_role_sid": s.default_service_role_sid,
        "default_channel_role_sid": s.default_channel_role_sid,
        "default_channel_creator_role_sid": s.default_channel_creator_role_sid,
        "read_status_enabled": s.read_status_enabled,
        "reachability_enabled": s.reachability_enabled,
        "typing_indicator_timeout": s.typing_indicator_timeout,
        "consumption_report_interval": s.consumption_report_interval,
        "limits": {"channel_members": s.limit_channel_members, "user_channels": s.limit_user_channels},
        "pre_webhook_url": s.pre_webhook_url,
        "post_webhook_url": s.post_webhook_url,
        "webhook_method": s.webhook_method,
        "webhook_filters": _webhook_filters(s),
        "pre_webhook_retry_count": s.pre_webhook_retry_count,
        "post_webhook_retry_count": s.post_webhook_retry_count,
        "notifications": _notifications(s.notifications),
        "media": {"size_limit_mb": s.media_size_limit_mb, "compatibility_message": s.media_compatibility_message},
        "url": place.url(),
        "links": {
            "channels": place.url("Channels"),
            "users": place.url("Users"),
            "roles": place.url("Roles"),
            "bindings": place.url("Bindings"),
        },
    }


def role(place: Place, r: Role) -> Json:
    return {
        "sid": r.sid,
        "account_sid": place.service.account_sid,
        "service_sid": r.service_sid,
        "friendly_name": r.friendly_name,
        "type": r.type.value,
        "permissions": list(r.permissions),
        "date_created": iso_seconds(r.date_created),
        "date_updated": iso_seconds(r.date_updated),
        "url": place.url("Roles", r.sid),
    }


def user(place: Place, u: User, *, is_online: bool | None = None, is_notifiable: bool | None = None) -> Json:
    """Reachability is null in lists, which do not look it up."""
    return {
        "sid": u.sid,
        "account_sid": place.service.account_sid,
        "service_sid": u.service_sid,
        "role_sid": u.role_sid,
        "identity": u.identity,
        "attributes": u.attributes,
        "friendly_name": u.friendly_name,
        "is_online": is_online,
        "is_notifiable": is_notifiable,
        "joined_channels_count": u.joined_channels_count,
        "date_created": iso_seconds(u.date_created),
        "date_updated": iso_seconds(u.date_updated),
        "url": place.url("Users", u.sid),
        "links": {
            "user_channels": place.url("Users", u.sid, "Channels"),
            "user_bindings": place.url("Users", u.sid, "Bindings"),
        },
    }


def channel(place: Place, c: Channel) -> Json:
    last = c.last_message_sid
    return {
        "sid": c.sid,
        "account_sid": place.service.account_sid,
        "service_sid": c.service_sid,
        "friendly_name": c.friendly_name,
        "unique_name": c.unique_name,
        "attributes": c.attributes,
        "type": c.type.value,
        "date_created": iso_seconds(c.date_created),
        "date_updated": iso_seconds(c.date_updated),
        "created_by": c.created_by,
        "members_count": c.members_count,
        "messages_count": c.messages_count,
        "url": place.url("Channels", c.sid),
        "links": {
            "members": place.url("Channels", c.sid, "Members"),
            "messages": place.url("Channels", c.sid, "Messages"),
            "invites": place.url("Channels", c.sid, "Invites"),
            "webhooks": place.url("Channels", c.sid, "Webhooks"),
            "last_message": None if last is None else place.url("Channels", c.sid, "Messages", last),
        },
    }


def user_channel(place: Place, user: User, m: Membership) -> Json:
    channel, member = m.channel.sid, m.member
    return {
        "account_sid": place.service.account_sid,
        "service_sid": m.channel.service_sid,
        "channel_sid": channel,
        "user_sid": user.sid,
        "member_sid": None if member is None else member.sid,
        "status": m.status.value,
        "last_consumed_message_index": None if member is None else member.last_consumed_message_index,
        "unread_messages_count": m.unread_messages_count,
        "notification_level": (NotificationLevel.DEFAULT if member is None else member.notification_level).value,
        "url": place.url("Users", user.sid, "Channels", channel),
        "links": {
            "channel": place.url("Channels", channel),
            "member": None if member is None else place.url("Channels", channel, "Members", member.sid),
        },
    }


def member(place: Place, m: Member) -> Json:
    return {
        "sid": m.sid,
        "account_sid": place.service.account_sid,
        "channel_sid": m.channel_sid,
        "service_sid": m.service_sid,
        "identity": m.identity,
        "role_sid": m.role_sid,
        "last_consumed_message_index": m.last_consumed_message_index,
        "last_consumption_timestamp": iso_seconds_or_none(m.last_consumption_timestamp),
        "date_created": iso_seconds(m.date_created),
        "date_updated": iso_seconds(m.date_updated),
        "attributes": m.attributes,
        "url": place.url("Channels", m.channel_sid, "Members", m.sid),
    }


def message(place: Place, m: Message) -> Json:
    return {
        "sid": m.sid,
        "account_sid": place.service.account_sid,
        "service_sid": m.service_sid,
        "to": m.channel_sid,
        "channel_sid": m.channel_sid,
        "date_created": iso_seconds(m.date_created),
        "date_updated": iso_seconds(m.date_updated),
        "last_updated_by": m.last_updated_by,
        "was_edited": m.was_edited,
        "from": m.author,
        "body": m.body,
        "attributes": m.attributes,
        "index": m.index,
        "type": "media" if m.media else "text",
        "media": _media(m.media[0]) if m.media else None,
        "url": place.url("Channels", m.channel_sid, "Messages", m.sid),
    }


def invite(place: Place, i: Invite) -> Json:
    return {
        "sid": i.sid,
        "account_sid": place.service.account_sid,
        "channel_sid": i.channel_sid,
        "service_sid": i.service_sid,
        "identity": i.identity,
        "date_created": iso_seconds(i.date_created),
        "date_updated": iso_seconds(i.date_updated),
        "role_sid": i.role_sid,
        "created_by": i.created_by,
        "url": place.url("Channels", i.channel_sid, "Invites", i.sid),
    }


def channel_webhook(place: Place, w: ChannelWebhook) -> Json:
    return {
        "sid": w.sid,
        "account_sid": place.service.account_sid,
        "service_sid": w.service_sid,
        "channel_sid": w.channel_sid,
        "type": w.type.value,
        "configuration": _configuration(w),
        "date_created": iso_seconds(w.date_created),
        "date_updated": iso_seconds(w.date_updated),
        "url": place.url("Channels", w.channel_sid, "Webhooks", w.sid),
    }


def binding(place: Place, b: Binding) -> Json:
    user = {"user": place.url("Users", b.identity)}
    return {**_device(place, b), "url": place.url("Bindings", b.sid), "links": user}


def user_binding(place: Place, b: Binding) -> Json:
    url = place.url("Users", b.user_sid, "Bindings", b.sid)
    return {**_device(place, b), "user_sid": b.user_sid, "url": url}


def credential(call: Call, c: Credential) -> Json:
    """`sandbox` is a text."""
    return {
        "sid": c.sid,
        "account_sid": c.account_sid,
        "friendly_name": c.friendly_name,
        "type": c.type.value,
        "sandbox": None if c.sandbox is None else str(c.sandbox).lower(),
        "date_created": iso_seconds(c.date_created),
        "date_updated": iso_seconds(c.date_updated),
        "url": call.url("Credentials", c.sid),
    }


def _configuration(w: ChannelWebhook) -> Json:
    if w.type is WebhookType.STUDIO:
        return {"flow_sid": w.flow_sid, "retry_count": w.retry_count}
    called = {"url": w.url, "method": (w.method or "POST").upper()}
    if w.type is WebhookType.TRIGGER:
        return {**called, "triggers": list(w.triggers), "retry_count": w.retry_count}
    filters = dict.fromkeys(translate(name, Vocabulary.CHAT) for name in w.filters)
    return {**called, "filters": list(filters), "retry_count": w.retry_count}


def _device(place: Place, b: Binding) -> Json:
    return {
        "sid": b.sid,
        "account_sid": place.service.account_sid,
        "service_sid": b.service_sid,
        "date_created": iso_seconds(b.date_created),
        "date_updated": iso_seconds(b.date_updated),
        "endpoint": b.endpoint,
        "identity": b.identity,
        "credential_sid": b.credential_sid,
        "binding_type": b.binding_type.value,
        "message_types": [_MESSAGE_TYPES.get(name, name) for name in b.message_types],
    }


def _media(m: Media) -> Json:
    return {"sid": m.sid, "size": m.size, "content_type": m.content_type, "filename": m.filename}


def _webhook_filters(s: Service) -> list[str] | None:
    """The record is shared with Conversations, whose names Chat does not show."""
    return [name for name in s.webhook_filters or () if name in EVENTS[Vocabulary.CHAT]] or None


def _notifications(n: Notifications) -> Json:
    return {
        "log_enabled": n.log_enabled,
        "new_message": _notification(n.new_message),
        "added_to_channel": _notification(n.added_to_channel),
        "invited_to_channel": _notification(n.invited_to_channel),
        "removed_from_channel": _notification(n.removed_from_channel),
    }


def _notification(n: NotificationSettings) -> Json:
    """What was never set has no key."""
    optional = {"template": n.template, "sound": n.sound, "badge_count_enabled": n.badge_count_enabled}
    return {"enabled": n.enabled} | {name: value for name, value in optional.items() if value is not None}
