"""Announcements as Twilsock frames: one encoder per set of subscribed objects and version of the event protocol."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from chatcore.domain.events import Announcement, SignalType
from gateway.sdkhttp.names import Kind
from gateway.sdkhttp.notification import MessageType, notification_frame

from . import told
from .documents import Documents
from .events import Told, notifications
from .payloads import typing_signal

_ORDER = (Kind.CHANNEL, Kind.MESSAGES, Kind.ROSTER)


def frames(events: Sequence[Told], version: int) -> bytes | None:
    """WebSocket frames one after the other, or None for nothing."""
    if not events:
        return None
    return b"".join(notification_frame(MessageType.SYNC_EVENT, body) for body in notifications(events, version))


class RoomEncoder:
    """For those who subscribed these objects of a channel; `typing`: who want to hear who types as well."""

    inclusive = True

    def __init__(self, kinds: frozenset[Kind], version: int, documents: Documents, *, typing: bool) -> None:
        self.kinds = kinds
        self.version = version
        self.typing = typing
        self._documents = documents
        names = "+".join(kind.value for kind in _ORDER if kind in kinds)
        self.id = f"twilsock.{names}.{version}{'t' if typing else ''}"

    def encode(self, announcement: Announcement) -> bytes | None:
        if announcement.type is SignalType.TYPING:
            return _typing(announcement) if self.typing else None
        document = self._documents.get(announcement.topic)
        return frames(told.of_channel(announcement, self.kinds, document), self.version)


def _typing(announcement: Announcement) -> bytes:
    """SDKs end the typing state by themselves, a second after the last renewal was due."""
    signal = typing_signal(announcement.payload)
    body = {
        "channel_sid": signal.channel_sid,
        "identity": signal.identity,
        "typing_timeout": math.ceil(signal.ttl_ms / 1000) + 1,
    }
    return notification_frame(MessageType.TYPING, msgspec.json.encode(body))


class InfoEncoder:
    """For those who subscribed a user's info map."""

    inclusive = False

    def __init__(self, version: int) -> None:
        self.version = version
        self.id = f"twilsock.info.{version}"

    def encode(self, announcement: Announcement) -> bytes | None:
        return frames(told.of_profile(announcement), self.version)


class Encoders:
    """Each made once."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._rooms: dict[tuple[frozenset[Kind], int, bool], RoomEncoder] = {}
        self._infos: dict[int, InfoEncoder] = {}

    def room(self, kinds: frozenset[Kind], version: int, *, typing: bool) -> RoomEncoder:
        key = (kinds, version, typing)
        encoder = self._rooms.get(key)
        if encoder is None:
            encoder = self._rooms[key] = RoomEncoder(kinds, version, self._documents, typing=typing)
        return encoder

    def info(self, version: int) -> InfoEncoder:
        encoder = self._infos.get(version)
        if encoder is None:
            encoder = self._infos[version] = InfoEncoder(version)
        return encoder
