"""What goes to a device: the payloads that Twilio's client SDKs and apps read. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2s
from typing import Any, Final

import msgspec

from chatcore.domain.devices import PushType
from chatcore.domain.model import NotificationSettings
from chatcore.domain.pushes import BADGE, CONVERSATION_NAMES
from chatcore.domain.webhooks import Vocabulary
from chatcore.ports.pushes import ActingUser, PushedMessage

from . import render
from .graphemes import cut
from .happenings import Happening

LIMIT: Final = 4096
"""Bytes: of an APNs payload, and of all keys and values of FCM's data."""
SHORTEST: Final = 20
NAME: Final = 64
"""Characters of text, and of names, that stay where everything has to be shortened."""
_LARGEST_BADGE: Final = 2**31

Json = dict[str, Any]  # Any: JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What all devices of one vocabulary are told of one event."""

    type: str
    text: str
    sound: str | None
    thread: str
    keys: Mapping[str, str | int]
    media: Json | None = None
    media_count: int = 0


def push_id(event_id: str, binding_sid: str) -> str:
    """32 hex digits, the same in every attempt of every worker: a device can tell a repetition from a second event."""
    return blake2s(f"{event_id}\0{binding_sid}".encode(), digest_size=16).hexdigest()


def note(
    happening: Happening,
    vocabulary: Vocabulary,
    settings: NotificationSettings,
    acting: ActingUser | None,
    message: PushedMessage | None,
) -> Note:
    values = render.variables(happening, acting, message)
    text = render.text(settings.template, vocabulary, happening.event, values)
    title = happening.friendly_name or ""
    sid = happening.channel_sid
    keys: dict[str, str | int] = {}
    if vocabulary is Vocabulary.CHAT:
        kind = f"twilio.channel.{happening.event}"
        keys |= {"channel_sid": sid, "channel_id": sid, "channel_title": title}
    else:
        kind = f"twilio.conversations.{CONVERSATION_NAMES[happening.event]}"
        keys |= {"conversation_sid": sid, "conversation_title": title}
    if happening.message_sid is not None and happening.message_index is not None:
        keys["message_sid"] = happening.message_sid
        if vocabulary is Vocabulary.CHAT:
            keys["message_id"] = happening.message_sid
        keys["message_index"] = happening.message_index
    keys["author"] = happening.author
    files = message.media if message is not None and vocabulary is Vocabulary.CONVERSATIONS else ()
    media = None
    if files:
        first = files[0]
        media = {"sid": first.sid, "size": first.size, "content_type": first.content_type, "filename": first.filename}
    return Note(type=kind, text=text, sound=settings.sound, thread=sid, keys=keys, media=media, media_count=len(files))


def apns(note: Note, push_id: str, badge: int | None) -> Json:
    aps: Json = {"alert": {"body": note.text}}
    if note.sound:
        aps["sound"] = note.sound
    if badge is not None:
        aps["badge"] = badge
    aps["thread-id"] = note.thread
    payload = {"aps": aps, "twi_message_type": note.type, "twi_message_id": f"RU{push_id}", **note.keys}
    if note.media_count:
        payload["media_count"] = note.media_count
    if note.media is not None:
        payload["media"] = note.media
    return payload


def apns_badge(push_id: str, badge: int) -> Json:
    """Without an alert: the number changes and nothing is shown."""
    return {"aps": {"badge": badge}, "twi_message_type": f"twilio.channel.{BADGE}", "twi_message_id": f"RU{push_id}"}


def fcm(note: Note, push_id: str) -> dict[str, str]:
    """Values are texts, numbers too: one that is not makes FCM refuse the whole."""
    data = {"twi_message_type": note.type, "twi_message_id": f"RU{push_id}", "twi_body": note.text}
    if note.sound:
        data["twi_sound"] = note.sound
    data |= {name: str(value) for name, value in note.keys.items()}
    if note.media_count:
        data["media_count"] = str(note.media_count)
    if note.media is not None:
        data["media"] = msgspec.json.encode(note.media).decode()
    return data


def fitted(note: Note, kind: PushType) -> Note | None:
    """The note, shortened as far as the provider's limit asks for; None where that is not far enough."""
    size = _apns_size if kind is PushType.APN else _fcm_size
    for step in (_as_it_is, _without_media, _with_short_names):
        note = step(note)
        over = size(note) - LIMIT
        if over <= 0:
            return note
        shorter = _with_short_text(note, size)
        if shorter is not None:
            return shorter
    return None


def _with_short_text(note: Note, size: Callable[[Note], int]) -> Note | None:
    """As much of the text as fits, at least SHORTEST characters."""
    low, high = min(SHORTEST, len(note.text)), len(note.text)
    if size(replace(note, text=cut(note.text, low))) > LIMIT:
        return None
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if size(replace(note, text=cut(note.text, middle))) <= LIMIT else (low, middle - 1)
    return replace(note, text=cut(note.text, low))


def _as_it_is(note: Note) -> Note:
    return note


def _without_media(note: Note) -> Note:
    return replace(note, media=None)


def _with_short_names(note: Note) -> Note:
    short = {
        name: cut(value, NAME) if isinstance(value, str) and name.endswith(("_title", "author")) else value
        for name, value in note.keys.items()
    }
    return replace(note, keys=short)


def _apns_size(note: Note) -> int:
    return len(msgspec.json.encode(apns(note, "0" * 32, _LARGEST_BADGE)))


def _fcm_size(note: Note) -> int:
    return sum(len(name) + len(value.encode()) for name, value in fcm(note, "0" * 32).items())
