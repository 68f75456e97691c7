from __future__ import annotations

from dataclasses import replace

from chatcore.domain.model import ConversationNotifications, MediaNotification, NotificationSettings
from gateway.http.forms import Form
from gateway.rest.conversations import notifications, present_settings, service_webhooks

from .samples import a_place, a_service


def test_filters_of_chat_are_not_shown() -> None:
    service = replace(a_service(), webhook_filters=("onMessageSent", "onUserUpdated", "onMessageAdded"))
    shown = present_settings.webhooks(replace(a_place(named=True), service=service))
    assert shown["filters"] == ["onUserUpdated", "onMessageAdded"]
    service = replace(service, webhook_filters=("onMessageSent",))
    assert present_settings.webhooks(replace(a_place(), service=service))["filters"] is None


def test_filters_of_chat_survive() -> None:
    service = replace(a_service(), webhook_filters=("onMessageAdded", "onMessageSent", "onUserUpdated"))
    changed = service_webhooks.changed(service, Form([("Filters", "onConversationAdd")]))
    assert changed.webhook_filters == ("onConversationAdd", "onMessageSent")
    assert service_webhooks.changed(service, Form([("Filters", "")])).webhook_filters == ("onMessageSent",)
    assert service_webhooks.changed(a_service(), Form([("Filters", "")])).webhook_filters is None
    assert service_webhooks.changed(service, Form([("WebhookFilters", "x")])) == service


def test_notification_keys_appear_once_set() -> None:
    held = ConversationNotifications(
        new_message=NotificationSettings(enabled=True, template="t", badge_count_enabled=False),
        new_message_with_media=MediaNotification(),
    )
    service = replace(a_service(), conversation_notifications=held)
    shown = present_settings.notifications(replace(a_place(), service=service))
    assert shown["new_message"] == {
        "enabled": True,
        "template": "t",
        "badge_count_enabled": False,
        "with_media": {"enabled": False},
    }
    assert shown["removed_from_conversation"] == {"enabled": False}


def test_nothing_given_changes_nothing() -> None:
    held = ConversationNotifications()
    assert notifications.changed(held, Form([("Unknown", "x"), ("newmessage.enabled", "x")])) == held
