"""The resources of Conversations v1. Every property is always there; what is absent is null."""

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
)
from .chat_schemas import CREDENTIAL

_IN_ACCOUNT: Final = {"account_sid": sid("AC")}
_OF_SERVICE: Final = {"chat_service_sid": sid("IS")}
_IN_SERVICE: Final = {**_IN_ACCOUNT, **_OF_SERVICE}
_IN_CONVERSATION: Final = {**_IN_ACCOUNT, "conversation_sid": sid("CH")}
_DATES: Final = {"date_created": date(), "date_updated": date()}
_OPTIONAL_TEXT: Final = nullable(text())
_STATE: Final = one_of("initializing", "inactive", "active", "closed")
_TIMERS: Final = record({}, {"date_inactive": date(), "date_closed": date()})


def _push(**more: Shape) -> Shape:
    return record({"enabled": flag()}, {"template": text(), "sound": text(), **more})


CONFIGURATION: Final = record(
    {
        **_IN_ACCOUNT,
        "default_chat_service_sid": sid("IS"),
        "default_messaging_service_sid": sid("MG"),
        "default_inactive_timer": _OPTIONAL_TEXT,
        "default_closed_timer": _OPTIONAL_TEXT,
        "url": url(),
        "links": links("service", "webhooks"),
    }
)
ACCOUNT_WEBHOOKS: Final = record(
    {
        **_IN_ACCOUNT,
        "method": one_of("GET", "POST"),
        "filters": many(text()),
        "pre_webhook_url": _OPTIONAL_TEXT,
        "post_webhook_url": _OPTIONAL_TEXT,
        "target": one_of("webhook", "flex"),
        "url": url(),
    }
)
SERVICE_CONFIGURATION: Final = record(
    {
        **_OF_SERVICE,
        "default_conversation_creator_role_sid": sid("RL"),
        "default_conversation_role_sid": sid("RL"),
        "default_chat_service_role_sid": sid("RL"),
        "reachability_enabled": flag(),
        "url": url(),
        "links": links("notifications", "webhooks"),
    }
)
NOTIFICATIONS: Final = record(
    {
        **_IN_SERVICE,
        "new_message": _push(badge_count_enabled=flag(), with_media=record({"enabled": flag()}, {"template": text()})),
        "added_to_conversation": _push(),
        "removed_from_conversation": _push(),
        "log_enabled": flag(),
        "url": url(),
    }
)
SERVICE_WEBHOOKS: Final = record(
    {
        **_IN_SERVICE,
        "pre_webhook_url": _OPTIONAL_TEXT,
        "post_webhook_url": _OPTIONAL_TEXT,
        "filters": nullable(many(text())),
        "method": nullable(one_of("GET", "POST")),
        "url": url(),
    }
)
ADDRESS: Final = record(
    {
        "sid": sid("IG"),
        **_IN_ACCOUNT,
        "type": text(),
        "address": text(),
        "address_country": _OPTIONAL_TEXT,
        "friendly_name": _OPTIONAL_TEXT,
        "auto_creation": record(
            {"enabled": flag()},
            {
                "type": nullable(one_of("webhook", "studio", "default")),
                "conversation_service_sid": nullable(sid("IS")),
                "webhook_url": _OPTIONAL_TEXT,
                "webhook_method": nullable(one_of("GET", "POST")),
                "webhook_filters": nullable(many(text())),
                "studio_flow_sid": _OPTIONAL_TEXT,
                "studio_retry_count": nullable(integer()),
            },
        ),
        **_DATES,
        "url": url(),
    }
)
CONVERSATION: Final = record(
    {
        "sid": sid("CH"),
        **_IN_SERVICE,
        "messaging_service_sid": nullable(sid("MG")),
        "friendly_name": _OPTIONAL_TEXT,
        "unique_name": _OPTIONAL_TEXT,
        "attributes": json_text(),
        **_DATES,
        "state": _STATE,
        "timers": _TIMERS,
        "bindings": record({}, {"email": record({"name": _OPTIONAL_TEXT, "address": _OPTIONAL_TEXT})}),
        "url": url(),
        "links": links("participants", "messages", "webhooks"),
    }
)
_PART: Final = one_of("all", "some", "none")
MESSAGE: Final = record(
    {
        "sid": sid("IM"),
        **_IN_CONVERSATION,
        "index": integer(0),
        "author": text(),
        "body": _OPTIONAL_TEXT,
        "media": nullable(
            many(record({"sid": sid("ME"), "size": integer(0), "content_type": text(), "filename": _OPTIONAL_TEXT}))
        ),
        "attributes": json_text(),
        "participant_sid": nullable(sid("MB")),
        "content_sid": _OPTIONAL_TEXT,
        **_DATES,
        "delivery": nullable(
            record(
                {
                    "total": integer(0),
                    **dict.fromkeys(("sent", "delivered", "read", "failed", "undelivered"), _PART),
                }
            )
        ),
        "url": url(),
        "links": links("delivery_receipts"),
    }
)
RECEIPT: Final = record(
    {
        "sid": sid("DY"),
        **_IN_CONVERSATION,
        "message_sid": sid("IM"),
        "channel_message_sid": _OPTIONAL_TEXT,
        "participant_sid": sid("MB"),
        "status": one_of("sent", "delivered", "read", "failed", "undelivered"),
        "error_code": integer(0),
        **_DATES,
        "url": url(),
    }
)
PARTICIPANT: Final = record(
    {
        "sid": sid("MB"),
        **_IN_CONVERSATION,
        "identity": _OPTIONAL_TEXT,
        "attributes": json_text(),
        "messaging_binding": nullable(
            record({"type": text()}, {"address": text(), "proxy_address": text(), "projected_address": text()})
        ),
        "role_sid": nullable(sid("RL")),
        "last_read_message_index": nullable(integer(0)),
        "last_read_timestamp": nullable(date()),
        **_DATES,
        "url": url(),
    }
)
_HOOK: Final = {"url": text(), "method": text()}
_REPLAY: Final = {"replay_after": integer()}
WEBHOOK: Final = record(
    {
        "sid": sid("WH"),
        **_IN_CONVERSATION,
        "target": one_of("webhook", "trigger", "studio"),
        "configuration": either(
            record({**_HOOK, "filters": many(text())}, _REPLAY),
            record({**_HOOK, "triggers": many(text())}, _REPLAY),
            record({"flow_sid": text()}, _REPLAY),
        ),
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
        "friendly_name": _OPTIONAL_TEXT,
        "attributes": json_text(),
        "is_online": nullable(flag()),
        "is_notifiable": nullable(flag()),
        **_DATES,
        "url": url(),
        "links": links("user_conversations"),
    }
)
USER_CONVERSATION: Final = record(
    {
        **_IN_SERVICE,
        "conversation_sid": sid("CH"),
        "participant_sid": sid("MB"),
        "user_sid": sid("US"),
        "unread_messages_count": nullable(integer(0)),
        "last_read_message_index": nullable(integer(0)),
        "friendly_name": _OPTIONAL_TEXT,
        "unique_name": _OPTIONAL_TEXT,
        "conversation_state": _STATE,
        "timers": _TIMERS,
        "attributes": json_text(),
        "created_by": text(),
        "notification_level": one_of("default", "muted"),
        **_DATES,
        "url": url(),
        "links": links("participant", "conversation"),
    }
)
PARTICIPANT_CONVERSATION: Final = record(
    {
        **_IN_SERVICE,
        "participant_sid": sid("MB"),
        "participant_user_sid": nullable(sid("US")),
        "participant_identity": _OPTIONAL_TEXT,
        "participant_messaging_binding": nullable(
            record(
                dict.fromkeys(
                    ("address", "proxy_address", "type", "level", "name", "projected_address"), _OPTIONAL_TEXT
                )
            )
        ),
        "conversation_sid": sid("CH"),
        "conversation_unique_name": _OPTIONAL_TEXT,
        "conversation_friendly_name": _OPTIONAL_TEXT,
        "conversation_attributes": json_text(),
        "conversation_date_created": date(),
        "conversation_date_updated": date(),
        "conversation_created_by": text(),
        "conversation_state": _STATE,
        "conversation_timers": _TIMERS,
        "links": links("participant", "conversation"),
    }
)
ROLE: Final = record(
    {
        "sid": sid("RL"),
        **_IN_SERVICE,
        "friendly_name": text(),
        "type": one_of("conversation", "service"),
        "permissions": many(text()),
        **_DATES,
        "url": url(),
    }
)
_SERVICE_LINKS: Final = ("conversations", "users", "roles", "bindings", "configuration")
SERVICE: Final = record(
    {
        "sid": sid("IS"),
        **_IN_ACCOUNT,
        "friendly_name": text(),
        **_DATES,
        "url": url(),
        "links": links(*_SERVICE_LINKS, "participant_conversations", "conversation_with_participants"),
    }
)
BINDING: Final = record(
    {
        "sid": sid("BS"),
        **_IN_SERVICE,
        "credential_sid": nullable(sid("CR")),
        **_DATES,
        "endpoint": text(),
        "identity": text(),
        "binding_type": one_of("apn", "gcm", "fcm", "twilsock"),
        "message_types": many(one_of("removed_from_conversation", "new_message", "added_to_conversation")),
        "url": url(),
    }
)

_IN_BOTH_FORMS: Final[Mapping[str, Shape]] = {
    "Message": MESSAGE,
    "Receipt": RECEIPT,
    "Participant": PARTICIPANT,
    "Webhook": WEBHOOK,
}
WIDER_IN_SERVICE: Final = frozenset(_IN_BOTH_FORMS)
"""Below a service these also say which one."""

V1: Final[Mapping[str, Shape]] = {
    "Configuration": CONFIGURATION,
    "AccountWebhooks": ACCOUNT_WEBHOOKS,
    "ServiceConfiguration": SERVICE_CONFIGURATION,
    "Notifications": NOTIFICATIONS,
    "ServiceWebhooks": SERVICE_WEBHOOKS,
    "Address": ADDRESS,
    "Conversation": CONVERSATION,
    **_IN_BOTH_FORMS,
    **{f"Service{name}": extended(shape, _OF_SERVICE) for name, shape in _IN_BOTH_FORMS.items()},
    "User": USER,
    "UserConversation": USER_CONVERSATION,
    "ParticipantConversation": PARTICIPANT_CONVERSATION,
    "Role": ROLE,
    "Service": SERVICE,
    "Binding": BINDING,
    "Credential": CREDENTIAL,
}
