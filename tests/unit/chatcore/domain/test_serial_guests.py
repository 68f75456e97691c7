"""Guests in events."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from chatcore.domain import serial
from chatcore.domain.guests import Guest, MessagingBinding
from chatcore.domain.ids import ChannelSid, MemberSid, RoleSid, ServiceSid

NOW = datetime(2026, 5, 17, 12, 30, 15, 123_999, tzinfo=UTC)
GUEST = Guest(
    sid=MemberSid("MB1"),
    channel_sid=ChannelSid("CH1"),
    service_sid=ServiceSid("IS1"),
    binding=MessagingBinding(type="email", address='"a"@b', proxy_address="c@d", name="Ann\n", level="to"),
    role_sid=RoleSid("RL1"),
    attributes='{\n"a": 1}',
    last_read_message_index=3,
    last_read_timestamp=NOW,
    date_created=NOW,
    date_updated=NOW,
    rev=7,
    roster_created=8,
    roster_position=9,
)


def test_a_guest_is_a_member_without_identity() -> None:
    text = serial.guest(GUEST)
    assert "\n" not in text
    assert json.loads(text) == {
        "sid": "MB1",
        "channel_sid": "CH1",
        "identity": None,
        "role_sid": "RL1",
        "attributes": {"a": 1},
        "last_consumed_message_index": 3,
        "last_consumption_timestamp": "2026-05-17T12:30:15.123Z",
        "date_created": "2026-05-17T12:30:15.123Z",
        "date_updated": "2026-05-17T12:30:15.123Z",
        "rev": 7,
        "roster_position": 9,
        "messaging_binding": {
            "type": "email",
            "address": '"a"@b',
            "proxy_address": "c@d",
            "projected_address": None,
            "name": "Ann\n",
            "level": "to",
        },
    }
