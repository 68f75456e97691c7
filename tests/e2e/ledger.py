"""Many writers, many readers, one channel: who wrote what, and who read it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import websockets

from tests.support.native import ErrorReply, Gone, NativeClient
from tests.support.patience import until

from .feed import Feed, Happening
from .people import People, Person, gather
from .sdk import KINDS, CallRefused
from .tokens import access_token

WRITERS = 20
PAUSE = 0.05
_LOST = (Gone, OSError, TimeoutError, websockets.InvalidHandshake, websockets.ConnectionClosed)
"""How a connection ends while its node dies."""

Call = Callable[..., Awaitable[Any]]  # rpc(method, **params) → JSON


class Follower:
    """Reads a channel as applications should: live, by recovery, or by pages of `event.list` where recovery is refused.

    It trusts nothing: an event that is not the successor of the last one fails the test.
    """

    def __init__(self, name: str, feed: Feed, sid: str, call: Call) -> None:
        self.name = name
        self.indexes: list[int] = []
        self.recoveries = 0
        self.refusals = 0
        self.feed = feed
        self._sid = sid
        self._call = call
        self._applied = -1
        self._epoch = ""

    async def run(self) -> None:
        async for happening in self.feed.each():
            if happening.channel != f"chat:{self._sid}":
                continue
            if happening.kind == "subscribed":
                await self._subscribed(happening)
            elif happening.kind == "publication":
                self._apply(happening.offset, happening.data)

    async def _subscribed(self, subscribed: Happening) -> None:
        if self._applied < 0:
            self._applied, self._epoch = subscribed.offset, subscribed.epoch
            return
        assert subscribed.was_recovering, self.name
        assert subscribed.epoch == self._epoch, self.name
        if subscribed.recovered:
            self.recoveries += 1
            assert subscribed.offset == self._applied, self.name
            return
        self.refusals += 1
        while self._applied < subscribed.offset:
            page = await self._page()
            for event in page["events"]:
                if event["offset"] <= subscribed.offset:
                    self._apply(event["offset"], event)

    async def _page(self) -> Any:
        since = {"offset": self._applied, "epoch": self._epoch}
        while True:
            try:
                return await self._call("event.list", channel=self._sid, since=since)
            except (*_LOST, ErrorReply, CallRefused):
                await asyncio.sleep(PAUSE)

    def _apply(self, offset: int, event: Mapping[str, Any]) -> None:
        assert offset == self._applied + 1, f"{self.name}: {offset} follows {self._applied}"
        self._applied = offset
        if event["type"] == "message.added":
            self.indexes.append(event["message"]["index"])


class NativeReader:
    """A raw connection that comes back by itself, to the next node, from its last position."""

    def __init__(self, urls: Sequence[str], identity: str, room: str, *, protobuf: bool) -> None:
        self.feed = Feed()
        self._urls = urls
        self._identity = identity
        self._room = room
        self._protobuf = protobuf
        self._client: NativeClient | None = None
        self._position: dict[str, Any] | None = None

    async def call(self, method: str, **params: Any) -> Any:
        if self._client is None:
            raise Gone
        return await self._client.rpc(method, **params)

    async def run(self) -> None:
        attempt = 0
        while True:
            try:
                await self._once(self._urls[attempt % len(self._urls)])
            except (*_LOST, ErrorReply):
                await asyncio.sleep(PAUSE)
            attempt += 1

    async def _once(self, url: str) -> None:
        client = await NativeClient.open(url, protobuf=self._protobuf)
        try:
            subs = {} if self._position is None else {self._room: {"recover": True, **self._position}}
            result = await client.connect(access_token(self._identity), subs=subs)
            self._client = client
            self._subscribed(result["subs"][self._room])
            for push in client.pushes:  # came behind the result, before it was looked at
                self._pushed(push)
            client.on_push = self._pushed
            await client.connection.wait_closed()
        finally:
            self._client = None
            await client.close()

    def _subscribed(self, result: Mapping[str, Any]) -> None:
        recovered = result.get("recovered", False)
        self._position = {"offset": result.get("offset", 0), "epoch": result["epoch"]}
        self.feed.put(
            Happening(
                kind="subscribed",
                channel=self._room,
                offset=result.get("offset", 0),
                epoch=result["epoch"],
                recovered=recovered,
                was_recovering=result.get("was_recovering", False),
            )
        )
        for publication in result.get("publications", ()):
            self._published(publication)

    def _pushed(self, push: Mapping[str, Any]) -> None:
        if push["channel"] == self._room and "pub" in push:
            self._published(push["pub"])

    def _published(self, publication: Mapping[str, Any]) -> None:
        assert self._position is not None, "subscribed first"
        offset = publication["offset"]
        self._position["offset"] = offset
        self.feed.put(Happening(kind="publication", channel=self._room, data=publication["data"], offset=offset))


class Ledger:
    """A channel with readers of every kind at every node; `write` fills it."""

    def __init__(self, people: People, sid: str) -> None:
        self.sid = sid
        self.sent = 0
        self.followers: list[Follower] = []
        self.persons: list[Person] = []
        self._people = people
        self._natives: list[NativeReader] = []

    @classmethod
    async def open(cls, people: People) -> Ledger:
        owner = await people.native(people.name("owner"))
        ledger = cls(people, (await owner.rpc("channel.create", join=False))["channel"]["sid"])
        for number, kind in enumerate(KINDS):
            person = await people.connect(kind, kind, node=number % 2)
            await person.enter(ledger.sid)
            ledger.persons.append(person)
            ledger.followers.append(Follower(kind, person.feed, ledger.sid, person.call))
        for number in range(4):
            await ledger._add_native(number % 2, protobuf=number > 1)
        return ledger

    async def _add_native(self, node: int, *, protobuf: bool) -> None:
        identity = self._people.name("reader")
        await self._people.post(f"/Channels/{self.sid}/Members", Identity=identity)
        urls = self._urls(node)
        reader = NativeReader(urls, identity, f"chat:{self.sid}", protobuf=protobuf)
        self._natives.append(reader)
        self.followers.append(Follower(f"native at {node}", reader.feed, self.sid, reader.call))

    def _urls(self, node: int) -> list[str]:
        """Endpoints, the given node's first."""
        nodes = self._people.cluster.nodes
        ordered = [*nodes[node:], *nodes[:node]]
        return [each.url.replace("http", "ws", 1) + "/connection/websocket" for each in ordered]

    async def write(self, count: int, disturb: Callable[[], Awaitable[None]] | None = None) -> None:
        """`count` messages by all writers together while `disturb` runs; returns when every reader has all of them."""
        async with asyncio.TaskGroup() as group:
            loops = [*(each.run() for each in self._natives), *(each.run() for each in self.followers)]
            endless = [group.create_task(loop) for loop in loops]
            for reader in self._natives:
                await reader.feed.until(lambda feed=reader.feed: feed.seen)  # type: ignore[misc]
            writers = [self._write(number, count // WRITERS) for number in range(WRITERS)]
            await gather(*writers, *(() if disturb is None else (disturb(),)))
            with suppress(AssertionError):  # who lacks what is said by those who compare
                await until(lambda: all(len(follower.indexes) >= count for follower in self.followers))
            for task in endless:
                task.cancel()

    async def reached(self, count: int) -> None:
        """Returns once more than `count` messages were acknowledged."""
        await until(lambda: self.sent > count)

    async def _write(self, number: int, count: int) -> None:
        """Every message until it is acknowledged, at whichever node answers, under one client_ref."""
        identity = self._people.name("writer")
        urls = self._urls(number % 2)
        client: NativeClient | None = None
        done = attempt = 0
        try:
            while done < count:
                try:
                    if client is None:
                        client = await self._enter(urls[attempt % 2], identity, protobuf=number % 4 > 1)
                    await client.rpc("message.send", channel=self.sid, body=f"{number} {done}", client_ref=f"{done}")
                    done += 1
                    self.sent += 1
                except _LOST:
                    attempt += 1
                    if client is not None:
                        await client.close()
                    client = None
                    await asyncio.sleep(PAUSE)
                except ErrorReply as error:
                    if not error.temporary:
                        raise
                    await asyncio.sleep(PAUSE)
        finally:
            if client is not None:
                await client.close()

    async def _enter(self, url: str, identity: str, *, protobuf: bool) -> NativeClient:
        client = await NativeClient.open(url, protobuf=protobuf)
        try:
            await client.connect(access_token(identity), mode="feed")
            await _join(client, self.sid)
        except BaseException:
            await client.close()
            raise
        return client


async def _join(client: NativeClient, sid: str) -> None:
    try:
        await client.rpc("channel.join", channel=sid)
    except ErrorReply as error:
        if error.code != 1404:  # a member already
            raise
