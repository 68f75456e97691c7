"""Webhook targets, and what an event is called in the two vocabularies that they may speak.

One action of the domain has up to two names per vocabulary: one before it happens (the target may refuse or change
it), one after. A message with media has names of its own in Chat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from .ids import ChannelSid, ServiceSid, WebhookSid


class Vocabulary(StrEnum):
    CHAT = "chat"
    CONVERSATIONS = "conversations"


class Action(StrEnum):
    """What can happen to chat, as webhooks see it."""

    MESSAGE_ADD = "message.add"
    MESSAGE_UPDATE = "message.update"
    MESSAGE_REMOVE = "message.remove"
    CHANNEL_ADD = "channel.add"
    CHANNEL_UPDATE = "channel.update"
    CHANNEL_REMOVE = "channel.remove"
    STATE_UPDATE = "state.update"
    MEMBER_ADD = "member.add"
    MEMBER_UPDATE = "member.update"
    MEMBER_REMOVE = "member.remove"
    USER_ADD = "user.add"
    USER_UPDATE = "user.update"
    DELIVERY_UPDATE = "delivery.update"


@dataclass(frozen=True, slots=True)
class Names:
    """None: the vocabulary has no such event."""

    before: str | None
    after: str | None


_NAMES: Final[Mapping[Vocabulary, Mapping[Action, Names]]] = {
    Vocabulary.CHAT: {
        Action.MESSAGE_ADD: Names("onMessageSend", "onMessageSent"),
        Action.MESSAGE_UPDATE: Names("onMessageUpdate", "onMessageUpdated"),
        Action.MESSAGE_REMOVE: Names("onMessageRemove", "onMessageRemoved"),
        Action.CHANNEL_ADD: Names("onChannelAdd", "onChannelAdded"),
        Action.CHANNEL_UPDATE: Names("onChannelUpdate", "onChannelUpdated"),
        Action.CHANNEL_REMOVE: Names("onChannelDestroy", "onChannelDestroyed"),
        Action.MEMBER_ADD: Names("onMemberAdd", "onMemberAdded"),
        Action.MEMBER_UPDATE: Names("onMemberUpdate", "onMemberUpdated"),
        Action.MEMBER_REMOVE: Names("onMemberRemove", "onMemberRemoved"),
        Action.USER_ADD: Names(None, "onUserAdded"),
        Action.USER_UPDATE: Names("onUserUpdate", "onUserUpdated"),
    },
    Vocabulary.CONVERSATIONS: {
        Action.MESSAGE_ADD: Names("onMessageAdd", "onMessageAdded"),
        Action.MESSAGE_UPDATE: Names("onMessageUpdate", "onMessageUpdated"),
        Action.MESSAGE_REMOVE: Names("onMessageRemove", "onMessageRemoved"),
        Action.CHANNEL_ADD: Names("onConversationAdd", "onConversationAdded"),
        Action.CHANNEL_UPDATE: Names("onConversationUpdate", "onConversationUpdated"),
        Action.CHANNEL_REMOVE: Names("onConversationRemove", "onConversationRemoved"),
        Action.STATE_UPDATE: Names(None, "onConversationStateUpdated"),
        Action.MEMBER_ADD: Names("onParticipantAdd", "onParticipantAdded"),
        Action.MEMBER_UPDATE: Names("onParticipantUpdate", "onParticipantUpdated"),
        Action.MEMBER_REMOVE: Names("onParticipantRemove", "onParticipantRemoved"),
        Action.USER_ADD: Names(None, "onUserAdded"),
        Action.USER_UPDATE: Names("onUserUpdate", "onUserUpdated"),
        Action.DELIVERY_UPDATE: Names(None, "onDeliveryUpdated"),
    },
}
_MEDIA_NAMES: Final = Names("onMediaMessageSend", "onMediaMessageSent")
_NONE: Final = Names(None, None)


def names(action: Action, vocabulary: Vocabulary, *, media: bool = False) -> Names:
    """What the action is called. `media`: the message carries a file."""
    if media and action is Action.MESSAGE_ADD and vocabulary is Vocabulary.CHAT:
        return _MEDIA_NAMES
    return _NAMES[vocabulary].get(action, _NONE)


def _all(vocabulary: Vocabulary, *, before: bool) -> frozenset[str]:
    of = [*_NAMES[vocabulary].values(), *([_MEDIA_NAMES] if vocabulary is Vocabulary.CHAT else [])]
    found = {entry.after for entry in of} | ({entry.before for entry in of} if before else set())
    return frozenset(name for name in found if name is not None)


EVENTS: Final[Mapping[Vocabulary, frozenset[str]]] = {v: _all(v, before=True) for v in Vocabulary}
"""What the filters of a service may hold."""

POST_EVENTS: Final[Mapping[Vocabulary, frozenset[str]]] = {v: _all(v, before=False) for v in Vocabulary}
"""What the filters of a channel's webhook may hold."""


def translate(name: str, to: Vocabulary) -> str:
    """The name of the same event in a vocabulary; itself where it has no twin."""
    if name in EVENTS[to]:
        return name
    for vocabulary, table in _NAMES.items():
        if vocabulary is to:
            continue
        for action, entry in table.items():
            twin = _NAMES[to].get(action, _NONE)
            if name == entry.before and twin.before is not None:
                return twin.before
            if name == entry.after and twin.after is not None:
                return twin.after
    if name in (_MEDIA_NAMES.before, _MEDIA_NAMES.after) and to is Vocabulary.CONVERSATIONS:
        twin = _NAMES[to][Action.MESSAGE_ADD]
        return (twin.before if name == _MEDIA_NAMES.before else twin.after) or name
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class EventUrl:
    """Where Chat v1 sends one event; it wins over the service's URL and needs no filter."""

    url: str | None = None
    method: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountWebhooks:
    """The account-wide target of Conversations: events of all its services."""

    method: str = "POST"
    filters: tuple[str, ...] = ()
    pre_url: str | None = None
    post_url: str | None = None
    target: str = "webhook"


NO_ACCOUNT_WEBHOOKS: Final = AccountWebhooks()


class WebhookType(StrEnum):
    WEBHOOK = "webhook"
    TRIGGER = "trigger"
    STUDIO = "studio"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelWebhook:
    """A target of one channel: Chat's channel webhook and the scoped webhook of Conversations are the same thing.
    `vocabulary` is that of the API that made it."""

    sid: WebhookSid
    service_sid: ServiceSid
    channel_sid: ChannelSid
    vocabulary: Vocabulary
    type: WebhookType
    url: str | None
    method: str | None  # in the case it was given
    filters: tuple[str, ...]
    triggers: tuple[str, ...]
    flow_sid: str | None
    retry_count: int
    replay_after: int | None
    date_created: datetime
    date_updated: datetime
