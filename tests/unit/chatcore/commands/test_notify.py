from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chatcore.commands import notify
from chatcore.domain.blueprint import new_service
from chatcore.domain.ids import AccountSid, Identity, MediaSid, ServiceSid, UserSid
from chatcore.domain.jobs import JobKind
from chatcore.domain.model import ConversationNotifications, Media, MediaNotification, NotificationSettings, Service
from chatcore.domain.pushes import PushEvent
from tests.unit.chatcore.domain.test_serial import CHANNEL, MESSAGE

NOW = datetime(2026, 5, 17, tzinfo=UTC)


def service(*, new_message: bool) -> Service:
    made, _ = new_service(AccountSid("AC1"), "Chat", ServiceSid("IS1"), NOW)
    settings = replace(made.notifications, new_message=NotificationSettings(enabled=new_message))
    return replace(made, notifications=settings)


def test_a_message_makes_one_job_whatever_the_size_of_the_channel() -> None:
    (job,) = notify.for_message(service(new_message=True), CHANNEL, MESSAGE)
    assert (job.kind, job.service_sid, job.expires_in) == (JobKind.PUSH, "IS1", notify.PUSH_EXPIRY)
    assert job.job == {
        "event": "new_message",
        "event_id": "IM1",
        "channel_sid": "CH1",
        "channel_friendly_name": CHANNEL.friendly_name,
        "channel_unique_name": None,
        "by": MESSAGE.author,
        "message_sid": "IM1",
        "message_index": 0,
    }


def test_a_service_that_does_not_push_makes_no_job() -> None:
    assert notify.for_message(service(new_message=False), CHANNEL, MESSAGE) == ()


@pytest.mark.parametrize(("media", "text", "jobs"), [(True, "", 1), (True, "look", 0), (False, "look", 0)])
def test_messages_of_files_alone_have_a_setting_of_their_own(media: bool, text: str, jobs: int) -> None:
    file = Media(sid=MediaSid("ME1"), content_type="image/png", filename=None, size=1)
    own = ConversationNotifications(new_message_with_media=MediaNotification(enabled=True))
    message = replace(MESSAGE, body=text or None, media=(file,) if media else ())
    held = replace(service(new_message=False), conversation_notifications=own)
    assert len(notify.for_message(held, CHANNEL, message)) == jobs


def test_conversations_alone_may_want_it() -> None:
    own = ConversationNotifications(new_message=NotificationSettings(enabled=True))
    held = replace(service(new_message=False), conversation_notifications=own)
    assert len(notify.for_message(held, CHANNEL, MESSAGE)) == 1


@pytest.mark.parametrize(
    ("identity", "by", "enabled", "jobs"),
    [("bob", "alice", True, 1), ("bob", None, True, 1), ("bob", "bob", True, 0), ("bob", "alice", False, 0)],
)
def test_who_acts_itself_is_told_nothing(identity: str, by: str | None, enabled: bool, jobs: int) -> None:
    held = service(new_message=False)
    settings = replace(held.notifications, added_to_channel=NotificationSettings(enabled=enabled))
    held = replace(held, notifications=settings)
    made = notify.for_membership(held, CHANNEL, PushEvent.ADDED, identity=identity, by=by, ref=7)
    assert len(made) == jobs
    for job in made:
        assert (job.job["event"], job.job["identities"], job.job["by"]) == ("added_to_channel", ["bob"], by)
        assert job.job["event_id"] == "added_to_channel:CH1:7:bob"


def test_conversations_knows_no_invitation() -> None:
    on = NotificationSettings(enabled=True)
    own = ConversationNotifications(new_message=on, added_to_conversation=on, removed_from_conversation=on)
    held = replace(service(new_message=False), conversation_notifications=own)
    assert notify.for_membership(held, CHANNEL, PushEvent.INVITED, identity="bob", by="alice", ref="IN1") == ()


def test_numbers_are_one_job_per_user_in_the_order_of_locks() -> None:
    users = [(Identity("bob"), UserSid("US2")), (Identity("alice"), UserSid("US1"))]
    held = service(new_message=True)
    assert notify.for_badges(held, users) == ()
    counted = NotificationSettings(badge_count_enabled=True)
    held = replace(held, notifications=replace(held.notifications, new_message=counted))
    jobs = notify.for_badges(held, users)
    assert [(job.kind, job.dedupe, job.due_in) for job in jobs] == [
        (JobKind.BADGE, "alice", notify.BADGE_DELAY),
        (JobKind.BADGE, "bob", notify.BADGE_DELAY),
    ]
