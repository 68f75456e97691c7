"""People who go on chatting while others abuse their node, and notice if it does not treat them as ever."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from tests.e2e.tokens import ACCOUNT, AUTH_TOKEN, SERVICE
from tests.support.native import NativeClient
from tests.support.patience import PATIENCE
from tests.support.twilsock import SYNC, TwilsockClient, events_of

from .street import Street
from .target import Target


class Reader:
    """Holds the bodies it got, in the order in which they came."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self._news = asyncio.Event()

    def take(self, body: str) -> None:
        self.bodies.append(body)
        self._news.set()

    async def has(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self.bodies) < count:
                self._news.clear()
                await self._news.wait()


class Neighbours:
    """A room with a reader of each kind, and three ways to write into it. `times` are seconds from the beginning of a
    request to its last reader, one message after the other."""

    def __init__(self, node: Target, stack: AsyncExitStack) -> None:
        self._node = node
        self._stack = stack
        self.readers: dict[str, Reader] = {}
        self.times: list[float] = []
        self._turn = asyncio.Event()  # set with each message that everybody has
        self._clients: list[NativeClient | TwilsockClient] = []

    async def move_in(self) -> None:
        answer = await self._node.http.post(
            f"/v2/Services/{SERVICE}/Channels", auth=(ACCOUNT, AUTH_TOKEN), data={"Type": "public"}
        )
        self.street = Street(str(answer.json()["sid"]), secrets.token_hex(4))
        self.json = await self._native(protobuf=False)
        self.protobuf = await self._native(protobuf=True)
        self.twilsock = await self._twilsock()

    async def chat(self, stop: asyncio.Event) -> None:
        """Until told to stop; fails as soon as a message is not acknowledged, or does not reach everybody in time."""
        loop = asyncio.get_running_loop()
        ways = itertools.cycle((self._by_rpc, self._by_protobuf, self._by_twilsock, self._by_rest))
        for number in itertools.count(1):
            started = loop.time()
            async with asyncio.timeout(PATIENCE):
                await next(ways)(str(number))
            await asyncio.gather(*(reader.has(number) for reader in self.readers.values()))
            self.times.append(loop.time() - started)
            self._turn.set()
            if stop.is_set():
                return
            await asyncio.sleep(0.01)  # people think

    async def next(self) -> None:
        """Returns when everybody has the message that is under way, or the next one."""
        self._turn.clear()
        async with asyncio.timeout(2 * PATIENCE):
            await self._turn.wait()

    def check(self) -> None:
        wanted = [str(number) for number in range(1, len(self.times) + 1)]
        for kind, reader in self.readers.items():
            assert reader.bodies == wanted, f"{kind} did not get every message, once and in order"
        for client in self._clients:
            assert client.connection.close_code is None, "nobody was cut off"

    async def _native(self, *, protobuf: bool) -> NativeClient:
        kind = "protobuf" if protobuf else "json"
        url = self._node.url.replace("http", "ws", 1) + "/connection/websocket"
        client = await NativeClient.open(url, protobuf=protobuf)
        self._stack.push_async_callback(client.close)
        self._clients.append(client)
        reader = self.readers[kind] = Reader()

        def hear(push: Any) -> None:
            if push["channel"] == f"chat:{self.street.sid}" and "pub" in push:
                data = push["pub"]["data"]
                if data["type"] == "message.added":
                    reader.take(data["message"]["body"])
            else:
                client.pushes.append(push)

        client.on_push = hear
        await client.connect(self.street.token(kind))
        await client.rpc("channel.join", channel=self.street.sid)
        return client

    async def _twilsock(self) -> TwilsockClient:
        client = await TwilsockClient.open(self._node.url)
        self._stack.push_async_callback(client.close)
        self._clients.append(client)
        assert (await client.init(self.street.token("twilsock")))["status"]["code"] == 200
        who = {"identity": self.street.identity("twilsock")}
        joined = await client.request("POST", f"/Client/v1/Conversations/{self.street.sid}/Participants", who)
        assert joined.status in (200, 201), joined
        messages = await client.request("GET", f"/v3/Lists/{self.street.sid}.messages")
        wanted = [{"object_sid": messages.body["sid"], "object_type": "list", "last_event_id": None}]
        body = {"event_protocol_version": 4, "action": "establish", "correlation_id": 1, "requests": wanted}
        assert (await client.request("POST", "/v4/Subscriptions", body)).status == 200
        await client.event("subscription_established")
        self.readers["twilsock"] = Reader()
        return client

    async def hear(self) -> None:
        """What Twilsock tells, which nobody calls back for."""
        client = self.twilsock
        while True:
            while client.told:
                frame = client.told.popleft()
                if frame.header.get("message_type") == SYNC and frame.json["event_type"] == "list_item_added":
                    for event in events_of(frame.json):
                        self.readers["twilsock"].take(event["item_data"]["text"])
            client.frames.clear()
            await client.news()

    async def _by_rpc(self, body: str) -> None:
        assert (await self.json.rpc("message.send", channel=self.street.sid, body=body))["message"]["body"] == body

    async def _by_protobuf(self, body: str) -> None:
        assert (await self.protobuf.rpc("message.send", channel=self.street.sid, body=body))["message"]["body"] == body

    async def _by_twilsock(self, body: str) -> None:
        path = f"/Client/v1/Conversations/{self.street.sid}/Messages"
        assert (await self.twilsock.request("POST", path, {"body": body})).status == 201

    async def _by_rest(self, body: str) -> None:
        path = f"/v2/Services/{SERVICE}/Channels/{self.street.sid}/Messages"
        answer = await self._node.http.post(path, auth=(ACCOUNT, AUTH_TOKEN), data={"Body": body})
        assert answer.status_code == 201, answer.text


@asynccontextmanager
async def neighbours(node: Target) -> AsyncIterator[Neighbours]:
    """They chat for as long as the block lasts, and have to have noticed nothing of it."""
    async with AsyncExitStack() as stack:
        people = Neighbours(node, stack)
        await people.move_in()
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(people.hear())
            chatting = tasks.create_task(people.chat(stop))
            yield people
            stop.set()
            await chatting
            hearing.cancel()
        people.check()
