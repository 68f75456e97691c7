from __future__ import annotations

import json
from dataclasses import replace

import pytest

from chatcore.domain.devices import PushType
from chatcore.domain.ids import MediaSid
from chatcore.domain.model import Media, NotificationSettings
from chatcore.domain.pushes import PushEvent
from chatcore.domain.webhooks import Vocabulary
from chatcore.ports.pushes import PushedMessage
from push import payloads
from push.payloads import Note

from .test_render import ALICE, FILES, happening

CHAT, OWN = Vocabulary.CHAT, Vocabulary.CONVERSATIONS
LOUD = NotificationSettings(enabled=True, template="${MESSAGE}", sound="ping.aiff")
ID = "0123456789abcdef" * 2


def note(vocabulary: Vocabulary = CHAT, event: PushEvent = PushEvent.NEW_MESSAGE, body: str = "hello") -> Note:
    message = PushedMessage(body=body, media=FILES) if event is PushEvent.NEW_MESSAGE else None
    return payloads.note(happening(event), vocabulary, LOUD, ALICE, message)


def test_apns() -> None:
    assert payloads.apns(note(), ID, 3) == {
        "aps": {"alert": {"body": "hello"}, "sound": "ping.aiff", "badge": 3, "thread-id": "CH1"},
        "twi_message_type": "twilio.channel.new_message",
        "twi_message_id": f"RU{ID}",
        "channel_sid": "CH1",
        "channel_id": "CH1",
        "channel_title": "Friends",
        "message_sid": "IM1",
        "message_id": "IM1",
        "message_index": 0,
        "author": "alice",
    }


def test_a_badge_of_zero_is_one() -> None:
    assert payloads.apns(note(), ID, 0)["aps"]["badge"] == 0
    assert payloads.apns_badge(ID, 0)["aps"] == {"badge": 0}


def test_fcm_has_texts_only() -> None:
    data = payloads.fcm(note(), ID)
    assert data["message_index"] == "0"
    assert (data["twi_body"], data["twi_sound"]) == ("hello", "ping.aiff")
    assert all(isinstance(value, str) for value in payloads.fcm(note(OWN), ID).values())


def test_membership() -> None:
    payload = payloads.apns(note(event=PushEvent.INVITED, body=""), ID, None)
    assert payload["twi_message_type"] == "twilio.channel.invited_to_channel"
    assert set(payload) == {
        "aps",
        "twi_message_type",
        "twi_message_id",
        "channel_sid",
        "channel_id",
        "channel_title",
        "author",
    }


def test_conversations_and_their_files() -> None:
    payload = payloads.apns(note(OWN), ID, None)
    media = {"sid": "ME1", "size": 1, "content_type": "image/png", "filename": "cat.png"}
    assert (payload["media_count"], payload["media"]) == (2, media)
    assert payload["twi_message_type"] == "twilio.conversations.new_message"
    assert (payload["conversation_sid"], payload["conversation_title"]) == ("CH1", "Friends")
    assert not {"channel_sid", "channel_id", "channel_title", "message_id"} & set(payload)
    data = payloads.fcm(note(OWN), ID)
    assert data["media"] == '{"sid":"ME1","size":1,"content_type":"image/png","filename":"cat.png"}'
    assert data["media_count"] == "2"


def test_an_id_is_the_same_for_the_same_event_and_device_only() -> None:
    assert payloads.push_id("IM1", "BS1") == payloads.push_id("IM1", "BS1")
    assert len({payloads.push_id(event, device) for event in ("IM1", "IM2") for device in ("BS1", "BS2")}) == 4
    assert len(payloads.push_id("IM1", "BS1")) == 32
    assert payloads.push_id("a\0b", "c") != payloads.push_id("a", "b")


@pytest.mark.parametrize("kind", [PushType.APN, PushType.FCM])
@pytest.mark.parametrize("vocabulary", list(Vocabulary))
def test_the_longest_names_fit(vocabulary: Vocabulary, kind: PushType) -> None:
    long = "\U0001f600" * 256
    told = replace(happening(), friendly_name=long, unique_name=long, by=long)
    file = Media(sid=MediaSid("ME" + "0" * 32), content_type="x/" + "y" * 253, filename="\U0001f600" * 256, size=2**40)
    message = PushedMessage(body="\U0001f600" * 32768, media=(file,) * 10)
    settings = NotificationSettings(enabled=True, template="${MESSAGE}" * 50, sound="s" * 256)
    fitted = payloads.fitted(payloads.note(told, vocabulary, settings, None, message), kind)
    assert fitted is not None
    assert size(fitted, kind) <= payloads.LIMIT
    assert len(fitted.text) >= payloads.SHORTEST


def size(fitted: Note, kind: PushType) -> int:
    if kind is PushType.APN:
        return len(json.dumps(payloads.apns(fitted, ID, 9999), ensure_ascii=False, separators=(",", ":")).encode())
    return sum(len(k.encode()) + len(v.encode()) for k, v in payloads.fcm(fitted, ID).items())


def test_texts_are_shortened_before_anything_is_dropped() -> None:
    whole = note(OWN, body="x")
    large = replace(whole, text="é" * 178, keys={**whole.keys, "conversation_title": "y" * 3500})
    fitted = payloads.fitted(large, PushType.FCM)
    assert fitted is not None
    assert (fitted.media, fitted.keys) == (large.media, large.keys)
    assert 20 <= len(fitted.text) < 178
    assert payloads.LIMIT - 2 < size(fitted, PushType.FCM) <= payloads.LIMIT
    larger = replace(large, keys={**whole.keys, "conversation_title": "y" * 3800})
    fitted = payloads.fitted(larger, PushType.FCM)
    assert fitted is not None
    assert (fitted.media, fitted.keys["conversation_title"]) == (None, "y" * 3800)
    largest = replace(large, keys={**whole.keys, "conversation_title": "y" * 5000})
    fitted = payloads.fitted(largest, PushType.APN)
    assert fitted is not None
    assert fitted.keys["conversation_title"] == "y" * 64
    hopeless = replace(large, sound="z" * 5000)
    assert payloads.fitted(hopeless, PushType.APN) is None
