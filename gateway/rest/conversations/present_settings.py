"""What accounts and services configure, as the JSON of Conversations v1."""

from __future__ import annotations

from chatcore.domain.account import AccountConfiguration, AddressConfiguration, AutoCreation
from chatcore.domain.model import MediaNotification, NotificationSettings
from gateway.http.call import Call
from gateway.http.responses import iso_seconds

from .parameters import KNOWN_EVENTS
from .place import Place

Json = dict[str, object]


def account(call: Call, c: AccountConfiguration) -> Json:
    return {
        "account_sid": c.account_sid,
        "default_chat_service_sid": c.default_service_sid,
        "default_messaging_service_sid": c.default_messaging_service_sid,
        "default_inactive_timer": c.default_inactive_timer,
        "default_closed_timer": c.default_closed_timer,
        "url": call.url("Configuration"),
        "links": {
            "service": call.url("Services", c.default_service_sid, "Configuration"),
            "webhooks": call.url("Configuration", "Webhooks"),
        },
    }


def account_webhooks(call: Call, c: AccountConfiguration) -> Json:
    return {
        "account_sid": c.account_sid,
        "method": c.webhooks.method,
        "filters": list(c.webhooks.filters),
        "pre_webhook_url": c.webhooks.pre_url,
        "post_webhook_url": c.webhooks.post_url,
        "target": c.webhooks.target,
        "url": call.url("Configuration", "Webhooks"),
    }


def address(call: Call, a: AddressConfiguration) -> Json:
    return {
        "sid": a.sid,
        "account_sid": a.account_sid,
        "type": a.type,
        "address": a.address,
        "friendly_name": a.friendly_name,
        "auto_creation": _auto_creation(a.auto_creation),
        "date_created": iso_seconds(a.date_created),
        "date_updated": iso_seconds(a.date_updated),
        "url": call.url("Configuration", "Addresses", a.sid),
        "address_country": a.address_country,
    }


def _auto_creation(a: AutoCreation) -> Json:
    """Every type shows what it goes by."""
    shown: Json = {"enabled": a.enabled, "type": a.type}
    match a.type:
        case "webhook":
            return shown | {
                "conversation_service_sid": a.conversation_service_sid,
                "webhook_url": a.webhook_url,
                "webhook_method": a.webhook_method,
                "webhook_filters": None if a.webhook_filters is None else list(a.webhook_filters),
            }
        case "studio":
            return shown | {
                "conversation_service_sid": a.conversation_service_sid,
                "studio_flow_sid": a.studio_flow_sid,
                "studio_retry_count": a.studio_retry_count,
            }
    service = a.conversation_service_sid
    return shown if service is None else shown | {"conversation_service_sid": service}


def service(place: Place) -> Json:
    s = place.service
    url = place.service_url("Configuration")
    return {
        "chat_service_sid": s.sid,
        "default_conversation_creator_role_sid": s.default_channel_creator_role_sid,
        "default_conversation_role_sid": s.default_channel_role_sid,
        "default_chat_service_role_sid": s.default_service_role_sid,
        "reachability_enabled": s.reachability_enabled,
        "url": url,
        "links": {"notifications": f"{url}/Notifications", "webhooks": f"{url}/Webhooks"},
    }


def notifications(place: Place) -> Json:
    n = place.service.conversation_notifications
    new_message = _notification(n.new_message)
    if n.new_message_with_media is not None:
        new_message["with_media"] = _with_media(n.new_message_with_media)
    return {
        "account_sid": place.service.account_sid,
        "chat_service_sid": place.service.sid,
        "new_message": new_message,
        "added_to_conversation": _notification(n.added_to_conversation),
        "removed_from_conversation": _notification(n.removed_from_conversation),
        "log_enabled": n.log_enabled,
        "url": place.service_url("Configuration", "Notifications"),
    }


def _notification(n: NotificationSettings) -> Json:
    """What was never set has no key."""
    optional = {"template": n.template, "sound": n.sound, "badge_count_enabled": n.badge_count_enabled}
    return {"enabled": n.enabled} | {name: value for name, value in optional.items() if value is not None}


def _with_media(n: MediaNotification) -> Json:
    return {"enabled": n.enabled} | ({} if n.template is None else {"template": n.template})


def webhooks(place: Place) -> Json:
    s = place.service
    # The record is shared with Chat, whose names Conversations does not show.
    filters = [name for name in s.webhook_filters or () if name in KNOWN_EVENTS]
    return {
        "account_sid": s.account_sid,
        "chat_service_sid": s.sid,
        "pre_webhook_url": s.pre_webhook_url,
        "post_webhook_url": s.post_webhook_url,
        "filters": filters or None,
        "method": s.webhook_method,
        "url": place.service_url("Configuration", "Webhooks"),
    }
