from __future__ import annotations

from dataclasses import replace

from chatcore.domain.ids import ChannelSid, MediaSid, MessageSid
from chatcore.domain.model import Media, Message, Notifications, NotificationSettings
from gateway.rest.chat import present

from .samples import NOW, SERVICE, a_place, a_service

MESSAGE = Message(
    sid=MessageSid("IM" + "3" * 32),
    channel_sid=ChannelSid("CH" + "4" * 32),
    service_sid=SERVICE,
    index=7,
    author="ann",
    body=None,
    media=(Media(sid=MediaSid("ME" + "5" * 32), content_type="application/pdf", filename=None, size=99),),
    attributes="{}",
    was_edited=False,
    last_updated_by=None,
    client_ref="never shown",
    date_created=NOW,
    date_updated=NOW,
    rev=1,
    created_rev=1,
)


def test_dates_are_cut_to_seconds() -> None:
    assert present.message(a_place(), MESSAGE)["date_created"] == "2026-05-17T12:30:15Z"


def test_a_media_message_shows_its_media_and_no_body() -> None:
    shown = present.message(a_place(), MESSAGE)
    assert (shown["type"], shown["body"]) == ("media", None)
    assert shown["media"] == {
        "sid": "ME" + "5" * 32,
        "size": 99,
        "content_type": "application/pdf",
        "filename": None,
    }


def test_filters_of_the_conversations_vocabulary_are_not_shown() -> None:
    service = replace(a_service(), webhook_filters=("onMessageAdded", "onUserUpdated"))
    shown = present.service(replace(a_place(), service=service))
    assert shown["webhook_filters"] == ["onUserUpdated"]
    service = replace(service, webhook_filters=("onMessageAdded",))
    assert present.service(replace(a_place(), service=service))["webhook_filters"] is None


def test_notification_keys_appear_once_set() -> None:
    on = NotificationSettings(enabled=True, template="t", badge_count_enabled=False)
    service = replace(a_service(), notifications=Notifications(new_message=on))
    shown = present.service(replace(a_place(), service=service))["notifications"]
    assert isinstance(shown, dict)
    assert shown["new_message"] == {"enabled": True, "template": "t", "badge_count_enabled": False}
    assert shown["invited_to_channel"] == {"enabled": False}
