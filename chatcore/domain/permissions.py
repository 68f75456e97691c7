"""What a role may do: the permission names of the Twilio REST API, and the roles every service starts with."""

from __future__ import annotations

from collections.abc import Set
from enum import StrEnum


class RoleType(StrEnum):
    """A deployment role belongs to a user and works in every channel; a channel role belongs to a member."""

    CHANNEL = "channel"
    DEPLOYMENT = "deployment"


class Permission(StrEnum):
    """Permissions a role may hold."""

    CREATE_CHANNEL = "createChannel"
    JOIN_CHANNEL = "joinChannel"
    EDIT_OWN_USER_INFO = "editOwnUserInfo"
    EDIT_ANY_USER_INFO = "editAnyUserInfo"
    DESTROY_CHANNEL = "destroyChannel"
    INVITE_MEMBER = "inviteMember"
    ADD_MEMBER = "addMember"
    REMOVE_MEMBER = "removeMember"
    EDIT_CHANNEL_NAME = "editChannelName"
    EDIT_CHANNEL_ATTRIBUTES = "editChannelAttributes"
    EDIT_ANY_MEMBER_ATTRIBUTES = "editAnyMemberAttributes"
    EDIT_OWN_MEMBER_ATTRIBUTES = "editOwnMemberAttributes"
    SEND_MESSAGE = "sendMessage"
    SEND_MEDIA_MESSAGE = "sendMediaMessage"
    LEAVE_CHANNEL = "leaveChannel"
    EDIT_NOTIFICATION_LEVEL = "editNotificationLevel"
    EDIT_OWN_MESSAGE = "editOwnMessage"
    EDIT_OWN_MESSAGE_ATTRIBUTES = "editOwnMessageAttributes"
    EDIT_ANY_MESSAGE = "editAnyMessage"
    EDIT_ANY_MESSAGE_ATTRIBUTES = "editAnyMessageAttributes"
    DELETE_OWN_MESSAGE = "deleteOwnMessage"
    DELETE_ANY_MESSAGE = "deleteAnyMessage"
    ADD_NON_CHAT_PARTICIPANT = "addNonChatParticipant"


CONVERSATIONS_NAMES: dict[str, Permission] = {
    "createConversation": Permission.CREATE_CHANNEL,
    "joinConversation": Permission.JOIN_CHANNEL,
    "deleteConversation": Permission.DESTROY_CHANNEL,
    "addParticipant": Permission.ADD_MEMBER,
    "removeParticipant": Permission.REMOVE_MEMBER,
    "editConversationName": Permission.EDIT_CHANNEL_NAME,
    "editConversationAttributes": Permission.EDIT_CHANNEL_ATTRIBUTES,
    "editAnyParticipantAttributes": Permission.EDIT_ANY_MEMBER_ATTRIBUTES,
    "editOwnParticipantAttributes": Permission.EDIT_OWN_MEMBER_ATTRIBUTES,
    "leaveConversation": Permission.LEAVE_CHANNEL,
}
"""Names of the Conversations vocabulary that mean the same; both are accepted everywhere."""


def parse(name: str) -> Permission | None:
    """The permission called `name` in either vocabulary, or None."""
    if name in CONVERSATIONS_NAMES:
        return CONVERSATIONS_NAMES[name]
    try:
        return Permission(name)
    except ValueError:
        return None


def may(permission: Permission, *held: Set[str]) -> bool:
    """Whether any of the given permission sets (deployment role, channel role) contains it."""
    return any(permission in names for names in held)


_MODERATION = (
    Permission.DESTROY_CHANNEL,
    Permission.INVITE_MEMBER,
    Permission.REMOVE_MEMBER,
    Permission.EDIT_CHANNEL_NAME,
    Permission.EDIT_CHANNEL_ATTRIBUTES,
    Permission.ADD_MEMBER,
    Permission.EDIT_ANY_MEMBER_ATTRIBUTES,
    Permission.EDIT_ANY_MESSAGE,
    Permission.EDIT_ANY_MESSAGE_ATTRIBUTES,
    Permission.DELETE_ANY_MESSAGE,
)
_PARTICIPATION = (
    Permission.SEND_MESSAGE,
    Permission.SEND_MEDIA_MESSAGE,
    Permission.LEAVE_CHANNEL,
    Permission.EDIT_NOTIFICATION_LEVEL,
)

SERVICE_ADMIN, SERVICE_USER = "service admin", "service user"
CHANNEL_ADMIN, CHANNEL_USER = "channel admin", "channel user"

DEFAULT_ROLES: tuple[tuple[str, RoleType, tuple[Permission, ...]], ...] = (
    (
        SERVICE_ADMIN,
        RoleType.DEPLOYMENT,
        (Permission.CREATE_CHANNEL, Permission.JOIN_CHANNEL, Permission.EDIT_ANY_USER_INFO, *_MODERATION),
    ),
    (
        SERVICE_USER,
        RoleType.DEPLOYMENT,
        (Permission.CREATE_CHANNEL, Permission.JOIN_CHANNEL, Permission.EDIT_OWN_USER_INFO),
    ),
    (CHANNEL_ADMIN, RoleType.CHANNEL, (*_PARTICIPATION, *_MODERATION)),
    (
        CHANNEL_USER,
        RoleType.CHANNEL,
        (
            *_PARTICIPATION,
            Permission.EDIT_OWN_MEMBER_ATTRIBUTES,
            Permission.EDIT_OWN_MESSAGE,
            Permission.EDIT_OWN_MESSAGE_ATTRIBUTES,
            Permission.DELETE_OWN_MESSAGE,
        ),
    ),
)
"""Friendly name, type and permissions of the roles created with every service."""
