"""Nodes without sockets over one real database, joined by a broker in memory that loses and reorders when told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from chatcore.auth.tokens import Grant, TokenKind
from chatcore.commands.chat import Chat, build
from chatcore.commands.rates import Rates
from chatcore.domain.events import Announcement, Topic
from chatcore.domain.ids import AccountSid, Identity, KeySid, new_sid
from chatcore.domain.model import Actor, Service
from chatcore.ports.clock import SystemClock
from chatcore.ports.hooks import NullHook
from chatcore.store.admin import Admin
from chatcore.store.postgres import PostgresStore
from chatcore.store.standing import Standing as StandingReader
from gateway.centrifuge import codec_json, presence
from gateway.centrifuge.encode import Encoders
from gateway.centrifuge.messages import Command
from gateway.centrifuge.peer import CentrifugePeer, ping_frame
from gateway.centrifuge.room_services import RoomServices, RoomSettings
from gateway.hub.attendance import Attendance
from gateway.hub.hub import Hub
from gateway.hub.relay import Relay
from gateway.hub.standing import Standing
from gateway.sockets.endpoint import Link
from gateway.sockets.inbox import Inbox
from gateway.sockets.tasks import Tasks
from tests.support.patience import until
from tests.unit.gateway.centrifuge.fakes import FakeLink, FakePresence, fan_out, payload_of
from tests.unit.gateway.hub.fakes import FakeBroker

Json = dict[str, Any]


class Wire:
    """Between the nodes. `loss` is the share of deliveries that get lost, `delay` the longest time one takes."""

    def __init__(self) -> None:
        self.brokers: list[LocalBroker] = []
        self.random = random.Random(1)
        self.loss = 0.0
        self.delay = 0.0

    def spread(self, announcements: Sequence[Announcement]) -> None:
        loop = asyncio.get_running_loop()
        for broker in self.brokers:
            for announcement in announcements:
                if announcement.topic in broker.topics and self.random.random() >= self.loss:
                    loop.call_later(self.random.random() * self.delay, broker.receive, announcement)


class LocalBroker(FakeBroker):
    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire
        self._responder: Callable[[Topic, bytes], bytes | None] = lambda _topic, _question: None
        wire.brokers.append(self)

    def publish(self, announcements: Sequence[Announcement]) -> None:
        self._wire.spread(announcements)

    def answer(self, responder: Callable[[Topic, bytes], bytes | None]) -> None:
        self._responder = responder

    async def ask(self, topic: Topic, question: bytes, *, patience: float) -> list[bytes]:
        answers = [b._responder(topic, question) for b in self._wire.brokers if topic in b.topics]
        return [answer for answer in answers if answer is not None]


class Tokens:
    """A token is an identity."""

    def __init__(self, service: Service, key_sid: str) -> None:
        self._service = service
        self._key_sid = KeySid(key_sid)

    async def verify(self, token: str) -> Grant:
        return Grant(
            kind=TokenKind.ACCESS,
            account_sid=self._service.account_sid,
            key_sid=self._key_sid,
            service_sid=self._service.sid,
            identity=Identity(token),
            expires_at=None,
        )


class Plain:
    def seal(self, secret: str) -> bytes:
        return secret.encode()

    def open(self, sealed: bytes) -> str:
        return sealed.decode()


@dataclass(slots=True, eq=False)
class Node:
    chat: Chat
    hub: Hub
    broker: LocalBroker
    services: RoomServices
    encoders: Encoders
    tasks: Tasks
    failures: list[str]  # commands that were answered with an internal error

    def client(self) -> Client:
        link = FakeLink()

        def make_inbox(link: Link, handle: Any) -> Inbox[Command]:  # Any: the peer's own method
            return Inbox(link, self.tasks, handle)

        peer = CentrifugePeer(cast("Link", link), self.services, self.encoders, ping_frame(self.encoders), make_inbox)
        link.on_close = peer.closed
        return Client(link, peer)


@dataclass(slots=True, eq=False)
class Client:
    """One connection. `pushes` collects what came by itself, in order."""

    link: FakeLink
    peer: CentrifugePeer
    ids: int = 0
    read: int = 0
    replies: dict[int, Json] = field(default_factory=dict)
    pushes: list[Json] = field(default_factory=list)

    def take(self) -> None:
        """Reads what was sent since."""
        fresh, self.read = self.link.sent[self.read :], len(self.link.sent)
        for framed in fresh:
            for line in payload_of(framed).split(b"\n"):
                message = json.loads(line)
                if "push" in message:
                    self.pushes.append(message["push"])
                else:
                    self.replies[message["id"]] = message

    async def ask(self, name: str, **fields: Any) -> Json:  # Any: JSON
        """The reply; pushes that came before it are in `pushes`."""
        self.ids += 1
        self.peer.received(json.dumps({"id": self.ids, name: fields}).encode())

        def answered() -> bool:
            self.take()
            return self.ids in self.replies or self.link.closed is not None

        await until(answered)
        assert self.ids in self.replies, self.link.closed
        return self.replies.pop(self.ids)

    async def connect(self, identity: str, **fields: Any) -> Json:  # Any: JSON
        reply = await self.ask("connect", token=identity, **fields)
        result: Json = reply["connect"]
        return result

    async def call(self, method: str, **params: Any) -> Json:  # Any: JSON
        """The result of an RPC."""
        reply = await self.ask("rpc", method=method, data=params)
        assert "rpc" in reply, (method, reply)
        result: Json = reply["rpc"]["data"]
        return result

    async def code(self, method: str, **params: Any) -> int:  # Any: JSON
        """Of the error an RPC is answered with."""
        reply = await self.ask("rpc", method=method, data=params)
        assert "error" in reply, (method, reply)
        return int(reply["error"]["code"])

    async def event(self, channel: str, kind: str) -> Json:
        """The next publication of that type, taken out of `pushes`."""

        def find() -> Json | None:
            self.take()
            for push in self.pushes:
                if push["channel"] == channel and "pub" in push and push["pub"]["data"]["type"] == kind:
                    return push
            return None

        await until(find)
        found = find()
        assert found is not None
        self.pushes.remove(found)
        data: Json = {**found["pub"]["data"], "offset": found["pub"].get("offset")}
        return data

    def drop(self) -> None:
        """The socket is gone."""
        self.take()
        self.link.drop()
        self.peer.closed(1006, "")


@dataclass(slots=True, eq=False)
class Rig:
    store: PostgresStore
    wire: Wire
    nodes: list[Node]
    service: Service
    rest: Actor

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, store: PostgresStore, nodes: int = 2) -> AsyncIterator[Rig]:
        admin = Admin(store.pool, Plain())
        wire, account = Wire(), await admin.create_account("Acme")
        key = await admin.create_key(account.sid, "tests")
        async with Tasks() as tasks, contextlib.AsyncExitStack() as stack:
            seen = FakePresence()
            first = await stack.enter_async_context(_node(store, wire, seen, tasks))
            service = await first.chat.services.create(AccountSid(account.sid), "Chat")
            made = [
                first,
                *[await stack.enter_async_context(_node(store, wire, seen, tasks)) for _ in range(nodes - 1)],
            ]
            for node in made:
                object.__setattr__(node.services, "tokens", Tokens(service, key.sid))
            rest = Actor(account_sid=service.account_sid, service_sid=service.sid)
            yield cls(store, wire, made, service, rest)
            assert [failure for node in made for failure in node.failures] == []

    async def connected(self, identity: str, node: int = 0, mode: str = "joined") -> Client:
        client = self.nodes[node].client()
        await client.connect(identity, data={"subscribe": mode})
        return client


@contextlib.asynccontextmanager
async def _node(store: PostgresStore, wire: Wire, seen: FakePresence, tasks: Tasks) -> AsyncIterator[Node]:
    clock, broker = SystemClock(), LocalBroker(wire)
    chat = build(store, broker, clock, NullHook(), Rates(clock, channel=0, service=0), limit_ceiling=1000)
    hub, failures = Hub(fan_out), list[str]()
    attendance = Attendance(seen, broker, clock)
    standing = Standing(StandingReader(store.pool))
    relay = Relay(hub, broker, chat.history, clock, on_repair=lambda _: None, on_restored=attendance.announce)
    broker.answer(lambda topic, question: presence.answer(hub, topic, question))

    def count(name: str, outcome: str, _seconds: float) -> None:
        if outcome == "100":
            failures.append(name)

    services = RoomServices(
        chat=chat,
        hub=hub,
        relay=relay,
        attendance=attendance,
        standing=standing,
        tokens=None,  # type: ignore[arg-type]  # set once there is a service
        ask=broker.ask,
        clock=clock,
        settings=RoomSettings(ping_interval=25, command_rate=0, command_burst=0, version="test"),
        start=tasks.start,
        count=count,
    )
    work = [asyncio.create_task(w) for w in (relay.run(), attendance.run(), standing.run(), chat.run())]
    try:
        yield Node(chat, hub, broker, services, Encoders.of(codec_json, hub.tell), tasks, failures)
    finally:
        assert not any(task.done() for task in work)
        for task in work:
            task.cancel()
        await asyncio.wait(work)


def unknown(prefix: str) -> str:
    """A SID of nothing."""
    return new_sid(prefix)
