"""Names of webhook events in the vocabulary of Chat: what the filters of a service may hold."""

from __future__ import annotations

from typing import Final

CHAT_EVENTS: Final = frozenset(
    {
        "onMessageSend",
        "onMessageSent",
        "onMediaMessageSend",
        "onMediaMessageSent",
        "onMessageUpdate",
        "onMessageUpdated",
        "onMessageRemove",
        "onMessageRemoved",
        "onChannelAdd",
        "onChannelAdded",
        "onChannelUpdate",
        "onChannelUpdated",
        "onChannelDestroy",
        "onChannelDestroyed",
        "onMemberAdd",
        "onMemberAdded",
        "onMemberUpdate",
        "onMemberUpdated",
        "onMemberRemove",
        "onMemberRemoved",
        "onUserAdded",
        "onUserUpdate",
        "onUserUpdated",
    }
)
