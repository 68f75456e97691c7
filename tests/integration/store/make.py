"""Rows for tests, made through the repositories; every function takes what matters and fills in the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from chatcore.domain.blueprint import new_service
from chatcore.domain.events import Event, EventType, channel_topic
from chatcore.domain.ids import (
    AccountSid,
    ChannelSid,
    Identity,
    InviteSid,
    MemberSid,
    MessageSid,
    ServiceSid,
    UserSid,
    new_epoch,
    new_sid,
)
from chatcore.domain.jobs import Job
from chatcore.domain.model import (
    Channel,
    ChannelType,
    Invite,
    LastMessage,
    Member,
    Message,
    NotificationLevel,
    Position,
    Service,
    User,
)
from chatcore.ports.clock import SystemClock
from chatcore.store.admin import Admin
from chatcore.store.postgres import PostgresStore

NOW = datetime(2026, 5, 17, 12, 30, 15, 123000, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


class PlainBox:
    """Seals by adding a mark."""

    def seal(self, secret: str) -> bytes:
        return b"sealed:" + secret.encode()

    def open(self, sealed: bytes) -> str:
        return sealed.removeprefix(b"sealed:").decode()


async def service(store: PostgresStore) -> Service:
    account = await Admin(store.pool, PlainBox()).create_account("Acme")
    made, roles = new_service(AccountSid(account.sid), "Chat", ServiceSid(new_sid("IS")), SystemClock().now())
    async with store.transaction() as tx:
        await tx.services.create(made, roles)
    return made


def a_user(service: Service, identity: str) -> User:
    return User(
        sid=UserSid(new_sid("US")),
        service_sid=service.sid,
        identity=Identity(identity),
        friendly_name=None,
        attributes="{}",
        role_sid=service.default_service_role_sid,
        joined_channels_count=0,
        date_created=NOW,
        date_updated=NOW,
        rev=0,
        info_position=1,
        stream=Position(offset=0, epoch=new_epoch()),
    )


async def user(store: PostgresStore, service: Service, identity: str) -> User:
    made = a_user(service, identity)
    await store.read.users.create(made)
    return made


def a_channel(
    service: Service,
    unique_name: str | None = None,
    *,
    kind: ChannelType = ChannelType.PUBLIC,
    date_created: datetime = NOW,
) -> Channel:
    return Channel(
        sid=ChannelSid(new_sid("CH")),
        service_sid=service.sid,
        friendly_name=None,
        unique_name=unique_name,
        type=kind,
        attributes="{}",
        created_by="system",
        members_count=0,
        messages_count=0,
        next_index=0,
        last_message=None,
        last_message_sid=None,
        date_created=date_created,
        date_updated=date_created,
        rev=0,
        stream=Position(offset=0, epoch=new_epoch()),
    )


async def channel(
    store: PostgresStore,
    service: Service,
    unique_name: str | None = None,
    *,
    kind: ChannelType = ChannelType.PUBLIC,
    date_created: datetime = NOW,
) -> Channel:
    made = a_channel(service, unique_name, kind=kind, date_created=date_created)
    await store.read.channels.create(made)
    return made


async def member(
    store: PostgresStore,
    service: Service,
    channel: Channel,
    user: User,
    *,
    horizon: int | None = None,
    date_created: datetime = NOW,
) -> Member:
    made = Member(
        sid=MemberSid(new_sid("MB")),
        channel_sid=channel.sid,
        service_sid=service.sid,
        user_sid=user.sid,
        identity=user.identity,
        role_sid=service.default_channel_role_sid,
        attributes="{}",
        notification_level=NotificationLevel.DEFAULT,
        last_consumed_message_index=horizon,
        last_consumption_timestamp=None if horizon is None else NOW,
        date_created=date_created,
        date_updated=date_created,
        rev=1,
        roster_created=1,
        roster_position=1,
        own_created=1,
        own_position=1,
    )
    await store.read.members.insert(made)
    return made


async def invite(
    store: PostgresStore, service: Service, channel: Channel, user: User, *, date_created: datetime = NOW
) -> Invite:
    made = Invite(
        sid=InviteSid(new_sid("IN")),
        channel_sid=channel.sid,
        service_sid=service.sid,
        user_sid=user.sid,
        identity=user.identity,
        role_sid=service.default_channel_role_sid,
        created_by="system",
        date_created=date_created,
        date_updated=date_created,
        own_position=1,
    )
    await store.read.invites.insert(made)
    return made


def a_message(channel: Channel, body: str | None, *, author: str = "alice", ref: str | None = None) -> Message:
    """The next one of the channel."""
    return Message(
        sid=MessageSid(new_sid("IM")),
        channel_sid=channel.sid,
        service_sid=channel.service_sid,
        index=channel.next_index,
        author=author,
        body=body,
        media=(),
        attributes="{}",
        was_edited=False,
        last_updated_by=None,
        client_ref=ref,
        date_created=NOW,
        date_updated=NOW,
        rev=channel.stream.offset + 1,
        created_rev=channel.stream.offset + 1,
    )


def an_event(message: Message) -> Event:
    payload = f'{{"index":{message.index}}}'.encode()
    topic = channel_topic(message.channel_sid)
    return Event(topic=topic, offset=message.rev, type=EventType.MESSAGE_ADDED, payload=payload)


def advanced(channel: Channel, message: Message) -> Channel:
    return replace(
        channel,
        next_index=message.index + 1,
        messages_count=channel.messages_count + 1,
        last_message=LastMessage(index=message.index, date_created=message.date_created),
        last_message_sid=message.sid,
        stream=replace(channel.stream, offset=message.rev),
    )


async def messages(
    store: PostgresStore, channel: Channel, count: int, *, jobs: Sequence[Job] = ()
) -> tuple[Channel, list[Message]]:
    """Sends that many; returns the channel as it is afterwards."""
    made = []
    for number in range(count):
        made.append(a_message(channel, f"message {number}"))
        channel = advanced(channel, made[-1])
    async with store.transaction() as tx:
        await tx.messages.insert_many(made, [an_event(m) for m in made], [channel], jobs)
    return channel, made


async def delete_message(store: PostgresStore, channel: Channel, message: Message) -> Channel:
    channel = replace(channel, messages_count=channel.messages_count - 1)
    async with store.transaction() as tx:
        await tx.messages.delete(message)
        await tx.channels.save(channel)
    return channel
