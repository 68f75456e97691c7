"""Writers and readers of one channel that keep a record: what was acknowledged, and what arrived."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from websockets.exceptions import WebSocketException

from tests.support.native import ErrorReply, Gone, NativeClient

PAGE = 300
TEMPORARY = {100, 111}
PAUSE = 0.05
"""Seconds between two attempts to reach a node; bounded by the deadline of the test."""

Token = Callable[[str], str]


class Member:
    """Somebody with a connection that comes back, to whatever node answers, as long as `stay` runs."""

    def __init__(self, identity: str, urls: Sequence[str], token: Token, *, protobuf: bool = False) -> None:
        self.identity = identity
        self.connections = 0
        self._urls = list(urls)
        self._token = token
        self._protobuf = protobuf
        self._client: NativeClient | None = None
        self._here = asyncio.Event()

    async def stay(self) -> None:
        """Connects and, whenever the connection ends, connects again; until cancelled."""
        while True:
            try:
                async with asyncio.timeout(10):
                    client = await NativeClient.open(self._urls[0], protobuf=self._protobuf)
            except (OSError, TimeoutError, EOFError, WebSocketException):
                self._urls.append(self._urls.pop(0))
                await asyncio.sleep(PAUSE)
                continue
            try:
                await self._live(client)
            except (Gone, ErrorReply):
                await asyncio.sleep(PAUSE)
            finally:
                self._client = None
                self._here.clear()
                client.cut()
                with contextlib.suppress(Exception):
                    await client.close()
            self._urls.append(self._urls.pop(0))

    async def call(self, method: str, **params: Any) -> Any:
        """Once; on whatever connection there is. Raises Gone and ErrorReply."""
        await self._here.wait()
        client = self._client
        if client is None:
            raise Gone
        return await client.rpc(method, **params)

    async def send(self, channel: str, body: str) -> Mapping[str, Any]:
        """Until it is acknowledged, with one client_ref."""
        ref = secrets.token_hex(8)
        while True:
            try:
                async with asyncio.timeout(10):
                    return (await self.call("message.send", channel=channel, body=body, client_ref=ref))["message"]
            except (Gone, TimeoutError):
                await asyncio.sleep(PAUSE)
            except ErrorReply as error:
                if error.code not in TEMPORARY:
                    raise
                await asyncio.sleep(PAUSE)

    def positions(self) -> dict[str, Any]:
        """What `connect.subs` says."""
        return {}

    async def entered(self, client: NativeClient, result: Mapping[str, Any]) -> None:
        """The connection is up."""

    async def _live(self, client: NativeClient) -> None:
        client.on_push = self.heard
        result = await client.connect(self._token(self.identity), subs=self.positions())
        await self.entered(client, result)
        self._client = client
        self.connections += 1
        self._here.set()
        await client.left()

    def heard(self, push: Mapping[str, Any]) -> None:
        """A push arrived."""


class Reader(Member):
    """Applies events of one channel as an application does: by offset, recovering by position, paging a refused gap."""

    def __init__(self, identity: str, urls: Sequence[str], token: Token, sid: str, *, protobuf: bool = False) -> None:
        super().__init__(identity, urls, token, protobuf=protobuf)
        self.name = f"chat:{sid}"
        self.indexes: list[int] = []
        self.offsets: list[int] = []
        self.repeated = 0
        self._applied: int | None = None
        self._epoch = ""
        self._held: list[Mapping[str, Any]] | None = None  # publications that wait until the connection is up
        self._news = asyncio.Event()

    def positions(self) -> dict[str, Any]:
        self._held = []  # what is published behind the connect result may be read before the result is looked at
        if self._applied is None:
            return {}
        return {self.name: {"recover": True, "offset": self._applied, "epoch": self._epoch}}

    async def entered(self, client: NativeClient, result: Mapping[str, Any]) -> None:
        sub = result["subs"][self.name]
        if self._applied is None:
            self._applied, self._epoch = sub.get("offset", 0), sub["epoch"]
        assert sub["epoch"] == self._epoch, "the history of the channel was replaced"
        if sub.get("was_recovering") and not sub.get("recovered"):
            await self._page(client, sub["offset"])
        held, self._held = self._held or [], None
        for publication in (*sub.get("publications", ()), *held):
            self._apply(publication["offset"], publication["data"])

    async def _page(self, client: NativeClient, top: int) -> None:
        assert self._applied is not None, "a gap begins somewhere"
        while self._applied < top:
            since = {"offset": self._applied, "epoch": self._epoch}
            page = await client.rpc("event.list", channel=self.name[5:], since=since, limit=PAGE)
            for event in page["events"]:
                self._apply(event["offset"], event)

    def heard(self, push: Mapping[str, Any]) -> None:
        if push.get("channel") != self.name or "pub" not in push:
            return
        publication = push["pub"]
        if self._held is not None:
            self._held.append(publication)
        else:
            self._apply(publication["offset"], publication["data"])

    def _apply(self, offset: int, event: Mapping[str, Any]) -> None:
        if self._applied is not None and offset <= self._applied:
            self.repeated += 1
            return
        self._applied = offset
        self.offsets.append(offset)
        if event["type"] == "message.added":
            self.indexes.append(event["message"]["index"])
        self._news.set()

    async def has(self, count: int, deadline: float) -> None:
        """Returns once so many messages arrived."""
        async with asyncio.timeout(deadline):
            while len(self.indexes) < count:
                self._news.clear()
                await self._news.wait()
