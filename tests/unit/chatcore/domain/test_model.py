from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chatcore.domain.events import (
    EventType,
    SignalType,
    channel_topic,
    is_channel,
    profile_topic,
    topic_sid,
    user_topic,
)
from chatcore.domain.ids import AccountSid, ChannelSid, Identity, ServiceSid, UserSid
from chatcore.domain.model import UNSET, Actor, Channel, ChannelType, Position, channel_with, given


def test_a_parameter_that_was_not_given_differs_from_one_that_clears() -> None:
    assert given(UNSET, "old") == "old"
    assert given(None, "old") is None
    assert given("", "old") == ""
    assert given(0, 5) == 0


def test_a_rest_caller_acts_as_the_system() -> None:
    rest = Actor(account_sid=AccountSid("AC1"), service_sid=ServiceSid("IS1"))
    client = Actor(account_sid=AccountSid("AC1"), service_sid=ServiceSid("IS1"), identity=Identity("alice"))
    assert (rest.name, client.name) == ("system", "alice")


def test_every_kind_of_topic_is_told_from_the_others() -> None:
    topics = [
        channel_topic(ChannelSid("X1")),
        user_topic(UserSid("X1")),
        profile_topic(UserSid("X1")),
    ]
    assert len(set(topics)) == 3
    assert {topic_sid(topic) for topic in topics} == {"X1"}
    assert [is_channel(topic) for topic in topics] == [True, False, False]


def test_event_types_are_as_they_stand_in_the_log() -> None:
    assert {kind.value for kind in EventType} == {
        "message.added",
        "message.updated",
        "message.removed",
        "member.joined",
        "member.updated",
        "member.left",
        "channel.updated",
        "channel.deleted",
        "channel.joined",
        "channel.left",
        "channel.invited",
        "channel.uninvited",
        "channel.settings",
        "read.updated",
        "user.updated",
    }
    assert {kind.value for kind in SignalType} >= {
        "typing",
        "read.updated",
        "user.reachability",
        "user.updated",
        "channel.activity",
    }


def test_the_quick_copy_of_a_channel_is_the_usual_one() -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    channel = Channel(
        sid=ChannelSid("CH1"),
        service_sid=ServiceSid("IS1"),
        friendly_name=None,
        unique_name="one",
        type=ChannelType.PUBLIC,
        attributes="{}",
        created_by="alice",
        members_count=1,
        messages_count=2,
        next_index=3,
        last_message=None,
        last_message_sid=None,
        date_created=now,
        date_updated=now,
        rev=4,
        stream=Position(offset=5, epoch="e"),
    )
    assert channel_with(channel) == channel
    assert channel_with(channel, next_index=7, friendly_name="x") == replace(channel, next_index=7, friendly_name="x")
    with pytest.raises(KeyError):
        channel_with(channel, name="x")
