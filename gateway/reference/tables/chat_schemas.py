"""The resources of Chat, by version. Every property is always there; what is absent is null."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..shapes import (
    Shape,
    date,
    either,
    extended,
    flag,
    integer,
    json_text,
    links,
    many,
    nullable,
    one_of,
    record,
    sid,
    text,
    url,
    without,
)

_IN_ACCOUNT: Final = {"account_sid": sid("AC")}
_IN_SERVICE: Final = {**_IN_ACCOUNT, "service_sid": sid("IS")}
_DATES: Final = {"date_created": date(), "date_updated": date()}
_OPTIONAL_TEXT: Final = nullable(text())
_PUSH_TYPE: Final = one_of("gcm", "apn", "fcm")


def _push(**more: Shape) -> Shape:
    return record({"enabled": flag()}, {"template": text(), "sound": text(), **more})


SERVICE: Final = record(
    {
        "sid": sid("IS"),
        **_IN_ACCOUNT,
        "friendly_name": text(),
        **_DATES,
        "default_service_role_sid": sid("RL"),
        "default_channel_role_sid": sid("RL"),
        "default_channel_creator_role_sid": sid("RL"),
        "read_status_enabled": flag(),
        "reachability_enabled": flag(),
        "typing_indicator_timeout": integer(1),
        "consumption_report_interval": integer(0),
        "limits": record({"channel_members": integer(1), "user_channels": integer(1)}),
        "pre_webhook_url": _OPTIONAL_TEXT,
        "post_webhook_url": _OPTIONAL_TEXT,
        "webhook_method": nullable(one_of("GET", "POST")),
        "webhook_filters": nullable(many(text())),
        "pre_webhook_retry_count": integer(0, 3),
        "post_webhook_retry_count": integer(0, 3),
        "notifications": record(
            {
                "log_enabled": flag(),
                "new_message": _push(badge_count_enabled=flag()),
                "added_to_channel": _push(),
                "invited_to_channel": _push(),
                "removed_from_channel": _push(),
            }
        ),
        "media": record({"size_limit_mb": integer(0), "compatibility_message": text()}),
        "url": url(),
        "links": links("channels", "users", "roles", "bindings"),
    }
)
ROLE: Final = record(
    {
        "sid": sid("RL"),
        **_IN_SERVICE,
        "friendly_name": text(),
        "type": one_of("channel", "deployment"),
        "permissions": many(text()),
        **_DATES,
        "url": url(),
    }
)
USER: Final = record(
    {
        "sid": sid("US"),
        **_IN_SERVICE,
        "role_sid": sid("RL"),
        "identity": text(),
        "attributes": json_text(),
        "friendly_name": _OPTIONAL_TEXT,
        "is_online": nullable(flag()),
        "is_notifiable": nullable(flag()),
        "joined_channels_count": integer(0),
        **_DATES,
        "url": url(),
        "links": links("user_channels", "user_bindings"),
    }
)
USER_CHANNEL: Final = record(
    {
        **_IN_SERVICE,
        "channel_sid": sid("CH"),
        "user_sid": sid("US"),
        "member_sid": nullable(sid("MB")),
        "status": one_of("joined", "invited", "notParticipating"),
        "last_consumed_message_index": nullable(integer(0)),
        "unread_messages_count": nullable(integer(0)),
        "notification_level": one_of("default", "muted"),
        "url": url(),
        "links": links("channel", may_be_null=("member",)),
    }
)
CHANNEL: Final = record(
    {
        "sid": sid("CH"),
        **_IN_SERVICE,
        "friendly_name": _OPTIONAL_TEXT,
        "unique_name": _OPTIONAL_TEXT,
        "attributes": json_text(),
        "type": one_of("public", "private"),
        **_DATES,
        "created_by": text(),
        "members_count": integer(0),
        "messages_count": integer(0),
        "url": url(),
        "links": links("members", "messages", "invites", "webhooks", may_be_null=("last_message",)),
    }
)
MEMBER: Final = record(
    {
        "sid": sid("MB"),
        **_IN_SERVICE,
        "channel_sid": sid("CH"),
        "identity": text(),
        "role_sid": sid("RL"),
        "last_consumed_message_index": nullable(integer(0)),
        "last_consumption_timestamp": nullable(date()),
        **_DATES,
        "attributes": json_text(),
        "url": url(),
    }
)
MESSAGE: Final = record(
    {
        "sid": sid("IM"),
        **_IN_SERVICE,
        "channel_sid": sid("CH"),
        "to": sid("CH"),
        "from": text(),
        "body": _OPTIONAL_TEXT,
        "attributes": json_text(),
        "index": integer(0),
        "was_edited": flag(),
        "last_updated_by": _OPTIONAL_TEXT,
        **_DATES,
        "type": one_of("text", "media"),
        "media": nullable(
            record({"sid": sid("ME"), "size": integer(0), "content_type": text(), "filename": _OPTIONAL_TEXT})
        ),
        "url": url(),
    }
)
INVITE: Final = record(
    {
        "sid": sid("IN"),
        **_IN_SERVICE,
        "channel_sid": sid("CH"),
        "identity": text(),
        "role_sid": sid("RL"),
        "created_by": _OPTIONAL_TEXT,
        **_DATES,
        "url": url(),
    }
)
_HOOK: Final = {"url": text(), "method": text()}
CHANNEL_WEBHOOK: Final = record(
    {
        "sid": sid("WH"),
        **_IN_SERVICE,
        "channel_sid": sid("CH"),
        "type": one_of("webhook", "trigger", "studio"),
        "configuration": either(
            record({**_HOOK, "filters": many(text()), "retry_count": integer(0, 3)}),
            record({**_HOOK, "triggers": many(text()), "retry_count": integer(0, 3)}),
            record({"flow_sid": text(), "retry_count": integer(0, 3)}),
        ),
        **_DATES,
        "url": url(),
    }
)
USER_BINDING: Final = record(
    {
        "sid": sid("BS"),
        **_IN_SERVICE,
        **_DATES,
        "endpoint": text(),
        "identity": text(),
        "user_sid": sid("US"),
        "credential_sid": sid("CR"),
        "binding_type": _PUSH_TYPE,
        "message_types": many(one_of("removed_from_channel", "new_message", "added_to_channel", "invited_to_channel")),
        "url": url(),
    }
)
BINDING: Final = extended(without(USER_BINDING, "user_sid"), {"links": links("user")})
CREDENTIAL: Final = record(
    {
        "sid": sid("CR"),
        **_IN_ACCOUNT,
        "friendly_name": _OPTIONAL_TEXT,
        "type": _PUSH_TYPE,
        "sandbox": nullable(one_of("true", "false")),
        **_DATES,
        "url": url(),
    }
)

V2: Final[Mapping[str, Shape]] = {
    "Service": SERVICE,
    "Role": ROLE,
    "User": USER,
    "UserChannel": USER_CHANNEL,
    "Channel": CHANNEL,
    "Member": MEMBER,
    "Message": MESSAGE,
    "Invite": INVITE,
    "ChannelWebhook": CHANNEL_WEBHOOK,
    "Binding": BINDING,
    "UserBinding": USER_BINDING,
    "Credential": CREDENTIAL,
}

EVENTS_WITH_URL: Final = (
    *("MessageSend", "MessageUpdate", "MessageRemove", "ChannelAdd", "ChannelDestroy", "ChannelUpdate"),
    *("MemberAdd", "MemberRemove", "MessageSent", "MessageUpdated", "MessageRemoved", "ChannelAdded"),
    *("ChannelDestroyed", "ChannelUpdated", "MemberAdded", "MemberRemoved"),
)
"""Chat v1 gives each of these a URL of its own."""


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


_EVENT_URL: Final = record({"url": _OPTIONAL_TEXT, "method": _OPTIONAL_TEXT, "format": {"type": "null"}})
_PUSH_V1: Final = SERVICE["properties"]["notifications"]

V1: Final[Mapping[str, Shape]] = {
    "Service": extended(
        without(SERVICE, "media", "pre_webhook_retry_count", "post_webhook_retry_count"),
        {
            "webhooks": record({}, {f"on_{_snake(event)}": _EVENT_URL for event in EVENTS_WITH_URL}),
            "links": links("channels", "users", "roles"),
        },
    ),
    "Role": ROLE,
    "User": extended(USER, {"links": links("user_channels")}),
    "UserChannel": extended(
        without(USER_CHANNEL, "user_sid", "url", "notification_level"),
        {"status": one_of("joined", "invited", "not_participating")},
    ),
    "Channel": extended(CHANNEL, {"links": links("members", "messages", "invites", may_be_null=("last_message",))}),
    "Member": without(MEMBER, "attributes"),
    "Message": without(MESSAGE, "last_updated_by", "type", "media"),
    "Invite": INVITE,
    "Credential": CREDENTIAL,
}

V3: Final[Mapping[str, Shape]] = {
    "Channel": extended(without(CHANNEL, "links"), {"messaging_service_sid": _OPTIONAL_TEXT}),
}
