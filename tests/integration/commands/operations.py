"""What clients may ask, each with the permissions it needs; and the scene in which they ask it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chatcore.commands.channels import ChannelDraft
from chatcore.commands.guests import GuestDraft
from chatcore.commands.members import MemberPatch
from chatcore.commands.membership import MemberDraft
from chatcore.commands.messages import MessagePatch
from chatcore.commands.users import UserDraft
from chatcore.domain.ids import Identity, MediaSid, UserSid, new_sid
from chatcore.domain.media import MediaFile
from chatcore.domain.model import Actor, Channel, MediaCategory, NotificationLevel
from chatcore.domain.permissions import Permission as P
from chatcore.domain.permissions import RoleType

from .world import World

OWN, OTHERS = 0, 1  # indexes of the messages in the channel of a scene


@dataclass(frozen=True, slots=True)
class Scene:
    """alice acts; bob is a member, carol an existing user, dave invited. `role` is some channel role, `file` one that
    alice has uploaded."""

    world: World
    alice: Actor
    channel: Channel
    role: str
    file: str
    own_profile: UserSid
    anothers_profile: UserSid


Act = Callable[[Scene], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Operation:
    """What it needs; whether it is for members only, whatever their roles say; whether it takes place outside of
    channels, where channel roles do not count; whether it is the way into one; and whether public channels have no
    such thing."""

    name: str
    needs: frozenset[P]
    members_only: bool
    outside: bool
    entering: bool
    private: bool
    act: Act

    def __str__(self) -> str:
        return self.name


def operation(
    *needs: P, members_only: bool = False, outside: bool = False, entering: bool = False, private: bool = False
) -> Callable[[Act], Act]:
    def add(act: Act) -> Act:
        OPERATIONS.append(Operation(act.__name__, frozenset(needs), members_only, outside, entering, private, act))
        return act

    return add


OPERATIONS: list[Operation] = []


@operation(P.CREATE_CHANNEL, outside=True)
async def create_channel(s: Scene) -> None:
    await s.world.chat.channels.create(s.alice, ChannelDraft())


@operation(P.EDIT_OWN_USER_INFO, outside=True)
async def change_own_profile(s: Scene) -> None:
    await s.world.chat.users.update(s.alice, s.own_profile, UserDraft(friendly_name="x", attributes="1"))


@operation(P.EDIT_ANY_USER_INFO, outside=True)
async def change_anothers_profile(s: Scene) -> None:
    await s.world.chat.users.update(s.alice, s.anothers_profile, UserDraft(friendly_name="x", attributes="1"))


@operation(P.JOIN_CHANNEL, outside=True, entering=True)
async def join(s: Scene) -> None:
    await s.world.chat.channels.join(s.alice, s.channel.sid)


@operation(P.EDIT_CHANNEL_NAME)
async def rename_channel(s: Scene) -> None:
    await s.world.chat.channels.update(s.alice, s.channel.sid, ChannelDraft(friendly_name="x"))


@operation(P.EDIT_CHANNEL_NAME)
async def change_unique_name(s: Scene) -> None:
    await s.world.chat.channels.update(s.alice, s.channel.sid, ChannelDraft(unique_name=None))


@operation(P.EDIT_CHANNEL_ATTRIBUTES)
async def change_channel_attributes(s: Scene) -> None:
    await s.world.chat.channels.update(s.alice, s.channel.sid, ChannelDraft(attributes="1"))


@operation(P.EDIT_CHANNEL_NAME, P.EDIT_CHANNEL_ATTRIBUTES)
async def change_name_and_attributes(s: Scene) -> None:
    draft = ChannelDraft(friendly_name="x", attributes="1")
    await s.world.chat.channels.update(s.alice, s.channel.sid, draft)


@operation(P.DESTROY_CHANNEL)
async def delete_channel(s: Scene) -> None:
    await s.world.chat.channels.delete(s.alice, s.channel.sid)


@operation(P.LEAVE_CHANNEL, members_only=True)
async def leave(s: Scene) -> None:
    await s.world.chat.channels.leave(s.alice, s.channel.sid)


@operation(P.INVITE_MEMBER)
async def invite(s: Scene) -> None:
    await s.world.chat.invites.create(s.alice, s.channel.sid, "carol")


@operation(P.INVITE_MEMBER, P.ADD_MEMBER, P.REMOVE_MEMBER)
async def invite_with_a_role(s: Scene) -> None:
    await s.world.chat.invites.create(s.alice, s.channel.sid, "carol", s.role)


@operation(P.INVITE_MEMBER)
async def uninvite(s: Scene) -> None:
    await s.world.chat.invites.delete(s.alice, s.channel.sid, "dave")


@operation(P.ADD_MEMBER)
async def add(s: Scene) -> None:
    await s.world.chat.members.add(s.alice, s.channel.sid, "carol", MemberDraft())


@operation(P.ADD_MEMBER, P.REMOVE_MEMBER)
async def add_with_a_role(s: Scene) -> None:
    await s.world.chat.members.add(s.alice, s.channel.sid, "carol", MemberDraft(role_sid=s.role))


@operation(P.REMOVE_MEMBER)
async def remove(s: Scene) -> None:
    await s.world.chat.members.remove(s.alice, s.channel.sid, "bob")


@operation(P.ADD_MEMBER, P.REMOVE_MEMBER)
async def change_a_role(s: Scene) -> None:
    await s.world.chat.members.update(s.alice, s.channel.sid, "bob", MemberPatch(role_sid=s.role))


@operation(P.EDIT_ANY_MEMBER_ATTRIBUTES)
async def change_attributes_of_another_member(s: Scene) -> None:
    await s.world.chat.members.update(s.alice, s.channel.sid, "bob", MemberPatch(attributes="1"))


@operation(P.EDIT_OWN_MEMBER_ATTRIBUTES, members_only=True)
async def change_own_member_attributes(s: Scene) -> None:
    await s.world.chat.members.update(s.alice, s.channel.sid, "alice", MemberPatch(attributes="1"))


@operation(P.SEND_MESSAGE, members_only=True)
async def send(s: Scene) -> None:
    await s.world.send(s.channel, by=s.alice)


@operation(P.SEND_MEDIA_MESSAGE, members_only=True)
async def send_a_file(s: Scene) -> None:
    await s.world.send(s.channel, by=s.alice, media_sids=(s.file,))


@operation(P.ADD_NON_CHAT_PARTICIPANT, private=True)
async def add_an_address(s: Scene) -> None:
    draft = GuestDraft(address="+15550001", proxy_address="+15550002")
    await s.world.chat.guests.add(s.alice, s.channel.sid, draft)


@operation(P.EDIT_NOTIFICATION_LEVEL, members_only=True)
async def notify(s: Scene) -> None:
    await s.world.chat.channels.notify(s.alice, s.channel.sid, NotificationLevel.MUTED)


@operation(P.EDIT_OWN_MESSAGE)
async def edit_own_message(s: Scene) -> None:
    await s.world.chat.messages.update(s.alice, s.channel.sid, OWN, MessagePatch(body="x"))


@operation(P.EDIT_ANY_MESSAGE)
async def edit_a_message_of_another(s: Scene) -> None:
    await s.world.chat.messages.update(s.alice, s.channel.sid, OTHERS, MessagePatch(body="x"))


@operation(P.EDIT_OWN_MESSAGE_ATTRIBUTES)
async def change_own_message_attributes(s: Scene) -> None:
    await s.world.chat.messages.update(s.alice, s.channel.sid, OWN, MessagePatch(attributes="1"))


@operation(P.EDIT_ANY_MESSAGE_ATTRIBUTES)
async def change_message_attributes_of_another(s: Scene) -> None:
    await s.world.chat.messages.update(s.alice, s.channel.sid, OTHERS, MessagePatch(attributes="1"))


@operation(P.EDIT_ANY_MESSAGE, P.EDIT_ANY_MESSAGE_ATTRIBUTES)
async def change_all_of_a_message_of_another(s: Scene) -> None:
    patch = MessagePatch(body="x", attributes="1")
    await s.world.chat.messages.update(s.alice, s.channel.sid, OTHERS, patch)


@operation(P.DELETE_OWN_MESSAGE)
async def delete_own_message(s: Scene) -> None:
    await s.world.chat.messages.delete(s.alice, s.channel.sid, OWN)


@operation(P.DELETE_ANY_MESSAGE)
async def delete_a_message_of_another(s: Scene) -> None:
    await s.world.chat.messages.delete(s.alice, s.channel.sid, OTHERS)


ANYBODYS = {
    P.EDIT_OWN_MESSAGE: P.EDIT_ANY_MESSAGE,
    P.EDIT_OWN_MESSAGE_ATTRIBUTES: P.EDIT_ANY_MESSAGE_ATTRIBUTES,
    P.DELETE_OWN_MESSAGE: P.DELETE_ANY_MESSAGE,
    P.EDIT_OWN_MEMBER_ATTRIBUTES: P.EDIT_ANY_MEMBER_ATTRIBUTES,
    P.EDIT_OWN_USER_INFO: P.EDIT_ANY_USER_INFO,
    P.ADD_NON_CHAT_PARTICIPANT: P.ADD_MEMBER,
}
"""What is included in what."""


def everything_but(permissions: frozenset[P]) -> frozenset[P]:
    included = {wider for narrow, wider in ANYBODYS.items() if narrow in permissions}
    return frozenset(P) - permissions - included


async def scene(
    world: World,
    *,
    deployment: frozenset[P] = frozenset(),
    in_channel: frozenset[P] | None = frozenset(),
    private: bool = False,
) -> Scene:
    """`in_channel` are the permissions of alice's channel role; None where she is not a member."""
    alice = await world.user("alice")
    role = await world.role(RoleType.CHANNEL)
    await world.chat.users.update(
        world.rest, "alice", UserDraft(role_sid=await world.role(RoleType.DEPLOYMENT, *deployment))
    )
    channel = await world.channel("bob", private=private)
    for name in ("carol", "dave"):
        await world.user(name)
    await world.chat.invites.create(world.rest, channel.sid, "dave")
    for author in ("alice", "bob"):
        await world.send(channel, author=author)
    if in_channel is not None:
        await world.add(channel, "alice", await world.role(RoleType.CHANNEL, *in_channel))
    profiles = [(await world.profile(name)).sid for name in ("alice", "bob")]
    return Scene(world, alice, await world.now(channel), role, await _file(world), *profiles)


async def _file(world: World) -> str:
    now = world.clock.now()
    file = MediaFile(
        sid=MediaSid(new_sid("ME")),
        service_sid=world.service.sid,
        author=Identity("alice"),
        category=MediaCategory.MEDIA,
        content_type="image/png",
        filename=None,
        size=1,
        multipart=False,
        channel_sid=None,
        message_sid=None,
        message_index=None,
        uploaded_at=now,
        date_created=now,
        date_updated=now,
    )
    async with world.store.transaction() as tx:
        await tx.media.insert(file)
    return file.sid
