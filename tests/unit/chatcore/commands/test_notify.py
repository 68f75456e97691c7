from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chatcore.commands import notify
from chatcore.domain.blueprint import new_service
from chatcore.domain.ids import AccountSid, ServiceSid
from chatcore.domain.jobs import JobKind
from chatcore.domain.model import NotificationSettings, Service
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
        "channel_sid": "CH1",
        "channel_friendly_name": CHANNEL.friendly_name,
        "channel_unique_name": None,
        "by": MESSAGE.author,
        "message_sid": "IM1",
        "message_index": 0,
        "offset": 6,
    }


def test_a_service_that_does_not_push_makes_no_job() -> None:
    assert notify.for_message(service(new_message=False), CHANNEL, MESSAGE) == ()


@pytest.mark.parametrize(
    ("identity", "by", "enabled", "jobs"),
    [("bob", "alice", True, 1), ("bob", None, True, 1), ("bob", "bob", True, 0), ("bob", "alice", False, 0)],
)
def test_who_acts_itself_is_told_nothing(identity: str, by: str | None, enabled: bool, jobs: int) -> None:
    made = notify.for_membership(
        service(new_message=False), CHANNEL, "added_to_channel", identity=identity, by=by, enabled=enabled
    )
    assert len(made) == jobs
    for job in made:
        assert (job.job["event"], job.job["identities"], job.job["by"]) == ("added_to_channel", ["bob"], by)
