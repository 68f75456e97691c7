"""Stories of services, channels and people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from .library import Library, author, refused


def onboarding(library: Library) -> None:
    """A new application sets up its service, its roles, its first users and its push credential."""
    made = library.chat.services.create(friendly_name="Clinic")
    service = library.chat.services(made.sid)
    assert isinstance(made.date_created, datetime)
    assert made.sid in [each.sid for each in library.chat.services.list()]
    defaults = {role.friendly_name: role for role in service.roles.list()}
    assert made.default_channel_role_sid == defaults["channel user"].sid
    guest = service.roles.create(friendly_name="guest", type="deployment", permission=["joinChannel"])
    reader = service.roles.create(friendly_name="reader", type="channel", permission=["leaveChannel"])
    assert service.roles(reader.sid).update(permission=["leaveChannel", "sendMessage"]).permissions == [
        "leaveChannel",
        "sendMessage",
    ]
    changed = service.update(
        friendly_name="Clinic 2",
        default_service_role_sid=guest.sid,
        default_channel_role_sid=reader.sid,
        reachability_enabled=True,
        typing_indicator_timeout=3,
        limits_channel_members=50,
        limits_user_channels=60,
        notifications_new_message_enabled=True,
        notifications_new_message_template="${USER}: ${MESSAGE}",
        post_webhook_url="https://example.org/hook",
        webhook_filters=["onMessageSent", "onUserAdded"],
        webhook_method="POST",
    )
    assert (changed.friendly_name, changed.reachability_enabled) == ("Clinic 2", True)
    assert changed.limits == {"channel_members": 50, "user_channels": 60}
    assert changed.webhook_filters == ["onMessageSent", "onUserAdded"]
    assert changed.notifications["new_message"] == {"enabled": True, "template": "${USER}: ${MESSAGE}"}
    assert service.users.create(identity="ann").role_sid == guest.sid
    with refused(409, 50201):
        service.users.create(identity="ann")
    with refused(409, 20409):
        service.roles(guest.sid).delete()
    credential = library.chat.credentials.create(type="fcm", friendly_name="phones", secret="a-server-key")
    held = library.chat.credentials(credential.sid)
    assert held.update(friendly_name="all phones").friendly_name == "all phones"
    assert credential.sid in [each.sid for each in library.chat.credentials.list()]
    assert held.delete() is True
    assert service.delete() is True
    with refused(404, 20404):
        service.fetch()


def private_channel_with_roles(library: Library) -> None:
    """A teacher and two pupils share a room; what each may do there is a matter of roles."""
    with library.service() as service:
        teacher = service.roles.create(
            friendly_name="teacher", type="channel", permission=["sendMessage", "removeMember", "deleteAnyMessage"]
        )
        moment = datetime(2015, 7, 30, 20, tzinfo=UTC)
        channel = service.channels.create(
            unique_name="class-7b", friendly_name="7 b", type="private", date_created=moment, created_by="ms-lee"
        )
        room = service.channels("class-7b")
        assert (room.fetch().sid, channel.type, channel.date_created) == (channel.sid, "private", moment)
        room.members.create(identity="ms-lee", role_sid=teacher.sid)
        for identity in ("pia", "quentin"):
            room.members.create(identity=identity)
        roles = {member.identity: member.role_sid for member in room.members.list()}
        pupil = service.fetch().default_channel_role_sid
        assert roles == {"ms-lee": teacher.sid, "pia": pupil, "quentin": pupil}
        assert room.members("pia").update(role_sid=teacher.sid).role_sid == teacher.sid
        with refused(404, 50101):
            room.members("pia").update(role_sid=service.fetch().default_service_role_sid)
        with refused(409, 50404):
            room.members.create(identity="pia")
        assert [each.sid for each in service.channels.list(type=["private"])] == [channel.sid]
        assert service.channels.list(type=["public"]) == []
        own = service.users("pia").user_channels.list()
        assert [(each.channel_sid, each.status) for each in own] == [(channel.sid, "joined")]
        muted = service.users("pia").user_channels(channel.sid).update(notification_level="muted")
        assert muted.notification_level == "muted"
        assert service.roles(teacher.sid).delete() is True
        assert room.members("ms-lee").fetch().role_sid == pupil
        assert room.delete() is True
        assert service.users("pia").fetch().joined_channels_count == 0


def moderation(library: Library) -> None:
    """Somebody writes what should not be read: it is edited, deleted, and its author leaves."""
    with library.service() as service:
        room = service.channels(service.channels.create(unique_name="plaza").sid)
        for identity in ("troll", "ann"):
            room.members.create(identity=identity)
        spam = [room.messages.create(from_="troll", body=f"spam {number}") for number in range(3)]
        room.messages.create(from_="ann", body="Please stop")
        edited = room.messages(spam[0].sid).update(body="***", last_updated_by="moderator")
        assert (edited.body, edited.was_edited, edited.last_updated_by) == ("***", True, "moderator")
        assert author(edited) == "troll"
        assert room.messages(spam[1].sid).delete() is True
        with refused(404, 20404):
            room.messages(spam[1].sid).fetch()
        assert [message.index for message in room.messages.list()] == [0, 2, 3]
        assert room.members("troll").delete() is True
        with refused(404, 20404):
            room.members("troll").fetch()
        here = room.fetch()
        assert (here.members_count, here.messages_count) == (1, 3)
        assert service.users("troll").fetch().joined_channels_count == 0
        assert service.users("troll").delete() is True
        assert author(room.messages(spam[2].sid).fetch()) == "troll"
        assert room.messages.create(from_="ann", body="Thanks").index == 4


def invites(library: Library) -> None:
    """People are asked in; one is added, one is not asked any more."""
    with library.service() as service:
        room = service.channels(service.channels.create(unique_name="party", type="private").sid)
        with refused(404, 20404):
            room.invites.create(identity="ann")
        for identity in ("ann", "bob"):
            service.users.create(identity=identity)
        admin = service.fetch().default_channel_creator_role_sid
        made = room.invites.create(identity="ann", role_sid=admin)
        other = room.invites.create(identity="bob")
        assert (made.created_by, made.role_sid, room.fetch().members_count) == ("system", admin, 0)
        with refused(409, 50212):
            room.invites.create(identity="ann")
        assert [invite.sid for invite in room.invites.list(identity=["bob", "nobody"])] == [other.sid]
        assert [each.status for each in service.users("ann").user_channels.list()] == ["invited"]
        assert room.members.create(identity="ann").role_sid == admin
        assert room.invites(other.sid).fetch().identity == "bob"
        assert room.invites(other.sid).delete() is True
        assert room.invites.list() == []
        assert service.users("bob").user_channels.list() == []
        with refused(409, 50404):
            room.invites.create(identity="ann")


STORIES: Final[tuple[Callable[[Library], None], ...]] = (onboarding, private_channel_with_roles, moderation, invites)
