"""Users of a running cluster, each with a client of some library at some node."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.cluster import Cluster
from tests.support.native import NativeClient
from tests.support.patience import PATIENCE

from .feed import Feed
from .proxy import Proxy
from .sdk import CallRefused, Options, Sdk
from .sdk_js import JsProcess, JsSdk
from .sdk_process import SdkProcesses
from .sdk_python import PythonSdk
from .tokens import ACCOUNT, AUTH_TOKEN, SERVICE, access_token

Json = Any  # whatever JSON the server sent


@dataclass(slots=True)
class Person:
    """One client. `proxy` is the only way from it to a node."""

    identity: str
    sdk: Sdk
    proxy: Proxy

    @property
    def feed(self) -> Feed:
        return self.sdk.feed

    @property
    def js(self) -> JsSdk:
        """For what only the JavaScript library offers."""
        assert isinstance(self.sdk, JsSdk), "made with a js- kind"
        return self.sdk

    async def call(self, method: str, **params: Json) -> Json:
        return await self.sdk.rpc(method, params)

    async def refused(self, method: str, **params: Json) -> int:
        """The error code of a call that must fail."""
        return await code_of(self.sdk.rpc(method, params))

    async def make_channel(self, **params: Json) -> str:
        """Its sid; the subscription to it is there when this returns."""
        sid = (await self.call("channel.create", **params))["channel"]["sid"]
        await self.feed.take("subscribed", f"chat:{sid}")
        await self.feed.event("me", "channel.joined")
        assert isinstance(sid, str)
        return sid

    async def enter(self, sid: str) -> None:
        """Joins; the subscription is there when this returns."""
        await self.call("channel.join", channel=sid)
        await self.feed.take("subscribed", f"chat:{sid}")
        await self.feed.event("me", "channel.joined")

    async def say(self, sid: str, body: str = "hello", **params: Json) -> Json:
        return (await self.call("message.send", channel=sid, body=body, **params))["message"]


async def code_of(call: Any) -> int:  # any awaitable of the common face
    """The code with which it is refused."""
    try:
        answer = await call
    except CallRefused as refused:
        return refused.code
    raise AssertionError(f"it was not refused: {answer}")


class People:
    """Makes clients; the stack it is given ends them."""

    def __init__(
        self, cluster: Cluster, js: JsProcess, stack: AsyncExitStack, more: SdkProcesses | None = None
    ) -> None:
        self.cluster = cluster
        self.js = js
        self._more = more or SdkProcesses({})
        self._stack = stack
        self._suffix = secrets.token_hex(4)
        self._numbers = itertools.count()
        self.rest = httpx.AsyncClient(
            base_url=cluster.url, auth=(ACCOUNT, AUTH_TOKEN), trust_env=False, verify=False, timeout=PATIENCE
        )
        stack.push_async_callback(self.rest.aclose)

    def name(self, first: str = "user") -> str:
        """An identity or unique name that no other test uses."""
        return f"{first}-{self._suffix}-{next(self._numbers)}"

    def node(self, number: int) -> str:
        return self.cluster.nodes[number].url

    async def open(
        self,
        kind: str,
        identity: str,
        *,
        node: int = 0,
        mode: str = "joined",
        token: Callable[[], str] | None = None,
        service: str = SERVICE,
    ) -> Person:
        """A client that has begun to connect."""
        proxy = Proxy(self.node(node))
        await proxy.start()
        self._stack.push_async_callback(proxy.close)
        options = Options(
            websocket=proxy.websocket,
            token=token or (lambda: access_token(identity, service=service)),
            data={"subscribe": mode},
        )
        library, _, encoding = kind.partition("-")
        sdk: Sdk
        if library == "python":
            sdk = PythonSdk(options, protobuf=encoding == "protobuf")
        else:
            process = self.js if library == "js" else await self._more.of(library)
            sdk = await process.client(options, protobuf=encoding == "protobuf")
        self._stack.push_async_callback(sdk.disconnect)
        await sdk.connect()
        return Person(identity, sdk, proxy)

    async def connect(
        self,
        kind: str,
        first: str = "user",
        *,
        identity: str | None = None,
        node: int = 0,
        mode: str = "joined",
        token: Callable[[], str] | None = None,
        service: str = SERVICE,
    ) -> Person:
        """A connected client of a fresh user, or of `identity`."""
        who = identity or self.name(first)
        person = await self.open(kind, who, node=node, mode=mode, token=token, service=service)
        await person.feed.take("connected")
        return person

    async def pair(self, kind: str) -> tuple[Person, Person, str]:
        """Two users on two nodes and a public channel of the first where both are members."""
        alice = await self.connect(kind, "alice", node=0)
        bob = await self.connect(kind, "bob", node=1)
        sid = await alice.make_channel(friendly_name="General")
        await bob.enter(sid)
        await alice.feed.event(f"chat:{sid}", "member.joined")
        return alice, bob, sid

    async def native(
        self,
        identity: str | None = None,
        *,
        node: int = 0,
        protobuf: bool = False,
        pong: bool = True,
        mode: str = "joined",
    ) -> NativeClient:
        """A raw connection; logged in where an identity is given."""
        url = self.cluster.nodes[node].url.replace("http", "ws", 1) + "/connection/websocket"
        client = await NativeClient.open(url, protobuf=protobuf, pong=pong)
        self._stack.push_async_callback(client.close)
        if identity is not None:
            await client.connect(access_token(identity), mode=mode)
        return client

    async def writers(self, sid: str, count: int) -> list[NativeClient]:
        """Members that read nothing, at both nodes in turn."""
        made = [await self.native(self.name("writer"), node=number % 2, mode="feed") for number in range(count)]
        await gather(*(writer.rpc("channel.join", channel=sid) for writer in made))
        return made

    async def post(self, path: str, expected: int = 201, service: str = SERVICE, **form: Json) -> Json:
        """A REST request below the service; its JSON."""
        answer = await self.rest.post(f"/v2/Services/{service}{path}", data=form)
        assert answer.status_code == expected, answer.text
        return answer.json()

    async def delete(self, path: str, service: str = SERVICE) -> None:
        answer = await self.rest.delete(f"/v2/Services/{service}{path}")
        assert answer.status_code == 204, answer.text

    async def role(self, name: str, service: str = SERVICE) -> str:
        """The sid of a default role."""
        answer = await self.rest.get(f"/v2/Services/{service}/Roles")
        return str(next(role["sid"] for role in answer.json()["roles"] if role["friendly_name"] == name))


async def eventually(check: Callable[[], Awaitable[bool]]) -> None:
    """Asks until the answer is yes."""
    async with asyncio.timeout(PATIENCE):
        while not await check():  # noqa: ASYNC110  # the answer is at a server
            await asyncio.sleep(0.02)


async def gather(*calls: Any) -> list[Any]:
    """Results of coroutines that ran together; the first failure ends them all."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(call) for call in calls]
    return [task.result() for task in tasks]
