from __future__ import annotations

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
from chatcore.domain.model import UNSET, Actor, given


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
