"""What devices are told of by push, and whether a service wants it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from .model import NotificationSettings, Service
from .webhooks import Vocabulary


class PushEvent(StrEnum):
    """Named as Chat's clients name them when they register."""

    NEW_MESSAGE = "new_message"
    ADDED = "added_to_channel"
    INVITED = "invited_to_channel"
    REMOVED = "removed_from_channel"


BADGE: Final = "consumption_update"
"""What clients call a change of the number on the app's icon."""

CONVERSATION_NAMES: Final[Mapping[PushEvent, str]] = {
    PushEvent.NEW_MESSAGE: "new_message",
    PushEvent.ADDED: "added_to_conversation",
    PushEvent.REMOVED: "removed_from_conversation",
}
"""Conversations knows no invitation."""

_OFF: Final = NotificationSettings()


def settings_of(
    service: Service, vocabulary: Vocabulary, event: PushEvent, *, only_media: bool = False
) -> NotificationSettings:
    """How devices of this vocabulary are told. `only_media`: of a message that has files and no text."""
    if vocabulary is Vocabulary.CHAT:
        chat = service.notifications
        match event:
            case PushEvent.NEW_MESSAGE:
                return chat.new_message
            case PushEvent.ADDED:
                return chat.added_to_channel
            case PushEvent.INVITED:
                return chat.invited_to_channel
            case PushEvent.REMOVED:
                return chat.removed_from_channel
    own = service.conversation_notifications
    match event:
        case PushEvent.NEW_MESSAGE:
            media, plain = own.new_message_with_media, own.new_message
            if only_media and media is not None and media.enabled:
                return NotificationSettings(
                    enabled=True,
                    template=media.template,
                    sound=plain.sound,
                    badge_count_enabled=plain.badge_count_enabled,
                )
            return plain
        case PushEvent.ADDED:
            return own.added_to_conversation
        case PushEvent.INVITED:
            return _OFF
        case PushEvent.REMOVED:
            return own.removed_from_conversation


_VOCABULARIES = tuple(Vocabulary)


def wanted(service: Service, event: PushEvent, *, only_media: bool = False) -> bool:
    """Whether devices of any vocabulary are told."""
    for vocabulary in _VOCABULARIES:  # noqa: SIM110 - every message asks, and a loop is twice as fast
        if settings_of(service, vocabulary, event, only_media=only_media).enabled:
            return True
    return False


def badges(service: Service) -> frozenset[Vocabulary]:
    """The vocabularies whose devices show the number of unread channels."""
    return frozenset(v for v in Vocabulary if settings_of(service, v, PushEvent.NEW_MESSAGE).badge_count_enabled)
