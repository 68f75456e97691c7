from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatcore.domain import serial
from chatcore.domain.events import EventType, LeaveReason, SignalType
from chatcore.domain.ids import (
    ChannelSid,
    Identity,
    InviteSid,
    MediaSid,
    MemberSid,
    MessageSid,
    RoleSid,
    ServiceSid,
    UserSid,
)
from chatcore.domain.model import (
    Channel,
    ChannelType,
    Invite,
    LastMessage,
    Media,
    MediaCategory,
    Member,
    Membership,
    Message,
    NotificationLevel,
    Position,
    User,
)

NOW = datetime(2026, 5, 17, 12, 30, 15, 123999, tzinfo=UTC)
TEXT = "2026-05-17T12:30:15.123Z"
CHANNEL = Channel(
    sid=ChannelSid("CH1"),
    service_sid=ServiceSid("IS1"),
    friendly_name='Zoë "x" \n',
    unique_name=None,
    type=ChannelType.PRIVATE,
    attributes='{"b":1, "a":2}',
    created_by="sys\\tem",
    members_count=2,
    messages_count=3,
    next_index=4,
    last_message=LastMessage(index=3, date_created=NOW),
    last_message_sid=MessageSid("IM3"),
    date_created=NOW,
    date_updated=NOW,
    rev=7,
    stream=Position(offset=9, epoch="abc"),
)
MEMBER = Member(
    sid=MemberSid("MB1"),
    channel_sid=ChannelSid("CH1"),
    service_sid=ServiceSid("IS1"),
    user_sid=UserSid("US1"),
    identity=Identity("zoë\u2028"),
    role_sid=RoleSid("RL1"),
    attributes="[]",
    notification_level=NotificationLevel.MUTED,
    last_consumed_message_index=3,
    last_consumption_timestamp=NOW,
    date_created=NOW,
    date_updated=NOW,
    rev=5,
    roster_created=1,
    roster_position=11,
    own_created=1,
    own_position=2,
)
MESSAGE = Message(
    sid=MessageSid("IM1"),
    channel_sid=ChannelSid("CH1"),
    service_sid=ServiceSid("IS1"),
    index=0,
    author="zoë",
    body="a\nb\t\x07 🎉",
    media=(),
    attributes="{}",
    was_edited=True,
    last_updated_by=None,
    client_ref="r",
    date_created=NOW,
    date_updated=NOW,
    rev=6,
    created_rev=6,
)
INVITE = Invite(
    sid=InviteSid("IN1"),
    channel_sid=ChannelSid("CH1"),
    service_sid=ServiceSid("IS1"),
    user_sid=UserSid("US1"),
    identity=Identity("bob"),
    role_sid=RoleSid("RL1"),
    created_by="alice",
    date_created=NOW,
    date_updated=NOW,
    own_position=3,
)
USER = User(
    sid=UserSid("US1"),
    service_sid=ServiceSid("IS1"),
    identity=Identity("bob"),
    friendly_name=None,
    attributes="5",
    role_sid=RoleSid("RL1"),
    joined_channels_count=2,
    date_created=NOW,
    date_updated=NOW,
    rev=1,
    info_position=2,
    stream=Position(offset=1, epoch="e"),
)


def test_a_channel() -> None:
    assert json.loads(serial.channel(CHANNEL)) == {
        "sid": "CH1",
        "unique_name": None,
        "friendly_name": 'Zoë "x" \n',
        "type": "private",
        "attributes": {"b": 1, "a": 2},
        "created_by": "sys\\tem",
        "date_created": TEXT,
        "date_updated": TEXT,
        "members_count": 2,
        "messages_count": 3,
        "last_message": {"index": 3, "date_created": TEXT},
        "state": "active",
        "state_updated": None,
        "rev": 7,
        "stream": {"offset": 9, "epoch": "abc"},
    }
    assert json.loads(serial.channel(replace(CHANNEL, last_message=None)))["last_message"] is None


def test_a_member() -> None:
    assert json.loads(serial.member(MEMBER)) == {
        "sid": "MB1",
        "channel_sid": "CH1",
        "identity": "zoë\u2028",
        "role_sid": "RL1",
        "attributes": [],
        "last_consumed_message_index": 3,
        "last_consumption_timestamp": TEXT,
        "date_created": TEXT,
        "date_updated": TEXT,
        "rev": 5,
        "roster_position": 11,
    }
    found = json.loads(
        serial.member(replace(MEMBER, last_consumed_message_index=None, last_consumption_timestamp=None))
    )
    assert (found["last_consumed_message_index"], found["last_consumption_timestamp"]) == (None, None)
    assert json.loads(serial.member(replace(MEMBER, last_consumed_message_index=0)))["last_consumed_message_index"] == 0


def test_a_message() -> None:
    assert json.loads(serial.message(MESSAGE)) == {
        "sid": "IM1",
        "channel_sid": "CH1",
        "index": 0,
        "author": "zoë",
        "type": "text",
        "body": "a\nb\t\x07 🎉",
        "media": None,
        "member_sid": None,
        "attributes": {},
        "date_created": TEXT,
        "date_updated": TEXT,
        "was_edited": True,
        "last_updated_by": None,
        "client_ref": "r",
        "rev": 6,
    }


def test_a_message_with_media() -> None:
    media = Media(sid=MediaSid("ME1"), content_type="image/png", filename='ä".png', size=2**40)
    found = json.loads(serial.message(replace(MESSAGE, body=None, media=(media,))))
    assert (found["type"], found["body"]) == ("media", None)
    assert found["media"] == {
        "sid": "ME1",
        "content_type": "image/png",
        "filename": 'ä".png',
        "size": 2**40,
        "category": "media",
    }
    assert "medias" not in found
    second = replace(media, sid=MediaSid("ME2"), category=MediaCategory.BODY)
    found = json.loads(serial.message(replace(MESSAGE, media=(media, second), subject="s", content_sid="HX1")))
    assert [(m["sid"], m["category"]) for m in found["medias"]] == [("ME1", "media"), ("ME2", "body")]
    assert (found["media"]["sid"], found["subject"], found["content_sid"]) == ("ME1", "s", "HX1")


def test_an_invite_and_a_user() -> None:
    assert json.loads(serial.invite(INVITE)) == {
        "sid": "IN1",
        "channel_sid": "CH1",
        "identity": "bob",
        "created_by": "alice",
        "role_sid": "RL1",
        "date_created": TEXT,
    }
    user = {
        "sid": "US1",
        "identity": "bob",
        "friendly_name": None,
        "attributes": 5,
        "role_sid": "RL1",
        "is_online": None,
        "is_notifiable": None,
        "rev": 1,
    }
    assert json.loads(serial.user(USER)) == user
    assert json.loads(serial.user(USER, is_online=True, is_notifiable=False)) == {
        **user,
        "is_online": True,
        "is_notifiable": False,
    }


def test_memberships() -> None:
    joined = Membership(channel=CHANNEL, member=MEMBER, invite=None, unread_messages_count=0)
    assert json.loads(serial.membership(joined)) == {
        "channel": json.loads(serial.channel(CHANNEL)),
        "status": "joined",
        "member": json.loads(serial.member(MEMBER)),
        "invite": None,
        "notification_level": "muted",
        "unread_messages_count": 0,
    }
    invited = Membership(channel=CHANNEL, member=None, invite=INVITE, unread_messages_count=None)
    found = json.loads(serial.membership(invited))
    assert (found["status"], found["member"], found["notification_level"]) == ("invited", None, "default")
    assert (found["invite"]["sid"], found["unread_messages_count"]) == ("IN1", None)


def test_an_event_is_its_envelope_and_its_parts() -> None:
    payload = serial.event(
        EventType.MEMBER_LEFT,
        at=NOW,
        by="zoë",
        channel_sid=ChannelSid("CH1"),
        member=serial.member(MEMBER),
        reason=serial.reason(LeaveReason.USER_DELETED),
    )
    assert serial.decode(payload) == {
        "type": "member.left",
        "at": TEXT,
        "by": "zoë",
        "channel_sid": "CH1",
        "member": json.loads(serial.member(MEMBER)),
        "reason": "user_deleted",
    }
    assert serial.decode(serial.event(SignalType.TYPING, at=NOW, by=None)) == {
        "type": "typing",
        "at": TEXT,
        "by": None,
    }


def test_a_removed_message_keeps_its_place() -> None:
    assert json.loads(serial.removed_message(MESSAGE, 9)) == {"sid": "IM1", "index": 0, "rev": 9}


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOW, TEXT),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00.000Z"),
        (datetime(2026, 1, 2, 1, tzinfo=timezone(timedelta(hours=2))), "2026-01-01T23:00:00.000Z"),
        (datetime(999, 1, 2, 3, 4, 5, 999999, tzinfo=UTC), "0999-01-02T03:04:05.999Z"),
    ],
)
def test_dates_are_utc_with_milliseconds_cut_off(moment: datetime, text: str) -> None:
    assert serial.date(moment) == text
    assert serial.parse_date(text) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)


texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(text=texts)
def test_any_text_comes_back_as_it_was_on_one_line(text: str) -> None:
    written = serial.string(text)
    assert json.loads(written) == text
    assert "\n" not in written
    assert "\r" not in written


@settings(deadline=None)
@given(
    value=values,
    indent=st.sampled_from([None, 0, 1, "\t"]),
    separators=st.sampled_from([None, (",", ":"), (" ,\r\n", "\n: ")]),
    ascii_only=st.booleans(),
)
def test_one_line_says_the_same(value: Any, indent: Any, separators: Any, ascii_only: bool) -> None:  # Any: JSON
    text = json.dumps(value, indent=indent, separators=separators, ensure_ascii=ascii_only)
    line = serial.one_line(text)
    assert json.loads(line) == value
    assert "\n" not in line
    assert "\r" not in line
    if "\n" not in text and "\r" not in text:
        assert line == text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"a" : 1}', '{"a" : 1}'),
        ('{\n"a" : 1.50 }', '{"a":1.50}'),
        ('["a\\\\",\n"b"]', '["a\\\\","b"]'),
        ('["a\\" ",\n" b"]', '["a\\" "," b"]'),
        ('["a\\\\\\" x",\r" \\\\"]', '["a\\\\\\" x"," \\\\"]'),
        ('\n"x  y"\n', '"x  y"'),
        ("[1,\n\t2e5 ]", "[1,2e5]"),
        ('["\u2028\u0085",\n1]', '["\u2028\u0085",1]'),
    ],
)
def test_one_line_keeps_the_spelling_of_strings_and_numbers(text: str, line: str) -> None:
    assert serial.one_line(text) == line


@settings(deadline=None)
@given(value=values, name=texts, body=texts)
def test_payloads_with_anything_inside_are_one_line_of_json(value: Any, name: str, body: str) -> None:  # Any: JSON
    message = replace(MESSAGE, attributes=json.dumps(value, indent=1), author=name, body=body, client_ref=name)
    payload = serial.event(EventType.MESSAGE_ADDED, at=NOW, by=name, message=serial.message(message))
    assert b"\n" not in payload
    assert b"\r" not in payload
    found = serial.decode(payload)
    assert (found["by"], found["message"]["author"], found["message"]["body"]) == (name, name, body)
    assert found["message"]["attributes"] == value
