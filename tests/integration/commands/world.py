"""A service, its people, and the commands of one node over a real store."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from chatcore.commands.channels import ChannelDraft
from chatcore.commands.chat import Chat, build
from chatcore.commands.membership import MemberDraft
from chatcore.commands.rates import Rates
from chatcore.commands.sending import SendDraft
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.events import Announcement, Event, Signal, Topic, channel_topic, user_topic
from chatcore.domain.ids import AccountSid, ChannelSid, Identity, RoleSid, new_sid
from chatcore.domain.model import UNSET, Actor, Channel, ChannelType, Member, Message, Service, Unset, User
from chatcore.domain.paging import Window
from chatcore.domain.permissions import RoleType
from chatcore.domain.snapshot import Facts
from chatcore.domain.webhooks import Action
from chatcore.ports.hooks import BeforeHook, Changes, Look
from chatcore.ports.store import Store
from chatcore.store.admin import Admin
from chatcore.store.postgres import PostgresStore
from tests.support.patience import PATIENCE

ALL = Window(limit=1000)
START = datetime(2026, 5, 17, 12, 0, tzinfo=UTC)


class Seconds:
    """A clock that moves a millisecond whenever it is read, and further when told."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        self.passed += 0.001
        return START + timedelta(milliseconds=round(self.passed * 1000))

    def monotonic(self) -> float:
        return 1000.0 + self.passed


@dataclass(slots=True)
class Recorder:
    """A publisher that keeps everything; `calls` are what was published together."""

    calls: list[list[Announcement]] = field(default_factory=list)

    def publish(self, announcements: Sequence[Announcement]) -> None:
        if announcements:
            self.calls.append(list(announcements))

    def events(self, topic: Topic) -> list[Event]:
        return [a for call in self.calls for a in call if isinstance(a, Event) and a.topic == topic]

    @property
    def signals(self) -> list[Signal]:
        return [a for call in self.calls for a in call if isinstance(a, Signal)]


class Hook:
    """A before-hook that changes or refuses what the test says, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Action, Facts | None]] = []
        self.answers: dict[Action, dict[str, str]] = {}
        self.refused: set[Action] = set()
        self.curious = True
        """Looks at what every action is about, which takes a read: actions at the same time lose their order."""

    def asks(self, actor: Actor, service: Service, action: Action) -> bool:
        return True

    async def before(self, actor: Actor, action: Action, look: Look) -> Changes:
        self.asked.append((action, await look() if self.curious else None))
        if action in self.refused:
            raise ChatError(Code.WEBHOOK_REJECTED, "no")
        return self.answers.get(action, {})


class _Open:
    def seal(self, secret: str) -> bytes:
        return secret.encode()

    def open(self, sealed: bytes) -> str:
        return sealed.decode()


@dataclass(slots=True, kw_only=True)
class World:
    """One service of one account, seen through the commands of one node."""

    store: Store
    pool: asyncpg.Pool
    chat: Chat
    clock: Seconds
    published: Recorder
    hook: Hook
    service: Service
    rest: Actor  # a REST caller

    # People.

    def as_(self, identity: str) -> Actor:
        """A client, whether its user exists or not."""
        return replace(self.rest, identity=Identity(identity))

    async def user(self, identity: str) -> Actor:
        """A connected client."""
        actor = self.as_(identity)
        user = await self.chat.users.connected(actor, Identity(identity), None)
        return replace(actor, user_sid=user.sid)

    async def profile(self, identity: str) -> User:
        return await self.chat.users.get(self.rest, identity)

    async def role(self, kind: RoleType, *permissions: str) -> RoleSid:
        return (await self.chat.roles.create(self.rest, "made for a test", kind.value, permissions)).sid

    # Places.

    async def channel(
        self, *members: str, unique_name: str | None = None, private: bool = False, created_by: str | Unset = UNSET
    ) -> Channel:
        """Made through REST, with these members."""
        draft = ChannelDraft(
            unique_name=unique_name, type=ChannelType.PRIVATE if private else ChannelType.PUBLIC, created_by=created_by
        )
        channel, _ = await self.chat.channels.create(self.rest, draft)
        for identity in members:
            await self.add(channel, identity)
        return await self.now(channel)

    async def add(self, channel: Channel, identity: str, role_sid: str | Unset = UNSET) -> Member:
        draft = MemberDraft(role_sid=role_sid)
        return await self.chat.members.add(self.rest, channel.sid, identity, draft)

    async def now(self, channel: Channel | ChannelSid) -> Channel:
        """The channel as it is."""
        sid = channel if isinstance(channel, str) else channel.sid
        return (await self.chat.channels.get(self.rest, sid)).channel

    async def send(self, channel: Channel, body: str = "hello", *, by: Actor | None = None, **more: Any) -> Message:
        # Any: fields of a SendDraft
        draft = SendDraft(channel=channel.sid, body=body, **more)
        return (await self.chat.messages.send(by or self.rest, draft)).message

    # What happened.

    async def log(self, topic: Topic) -> list[Event]:
        return list(await self.store.read.events.since(topic, 0, limit=10_000))

    async def channel_log(self, channel: Channel) -> list[dict[str, Any]]:
        """Payloads, with their offsets."""
        return [decoded(event) for event in await self.log(channel_topic(channel.sid))]

    async def user_log(self, identity: str) -> list[dict[str, Any]]:
        return [decoded(event) for event in await self.log(user_topic((await self.profile(identity)).sid))]

    async def jobs(self) -> list[dict[str, Any]]:
        rows = await self.pool.fetch("SELECT job FROM outbox WHERE service_sid = $1 ORDER BY id", self.service.sid)
        return [row["job"] for row in rows]

    async def configure(self, **fields: Any) -> None:
        """Changes fields of the service."""
        held = self.service
        self.service = await self.chat.services.update(
            held.account_sid, held.sid, lambda service: replace(service, **fields)
        )


def decoded(announcement: Announcement) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(announcement.payload)
    assert payload["type"] == announcement.type.value
    if isinstance(announcement, Event):
        payload["offset"] = announcement.offset
    return payload


@contextlib.asynccontextmanager
async def node(
    store: Store, *, channel_rate: float = 0, service_rate: float = 0, hook: BeforeHook | None = None
) -> AsyncIterator[tuple[Chat, Recorder, Seconds]]:
    """The commands of one node at work."""
    clock, published = Seconds(), Recorder()
    rates = Rates(clock, channel=channel_rate, service=service_rate)
    chat = build(store, published, clock, hook or Hook(), rates, limit_ceiling=1000)
    batches = asyncio.create_task(chat.run())
    try:
        yield chat, published, clock
    finally:
        assert not batches.done()
        batches.cancel()
        await asyncio.wait([batches])


@contextlib.asynccontextmanager
async def new_world(
    store: Store, *, pool: asyncpg.Pool | None = None, channel_rate: float = 0, service_rate: float = 0
) -> AsyncIterator[World]:
    """`pool` where the store is not the real one itself."""
    if pool is None:
        assert isinstance(store, PostgresStore)
        pool = store.pool
    hook = Hook()
    async with node(store, channel_rate=channel_rate, service_rate=service_rate, hook=hook) as (chat, published, clock):
        account = await Admin(pool, _Open()).create_account("Acme")
        service = await chat.services.create(AccountSid(account.sid), "Chat")
        rest = Actor(account_sid=AccountSid(account.sid), service_sid=service.sid)
        yield World(
            store=store, pool=pool, chat=chat, clock=clock, published=published, hook=hook, service=service, rest=rest
        )


@contextlib.contextmanager
def refused(code: Code) -> Any:  # Any: a context manager without a value
    with pytest.raises(ChatError) as caught:
        yield
    assert caught.value.code is code, caught.value.message


def unknown(prefix: str) -> str:
    """A SID of nothing."""
    return new_sid(prefix)


async def waits_for_a_lock(world: World, command: asyncio.Future[Any]) -> None:
    """Returns once somebody waits for a lock of this database, which has to be `command`."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with asyncio.timeout(PATIENCE):
        while not await world.pool.fetchval(waiting):
            assert not command.done(), "it has to wait"
