from __future__ import annotations

from gateway.sdkhttp.notification import MessageType, fresh_id, notification_frame
from tests.support.twilsock import SYNC, TYPING, decode
from tests.unit.gateway.centrifuge.fakes import payload_of


def test_a_whole_frame_for_any_number_of_connections() -> None:
    framed = notification_frame(MessageType.SYNC_EVENT, '{"a":"ü"}'.encode())
    assert framed[0] == 0x82, "one binary message"
    frame = decode(payload_of(framed))
    assert frame.json == {"a": "ü"}
    number = frame.header.pop("id")
    assert number.startswith("TM")
    assert frame.header == {
        "method": "notification",
        "message_type": SYNC,
        "payload_size": 10,
        "payload_type": "application/json",
    }


def test_large_payloads() -> None:
    for size in (100, 10_000, 100_000):
        payload = b'"%b"' % (b"x" * size)
        assert decode(payload_of(notification_frame(MessageType.TYPING, payload))).payload == payload


def test_names_on_the_wire() -> None:
    assert set(MessageType) == {SYNC, TYPING}
    assert fresh_id() != fresh_id()
