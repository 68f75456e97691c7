from __future__ import annotations

import pytest

from chatcore.domain.permissions import CONVERSATIONS_NAMES, DEFAULT_ROLES, Permission, RoleType, may, parse

CHANNEL_ONLY = {
    Permission.EDIT_OWN_MEMBER_ATTRIBUTES,
    Permission.SEND_MESSAGE,
    Permission.SEND_MEDIA_MESSAGE,
    Permission.LEAVE_CHANNEL,
    Permission.EDIT_NOTIFICATION_LEVEL,
    Permission.DELETE_OWN_MESSAGE,
}
DEPLOYMENT_ONLY = {
    Permission.CREATE_CHANNEL,
    Permission.JOIN_CHANNEL,
    Permission.EDIT_OWN_USER_INFO,
    Permission.EDIT_ANY_USER_INFO,
}


def test_every_permission_has_a_name_in_both_vocabularies() -> None:
    for permission in Permission:
        assert parse(permission.value) is permission
    for name, permission in CONVERSATIONS_NAMES.items():
        assert parse(name) is permission
        assert name not in set(Permission)


@pytest.mark.parametrize("name", ["", "fly", "SendMessage", "SEND_MESSAGE", "sendMessage "])
def test_other_names_are_unknown(name: str) -> None:
    assert parse(name) is None


def test_a_permission_may_come_from_any_role() -> None:
    send, leave = frozenset(["sendMessage"]), frozenset(["leaveChannel"])
    assert may(Permission.SEND_MESSAGE, send)
    assert may(Permission.SEND_MESSAGE, leave, send)
    assert not may(Permission.SEND_MESSAGE, leave)
    assert not may(Permission.SEND_MESSAGE)


def test_default_roles_hold_permissions_of_their_type() -> None:
    assert [name for name, _, _ in DEFAULT_ROLES] == ["service admin", "service user", "channel admin", "channel user"]
    for name, kind, permissions in DEFAULT_ROLES:
        wrong = CHANNEL_ONLY if kind is RoleType.DEPLOYMENT else DEPLOYMENT_ONLY
        assert not wrong & set(permissions), name
        assert len(set(permissions)) == len(permissions), name


def test_default_roles() -> None:
    found = {name: {p.value for p in permissions} for name, _, permissions in DEFAULT_ROLES}
    moderation = {
        "destroyChannel",
        "inviteMember",
        "removeMember",
        "editChannelName",
        "editChannelAttributes",
        "addMember",
        "editAnyMemberAttributes",
        "editAnyMessage",
        "editAnyMessageAttributes",
        "deleteAnyMessage",
    }
    participation = {"sendMessage", "sendMediaMessage", "leaveChannel", "editNotificationLevel"}
    own = {"editOwnMemberAttributes", "editOwnMessage", "editOwnMessageAttributes", "deleteOwnMessage"}
    assert found == {
        "service admin": {"createChannel", "joinChannel", "editAnyUserInfo"} | moderation,
        "service user": {"createChannel", "joinChannel", "editOwnUserInfo"},
        "channel admin": participation | moderation,
        "channel user": participation | own,
    }
