"""Readers and writers of the native protocol, as stubborn as a good application."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

import websockets

from tests.e2e.tokens import access_token
from tests.support.native import ErrorReply, Gone, NativeClient

from .fleet import PING_INTERVAL
from .ledger import Ledger, Stream

PATIENCE = 5.0
"""Seconds that the SDKs wait for an answer."""
SILENCE = PING_INTERVAL + 3.0
"""Seconds without a ping after which they give a connection up."""
UNANSWERED = 60.0
"""Seconds within which a connection that lives has answered every command."""
PAUSE = 0.2
LOST = (Gone, OSError, TimeoutError, websockets.InvalidHandshake, websockets.ConnectionClosed, EOFError)
"""How a connection or its beginning ends in trouble."""


@cache
def token(identity: str) -> str:
    """It outlives every run, whatever happens to the clocks."""
    return access_token(identity, ttl=20 * 3600)


async def opened(front: str, *, protobuf: bool) -> NativeClient:
    async with asyncio.timeout(PATIENCE):
        return await NativeClient.open(front.replace("http", "ws", 1) + "/connection/websocket", protobuf=protobuf)


async def ended(client: NativeClient) -> None:
    """Returns when the connection is over, or was silent for too long."""
    while True:
        frames = client.frames
        try:
            async with asyncio.timeout(SILENCE):
                await client.left()
        except TimeoutError:
            if client.frames != frames:
                continue
        return


async def closed(client: NativeClient) -> None:
    client.cut()
    with suppress(*LOST):
        async with asyncio.timeout(PATIENCE):
            await client.close()


class NativeReader:
    """Follows rooms over one connection, at one gateway after the other."""

    def __init__(
        self, identity: str, fronts: Sequence[str], rooms: Sequence[str], ledger: Ledger, *, protobuf: bool
    ) -> None:
        self.name = f"{identity} ({'protobuf' if protobuf else 'json'})"
        self.streams = {room: Stream(self.name, room, ledger) for room in rooms}
        self.connected = asyncio.Event()
        self.refusals = 0
        self.recoveries = 0
        self._identity = identity
        self._fronts = fronts
        self._ledger = ledger
        self._protobuf = protobuf
        self._waiting: dict[str, deque[Mapping[str, Any]]] = {}  # live events of rooms that still catch up

    async def run(self) -> None:
        attempt = 0
        while True:
            with suppress(*LOST, ErrorReply):
                await self._once(self._fronts[attempt % len(self._fronts)])
            self.connected.clear()
            attempt += 1
            await asyncio.sleep(PAUSE * random.uniform(0.5, 1.5))

    async def _once(self, front: str) -> None:
        client = await opened(front, protobuf=self._protobuf)
        try:
            asked = {
                f"chat:{room}": {"recover": True, "offset": stream.offset, "epoch": stream.epoch}
                for room, stream in self.streams.items()
                if stream.offset >= 0
            }
            async with asyncio.timeout(PATIENCE):
                answer = await client.connect(token(self._identity), subs=asked)
            behind = []
            for room, stream in self.streams.items():
                subscribed = answer["subs"].get(f"chat:{room}")
                if subscribed is None:
                    self._ledger.accuse(f"{self.name} was not subscribed to {room}: {sorted(answer['subs'])}")
                elif not self._subscribed(stream, subscribed):
                    behind.append((stream, subscribed))
            self._waiting = {stream.room: deque() for stream, _ in behind}
            while client.pushes:  # they came behind the answer, before it was looked at
                self._pushed(client, client.pushes.popleft())
            client.on_push = lambda push: self._pushed(client, push)
            for stream, subscribed in behind:
                await self._catch_up(client, stream, subscribed.get("offset", 0), subscribed["epoch"])
                for publication in self._waiting.pop(stream.room):
                    stream.event(publication["offset"], publication["data"])
            self.connected.set()
            await ended(client)
        finally:
            self._waiting.clear()
            client.on_push = lambda _: None  # what is left in its buffers comes too late
            await closed(client)

    def _subscribed(self, stream: Stream, subscribed: Mapping[str, Any]) -> bool:
        """Whether nothing is missing."""
        offset, epoch = subscribed.get("offset", 0), subscribed["epoch"]
        if stream.offset < 0:
            stream.begin(offset, epoch)  # whoever comes after the first message misses index 0, and says so
            return True
        if not subscribed.get("recovered", False):
            self.refusals += 1
            return False
        self.recoveries += 1
        if epoch != self._ledger.epochs.get(stream.room, epoch):
            self._ledger.accuse(f"{self.name} recovered {stream.room} although its epoch had been renewed")
        if epoch != stream.epoch or offset != stream.offset:
            self._ledger.accuse(
                f"{self.name} recovered {stream.room} at {offset} {epoch}, asked was {stream.offset} {stream.epoch}"
            )
        for publication in subscribed.get("publications", ()):
            stream.event(publication["offset"], publication["data"])
        return True

    def _pushed(self, client: NativeClient, push: Mapping[str, Any]) -> None:
        room = push["channel"].removeprefix("chat:")
        if room not in self.streams:
            return
        if "pub" in push and room in self._waiting:
            self._waiting[room].append(push["pub"])
        elif "pub" in push and "offset" in push["pub"]:
            self.streams[room].event(push["pub"]["offset"], push["pub"]["data"])
        elif "unsubscribe" in push:
            client.cut()

    async def _catch_up(self, client: NativeClient, stream: Stream, offset: int, epoch: str) -> None:
        """By pages of the log, or from the beginning if it does not go on where this reader stands."""
        while stream.epoch == epoch and stream.offset < offset:
            since = {"offset": stream.offset, "epoch": epoch}
            try:
                page = await self._ask(client, "event.list", channel=stream.room, since=since)
            except ErrorReply as error:
                if error.code != 112:
                    raise
                break
            for event in page["events"]:
                if event["offset"] <= offset:
                    stream.event(event["offset"], event)
        if stream.epoch == epoch and stream.offset == offset:
            return
        while True:
            after = len(stream.bodies) - 1
            where = {"after": after} if after >= 0 else {"before": 100}
            page = await self._ask(client, "message.list", channel=stream.room, limit=100, **where)
            stream.load(page["messages"])
            if not page["has_more"]:
                break
        stream.loaded(offset, epoch)

    async def _ask(self, client: NativeClient, method: str, **params: Any) -> Any:
        async with asyncio.timeout(PATIENCE):
            return await client.rpc(method, **params)


class NativeWriter:
    """Sends at a steady rate, and repeats each send under its `client_ref` until it is acknowledged."""

    def __init__(
        self,
        identity: str,
        fronts: Sequence[str],
        rooms: Sequence[str],
        ledger: Ledger,
        *,
        protobuf: bool,
        rate: float,
        sent: Callable[[str, str, str], None] = lambda _room, _sid, _body: None,
    ) -> None:
        self.name = f"{identity} ({'protobuf' if protobuf else 'json'})"
        self.since = 0.0
        """When the last message that was acknowledged was first tried (monotonic)."""
        self._identity = identity
        self._fronts = fronts
        self._rooms = rooms
        self._ledger = ledger
        self._protobuf = protobuf
        self._rate = rate
        self._sent = sent
        self._client: NativeClient | None = None
        self._watch: asyncio.Task[None] | None = None
        self._attempt = 0

    async def run(self, stopping: asyncio.Event) -> None:
        """Ends after the message under way when `stopping` is set."""
        number = 0
        try:
            while not stopping.is_set():
                began = time.monotonic()
                await self._deliver(self._rooms[number % len(self._rooms)], number)
                self.since = began
                number += 1
                with suppress(TimeoutError):
                    left = random.uniform(0.5, 1.5) / self._rate - (time.monotonic() - began)
                    async with asyncio.timeout(max(0.0, left)):
                        await stopping.wait()
        finally:
            await self._leave()

    async def _deliver(self, room: str, number: int) -> None:
        body = f"{self._identity} {number}"
        self._ledger.tried[body] = True
        while True:
            try:
                client = await self._enter()
                call = client.post(
                    "rpc", method="message.send", data={"channel": room, "body": body, "client_ref": f"{number}"}
                )
                call.add_done_callback(lambda done: self._answered(done, room, body))
                asked = time.monotonic()
                try:
                    async with asyncio.timeout(PATIENCE):
                        await asyncio.shield(call)
                    return
                except TimeoutError:
                    self._remember(client, call, asked, body)
            except ErrorReply as error:
                if not error.temporary:
                    self._ledger.accuse(f"{self.name}: {body!r} was refused: {error}")
                    self._ledger.tried[body] = False
                    return
            except LOST:
                self._attempt += 1
                await self._leave()
            await asyncio.sleep(PAUSE * random.uniform(0.5, 1.5))

    def _answered(self, done: asyncio.Future[Mapping[str, Any]], room: str, body: str) -> None:
        """An answer that came after the patience was over is a promise too."""
        if done.cancelled() or done.exception() is not None:
            return
        answer = done.result()["data"]
        message = answer["message"]
        self._ledger.acknowledge(
            room, body, sid=message["sid"], index=message["index"], duplicate=answer.get("duplicate", False)
        )
        self._sent(room, message["sid"], body)

    def _remember(self, client: NativeClient, call: asyncio.Future[Any], asked: float, body: str) -> None:
        """Looks later whether the answer came while the connection lived."""

        def look() -> None:
            if not call.done() and client is self._client:
                seconds = time.monotonic() - asked
                self._ledger.accuse(f"{self.name}: {body!r} was not answered in {seconds:.0f} s on a living connection")

        asyncio.get_running_loop().call_later(UNANSWERED, look)

    async def _enter(self) -> NativeClient:
        if self._client is not None and self._watch is not None and not self._watch.done():
            return self._client
        await self._leave()
        client = await opened(self._fronts[self._attempt % len(self._fronts)], protobuf=self._protobuf)
        try:
            async with asyncio.timeout(PATIENCE):
                await client.connect(token(self._identity), mode="feed")
        except BaseException:
            await closed(client)
            raise
        self._client, self._watch = client, asyncio.create_task(ended(client))  # owned: `_leave` ends it
        return client

    async def _leave(self) -> None:
        client, self._client = self._client, None
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
        if client is not None:
            await closed(client)
