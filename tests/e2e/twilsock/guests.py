"""Users of a running cluster who come with the Twilio SDKs, or with bare Twilsock."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx

from tests.e2e.proxy import Proxy
from tests.e2e.tokens import ACCOUNT, AUTH_TOKEN, SERVICE, access_token
from tests.support.cluster import Cluster
from tests.support.patience import PATIENCE
from tests.support.twilsock import TwilsockClient

from .sdk import Client, SdkProcess


class SdkProcesses:
    """One Node process per version, started when first asked for."""

    def __init__(self) -> None:
        self._started: dict[str, SdkProcess] = {}

    async def of(self, version: str) -> SdkProcess:
        if version not in self._started:
            self._started[version] = await SdkProcess.start(version)
        return self._started[version]

    async def stop(self) -> None:
        await asyncio.gather(*(process.stop() for process in self._started.values()))


@dataclass(slots=True)
class Guest:
    """One user with one client. `proxy` is the only way from it to a node."""

    identity: str
    sdk: Client
    proxy: Proxy

    async def ask(self, op: str, **args: Any) -> Any:
        return await self.sdk.ask(op, **args)


class Guests:
    """Makes clients; the stack it is given ends them."""

    def __init__(self, cluster: Cluster, processes: SdkProcesses, stack: AsyncExitStack) -> None:
        self.cluster = cluster
        self._processes = processes
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

    async def begin(
        self, version: str, identity: str, *, token: str | None = None, node: int = 0, **options: Any
    ) -> Guest:
        """A client that has begun to connect. Options are the SDK's own."""
        proxy = Proxy(self.node(node))
        await proxy.start()
        self._stack.push_async_callback(proxy.close)
        process = await self._processes.of(version)
        uri = proxy.websocket.replace("/connection/websocket", "/v3/wsconnect")
        sdk = await process.client(uri, token or access_token(identity), **options)
        self._stack.push_async_callback(sdk.ask, "shutdown")
        return Guest(identity, sdk, proxy)

    async def connect(self, version: str, first: str = "user", *, node: int = 0, **options: Any) -> Guest:
        """A fresh user whose client is ready."""
        guest = await self.begin(version, self.name(first), node=node, **options)
        await guest.sdk.ready()
        return guest

    async def wire(
        self, identity: str | None = None, *, node: int = 0, acknowledge: bool = True, **more: Any
    ) -> TwilsockClient:
        """A bare connection; initialised where an identity is given."""
        client = await TwilsockClient.open(self.node(node), acknowledge=acknowledge)
        self._stack.push_async_callback(client.close)
        if identity is not None:
            status = (await client.init(access_token(identity), **more))["status"]
            assert status["code"] == 200, status
        return client

    async def post(self, path: str, expected: int = 201, service: str = SERVICE, **form: Any) -> Any:
        """A REST request below the service; its JSON."""
        answer = await self.rest.post(f"/v2/Services/{service}{path}", data=form)
        assert answer.status_code == expected, answer.text
        return answer.json()
