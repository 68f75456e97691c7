"""A node without sockets, database and broker: real peers, sessions, attendance and standing between fakes."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

from chatcore.commands.chat import Chat
from chatcore.domain.blueprint import new_service
from chatcore.domain.errors import ChatError
from chatcore.domain.ids import Identity, RoleSid
from chatcore.domain.model import Actor, Position, Service, User
from gateway.hub.attendance import Attendance
from gateway.hub.standing import Standing
from gateway.sdkhttp.exchange import SdkRequest, SdkResponse
from gateway.sockets.endpoint import Link, frame
from gateway.sockets.tasks import Tasks
from gateway.twilsock.peer import REFUSAL_DELAY, TwilsockPeer
from gateway.twilsock.room_services import RoomServices, RoomSettings
from gateway.twilsock.session import Session
from tests.support.twilsock import SYNC, TYPING, Frame, Json, decode, encode
from tests.support.virtual_time import EPOCH, LoopClock, settled
from tests.unit.gateway.centrifuge import fakes
from tests.unit.gateway.hub.facts import Facts
from tests.unit.gateway.hub.fakes import FakeBroker


class FakeLink(fakes.FakeLink):
    """In binary."""

    def frame(self, payload: bytes) -> bytes:
        return frame(payload, False)


class FakeUpstream:
    """Answers with what it was asked. Requests whose path begins with `/wait` stay until their gate is opened."""

    def __init__(self) -> None:
        self.requests: list[SdkRequest] = []
        self.running: list[str] = []
        self.done: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.session: Session | None = None  # of the last request

    def gate(self, path: str) -> asyncio.Event:
        return self.gates.setdefault(path, asyncio.Event())

    async def __call__(self, request: SdkRequest) -> SdkResponse:
        self.requests.append(request)
        name = f"{request.method} {request.path}"
        self.running.append(name)
        if request.path == "/boom":
            raise RuntimeError("unforeseen")
        if request.path.startswith("/wait") or request.path in self.gates:
            await self.gate(request.path).wait()
        self.running.remove(name)
        self.done.append(name)
        if request.path == "/none":
            return SdkResponse(status=204)
        status = 404 if request.path == "/missing" else 201 if request.method == "POST" else 200
        return SdkResponse(status=status, body=json.dumps({"path": request.path}).encode())


@dataclass(slots=True, eq=False)
class Client:
    """One connection."""

    link: FakeLink
    peer: TwilsockPeer
    read: int = 0
    ids: int = 0
    everything: list[Frame] = field(default_factory=list)

    async def new(self) -> list[Frame]:
        """Frames since the last call, once everybody has run who can."""
        await settled()
        fresh = [decode(fakes.payload_of(framed)) for framed in self.link.sent[self.read :]]
        self.read = len(self.link.sent)
        self.everything += fresh
        return fresh

    def say(self, method: str, payload: bytes = b"", **fields: Any) -> str:
        """The frame's id."""
        self.ids += 1
        self.peer.received(encode({"method": method, "id": f"TM{self.ids}", **fields}, payload))
        return f"TM{self.ids}"

    async def ask(self, method: str, payload: bytes = b"", **fields: Any) -> Frame:
        """The one reply."""
        number = self.say(method, payload, **fields)
        if method == "init":
            await asyncio.sleep(REFUSAL_DELAY + 0.01)
        replies = [f for f in await self.new() if f.header["method"] == "reply" and f.header["id"] == number]
        assert len(replies) == 1, (method, replies, self.link.closed)
        return replies[0]

    async def init(self, token: str = "alice", types: tuple[str, ...] | None = (SYNC, TYPING), **fields: Any) -> Json:
        """The status of the reply."""
        registrations = None if types is None else [{"product": "ip_messaging", "message_types": list(types)}]
        reply = await self.ask("init", token=token, registrations=registrations, **fields)
        status: Json = reply.header["status"]
        return status

    def request(self, method: str, path: str, payload: bytes = b"", **http: Any) -> str:
        return self.say("message", payload, http_request={"method": method, "path": path, **http})

    async def answer(self, method: str, path: str, payload: bytes = b"", **http: Any) -> Frame:
        number = self.request(method, path, payload, **http)
        (reply,) = [f for f in await self.new() if f.header["id"] == number]
        return reply

    @property
    def session(self) -> Session:
        assert self.peer.session is not None
        return self.peer.session

    def is_open(self) -> bool:
        return self.link.closed is None

    def is_read(self) -> bool:
        return not self.link.paused

    def drop(self) -> None:
        """The socket is gone."""
        self.link.drop()
        self.peer.closed(1006, "")


class Stage:
    """Tokens are identities, see FakeTokens."""

    def __init__(self, tasks: Tasks) -> None:
        self.clock = LoopClock()
        self.presence, self.tokens, self.upstream = fakes.FakePresence(), fakes.FakeTokens(), FakeUpstream()
        self.attendance = Attendance(self.presence, FakeBroker(), self.clock)
        self.facts = Facts()
        self.standing = Standing(self.facts)
        self.service: Service = new_service(fakes.ACCOUNT, "Chat", fakes.SERVICE, EPOCH)[0]
        self.counted: list[tuple[str, str]] = []
        self.refusal: ChatError | None = None  # of whoever logs in
        self.tasks = tasks
        chat = SimpleNamespace(
            services=SimpleNamespace(settings=self._settings), users=SimpleNamespace(connected=self._connected)
        )
        self.services = RoomServices(
            chat=cast("Chat", chat),
            attendance=self.attendance,
            standing=self.standing,
            tokens=self.tokens,
            upstream=self.upstream,
            clock=self.clock,
            settings=RoomSettings(command_rate=0, command_burst=0),
            start=tasks.start,
            count=lambda name, outcome, _seconds: self.counted.append((name, outcome)),
        )

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls) -> AsyncIterator[Stage]:
        async with Tasks() as tasks:
            stage = cls(tasks)
            work = [asyncio.create_task(run) for run in (stage.attendance.run(), stage.standing.run())]
            try:
                yield stage
            finally:
                assert not any(task.done() for task in work)
                for task in work:
                    task.cancel()
                await asyncio.wait(work)

    def pace(self, rate: float, burst: float) -> None:
        self.services = replace(self.services, settings=RoomSettings(command_rate=rate, command_burst=burst))

    def client(self) -> Client:
        link = FakeLink()
        peer = TwilsockPeer(cast("Link", link), self.services)
        link.on_close = peer.closed
        return Client(link, peer)

    async def entered(self, token: str = "alice", types: tuple[str, ...] | None = (SYNC, TYPING)) -> Client:
        client = self.client()
        assert (await client.init(token, types))["code"] == 200
        return client

    async def assert_left_nothing(self) -> None:
        await settled()
        assert self.presence.entries == {}
        assert self.standing._holders == {}

    async def _settings(self, actor: Actor) -> Service:
        if self.refusal is not None:
            raise self.refusal
        return self.service

    async def _connected(self, actor: Actor, identity: Identity, role_sid: str | None) -> User:
        return User(
            sid=fakes.user_sid(identity),
            service_sid=fakes.SERVICE,
            identity=identity,
            role_sid=RoleSid("RL1"),
            friendly_name=None,
            attributes="{}",
            joined_channels_count=0,
            date_created=EPOCH,
            date_updated=EPOCH,
            rev=0,
            info_position=1,
            stream=Position(offset=0, epoch="e"),
        )
