"""A node without sockets, database and broker: real hub, relay and sessions between fakes of the ports."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

from chatcore.commands.chat import Chat
from chatcore.domain import serial
from chatcore.domain.blueprint import new_service
from chatcore.domain.events import Announcement, Event, EventType, Topic, channel_topic, topic_sid, user_topic
from chatcore.domain.ids import ChannelSid, Identity, RoleSid, UserSid
from chatcore.domain.model import Actor, Channel, ChannelType, Position, Service, User
from gateway.centrifuge import codec_json
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
from tests.support.virtual_time import EPOCH, LoopClock, settled
from tests.unit.gateway.hub.facts import Facts
from tests.unit.gateway.hub.fakes import FakeBroker, FakeLog

from .fakes import (
    ACCOUNT,
    SERVICE,
    FakeHistory,
    FakeLink,
    FakePresence,
    FakeTokens,
    Json,
    channel_sid,
    fan_out,
    member,
    payload_of,
    user_sid,
)


@dataclass(slots=True, eq=False)
class Client:
    """One connection, in JSON."""

    link: FakeLink
    peer: CentrifugePeer
    read: int = 0
    ids: int = 0
    everything: list[Json] = field(default_factory=list)

    async def new(self) -> list[Json]:
        """Messages since the last call, once everybody has run who can."""
        await settled()
        fresh = [json.loads(line) for framed in self.link.sent[self.read :] for line in payload_of(framed).split(b"\n")]
        self.read = len(self.link.sent)
        self.everything += fresh
        return fresh

    def say(self, *commands: Json) -> None:
        """All in one frame."""
        self.peer.received(b"\n".join(json.dumps(command).encode() for command in commands))

    async def ask(self, name: str, **fields: Any) -> Json:  # Any: JSON
        """The one reply."""
        self.ids += 1
        self.say({"id": self.ids, name: fields})
        replies = [m for m in await self.new() if m.get("id") == self.ids]
        assert len(replies) == 1, (name, replies, self.link.closed)
        return replies[0]

    async def code(self, name: str, **fields: Any) -> int:  # Any: JSON
        """Of the error reply."""
        reply = await self.ask(name, **fields)
        assert set(reply) == {"id", "error"}, reply
        assert reply["error"]["message"]
        return int(reply["error"]["code"])

    async def connect(self, token: str = "alice", **fields: Any) -> Json:  # Any: JSON
        reply = await self.ask("connect", token=token, **fields)
        assert "connect" in reply, reply
        result: Json = reply["connect"]
        return result

    async def pushes(self) -> list[tuple[str, str, Any]]:
        """Channel, kind and content of the new pushes; publications as (offset, type)."""
        found = []
        for message in await self.new():
            push = message["push"]
            if "pub" in push:
                pub = push["pub"]
                found.append((push["channel"], "pub", (pub.get("offset", 0), pub["data"]["type"])))
            else:
                kind = "subscribe" if "subscribe" in push else "unsubscribe"
                found.append((push["channel"], kind, push[kind]))
        return found

    def is_open(self) -> bool:
        return self.link.closed is None

    def drop(self) -> None:
        """The socket is gone."""
        self.link.drop()
        self.peer.closed(1006, "")


class Stage:
    """`members` are the channels that exist, with the SIDs of their users."""

    def __init__(self, tasks: Tasks) -> None:
        self.log, self.broker, self.presence, self.tokens = FakeLog(), FakeBroker(), FakePresence(), FakeTokens()
        self.clock = LoopClock()
        self.hub = Hub(fan_out)
        self.history = FakeHistory(self)
        self.relay = Relay(
            self.hub, self.broker, self.log, self.clock, on_repair=lambda _: None, on_restored=lambda: None
        )
        self.members: dict[ChannelSid, set[UserSid]] = {}
        self.service: Service = new_service(ACCOUNT, "Chat", SERVICE, EPOCH)[0]
        self.counted: list[tuple[str, str]] = []
        self.typed: list[str] = []
        self.attendance = Attendance(self.presence, self.broker, self.clock)
        self.facts = Facts()
        self.standing = Standing(self.facts)
        self.tasks = tasks
        chat = SimpleNamespace(
            services=SimpleNamespace(settings=self._settings),
            users=SimpleNamespace(connected=self._connected),
            history=self.history,
            typing=SimpleNamespace(start=self._typing),
            messages=SimpleNamespace(begin_send=lambda actor, draft: None),
        )
        self.services = RoomServices(
            chat=cast("Chat", chat),
            hub=self.hub,
            relay=self.relay,
            attendance=self.attendance,
            standing=self.standing,
            tokens=self.tokens,
            ask=self.broker.ask,
            clock=self.clock,
            settings=RoomSettings(ping_interval=25, command_rate=0, command_burst=0, version="test"),
            start=tasks.start,
            count=lambda name, outcome, _seconds: self.counted.append((name, outcome)),
        )
        self.encoders = Encoders.of(codec_json, self.hub.tell)

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls) -> AsyncIterator[Stage]:
        async with Tasks() as tasks:
            stage = cls(tasks)
            runs = (stage.relay.run(), stage.attendance.run(), stage.standing.run())
            work = [asyncio.create_task(run) for run in runs]
            try:
                yield stage
            finally:
                assert not any(task.done() for task in work)
                for task in work:
                    task.cancel()
                await asyncio.wait(work)

    def configure(self, **settings: Any) -> None:  # Any: fields of RoomSettings
        self.services = replace(self.services, settings=replace(self.services.settings, **settings))

    def client(self) -> Client:
        link = FakeLink()

        def make_inbox(link: Link, handle: Any) -> Inbox[Command]:  # Any: the peer's own method
            return Inbox(link, self.tasks, handle)

        peer = CentrifugePeer(cast("Link", link), self.services, self.encoders, ping_frame(self.encoders), make_inbox)
        link.on_close = peer.closed
        return Client(link, peer)

    # What is true in the database.

    def user(self, identity: str) -> User:
        topic = user_topic(user_sid(identity))
        if topic not in self.log.streams:
            self.log.make(topic, f"epoch of {identity}")
        return User(
            sid=user_sid(identity),
            service_sid=SERVICE,
            identity=Identity(identity),
            friendly_name=None,
            attributes="{}",
            role_sid=RoleSid("RL1"),
            joined_channels_count=0,
            date_created=EPOCH,
            date_updated=EPOCH,
            rev=0,
            info_position=1,
            stream=Position(offset=len(self.log.streams[topic]), epoch=self.log.epochs[topic]),
        )

    def channel(self, sid: ChannelSid) -> Channel:
        topic = channel_topic(sid)
        return Channel(
            sid=sid,
            service_sid=SERVICE,
            friendly_name=None,
            unique_name=None,
            type=ChannelType.PUBLIC,
            attributes="{}",
            created_by="system",
            members_count=len(self.members[sid]),
            messages_count=0,
            next_index=0,
            last_message=None,
            last_message_sid=None,
            date_created=EPOCH,
            date_updated=EPOCH,
            rev=0,
            stream=Position(offset=len(self.log.streams[topic]), epoch=self.log.epochs[topic]),
        )

    def make_channel(self, number: int, *members: str) -> ChannelSid:
        """Without any event."""
        sid = channel_sid(number)
        self.members[sid] = {user_sid(identity) for identity in members}
        self.log.make(channel_topic(sid), f"epoch of {number}")
        return sid

    # What happens. Each returns the events, channel's first, without having told the broker.

    def logged(self, topic: Topic, kind: EventType, subject: str = "", **parts: str) -> Event:
        about = ChannelSid(topic_sid(topic)) if topic.startswith("chat:") else None
        payload = serial.event(kind, at=EPOCH, by=None, channel_sid=about, **parts)
        stream = self.log.streams[topic]
        event = Event(topic=topic, offset=len(stream) + 1, type=kind, payload=payload, subject=subject)
        stream.append(event)
        return event

    def message(self, number: int, size: int = 1) -> Event:
        topic = channel_topic(channel_sid(number))
        index = len(self.log.streams[topic])
        text = f'{{"index":{index},"author":"bob","date_created":"2026-05-17T12:00:00.000Z","body":"{"x" * size}"}}'
        return self.logged(topic, EventType.MESSAGE_ADDED, message=text)

    def join(self, number: int, identity: str) -> list[Event]:
        sid = channel_sid(number)
        self.user(identity)
        self.members[sid].add(user_sid(identity))
        rev = len(self.log.streams[channel_topic(sid)]) + 1
        text = serial.member(member(sid, identity, rev))
        return [
            self.logged(channel_topic(sid), EventType.MEMBER_JOINED, user_sid(identity), member=text),
            self.logged(user_topic(user_sid(identity)), EventType.CHANNEL_JOINED, sid, channel="{}", member=text),
        ]

    def leave(self, number: int, identity: str, reason: str = "left") -> list[Event]:
        sid = channel_sid(number)
        self.members[sid].discard(user_sid(identity))
        rev = len(self.log.streams[channel_topic(sid)]) + 1
        return [
            self.logged(
                channel_topic(sid), EventType.MEMBER_LEFT, user_sid(identity), member="{}", reason=f'"{reason}"'
            ),
            self.logged(
                user_topic(user_sid(identity)), EventType.CHANNEL_LEFT, sid, reason=f'"{reason}"', rev=str(rev)
            ),
        ]

    def delete(self, number: int) -> list[Event]:
        sid = channel_sid(number)
        members = self.members.pop(sid)
        events = [self.logged(channel_topic(sid), EventType.CHANNEL_DELETED)]
        rev = str(events[0].offset)
        for user in members:
            events.append(self.logged(user_topic(user), EventType.CHANNEL_LEFT, sid, reason='"deleted"', rev=rev))
        return events

    def hear(self, *announcements: Announcement) -> None:
        """The broker delivers, in this order."""
        for announcement in announcements:
            self.broker.receive(announcement)

    # What the fake commands do.

    async def _settings(self, actor: Actor) -> Service:
        return self.service

    async def _connected(self, actor: Actor, identity: Identity, role_sid: str | None) -> User:
        return self.user(identity)

    async def _typing(self, actor: Actor, key: str) -> None:
        if key == "boom":
            raise RuntimeError("unforeseen")
        self.typed.append(key)

    def assert_left_nothing(self) -> None:
        """No connection holds, reads or hears anything."""
        for found in self.hub.rooms.values():
            assert (found.holders, found.readers, found.listeners) == (0, {}, {}), found.topic
        assert self.presence.entries == {}
