"""A Valkey cluster of one's own: three masters and their replicas, to be moved about, killed and started again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from chatcore.child import Child
from chatcore.embedded import wheels
from chatcore.resp.address import Address
from chatcore.resp.link import Argument, dial
from chatcore.resp.slots import SLOTS
from tests.support.patience import PATIENCE
from tests.support.servers import temporary_data_dir

_QUICK, _PATIENT = 1.0, 5.0
"""Seconds after which a silent server counts as failed, with a replica and without. A failover takes about two."""
_POLL = 0.02


@dataclass(slots=True)
class Server:
    """`id` is its name in the cluster."""

    port: int
    bus: int
    folder: Path
    timeout: float
    id: str = ""
    _child: Child | None = None

    @property
    def address(self) -> Address:
        return Address(port=self.port)

    async def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        options = {
            "port": self.port,
            "cluster-port": self.bus,
            "bind": "127.0.0.1",
            "dir": self.folder,
            "save": "",
            "appendonly": "no",
            "cluster-enabled": "yes",
            "cluster-node-timeout": int(self.timeout * 1000),
            "cluster-replica-validity-factor": 0,
            "cluster-allow-replica-migration": "no",
            "repl-diskless-sync-delay": 0,
            "repl-backlog-size": "1mb",
        }
        argv = [str(wheels.valkey_server(None))]
        for name, value in options.items():
            argv += [f"--{name}", str(value)]
        with (self.folder / "log").open("ab") as output:
            self._child = _child(argv, output)
        async with asyncio.timeout(PATIENCE):
            while True:
                with contextlib.suppress(ConnectionError):
                    assert await self.ask("PING") == b"PONG"
                    return
                assert self._child.running, (self.folder / "log").read_text()
                await asyncio.sleep(_POLL)

    async def ask(self, *command: Argument) -> object:
        """Over a connection that is made for it."""
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    link = await dial(self.address, lambda _channel, _data: None, name="test")
                    break
                except ConnectionError as error:
                    if not self.running or "does not answer" not in str(error):
                        raise
            try:
                (answer,) = await link.call(command)
            finally:
                link.abort()
        return answer

    async def text(self, *command: Argument) -> str:
        answer = await self.ask(*command)
        assert isinstance(answer, bytes), answer
        return answer.decode()

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.running

    async def kill(self) -> None:
        assert self._child is not None
        self._child.send(signal.SIGKILL)
        await self._child.wait()

    def freeze(self) -> None:
        assert self._child is not None
        self._child.send(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._child is not None
        self._child.send(signal.SIGCONT)

    async def stop(self) -> None:
        if self.running:
            self.thaw()
            await self.kill()


def _child(argv: list[str], output: IO[bytes]) -> Child:
    return Child("valkey", argv, env={"PATH": os.environ["PATH"], "LC_ALL": "C"}, output=output)


class RedisCluster:
    """Three masters, then their replicas in the same order. Its methods work in any event loop."""

    def __init__(self, servers: list[Server]) -> None:
        self.servers = servers

    @property
    def url(self) -> str:
        return f"redis+cluster://{','.join(f'127.0.0.1:{server.port}' for server in self.servers[:3])}"

    async def form(self) -> None:
        """Introduces the servers to each other and waits until all agree. Two or three seconds."""
        await asyncio.gather(*(server.start() for server in self.servers))
        masters, replicas = self.servers[:3], self.servers[3:]
        for number, server in enumerate(self.servers):
            server.id = await server.text("CLUSTER", "MYID")
            await server.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for number, master in enumerate(masters):
            first, end = (SLOTS * edge // 3 for edge in (number, number + 1))
            await master.ask("CLUSTER", "ADDSLOTSRANGE", first, end - 1)
        await self._introduce()
        for replica, master in zip(replicas, masters, strict=False):
            await replica.ask("CLUSTER", "REPLICATE", master.id)
        await self.until_well()

    async def _introduce(self) -> None:
        """Again and again: those who take too long to shake hands are forgotten."""
        async with asyncio.timeout(PATIENCE):
            while not await self._acquainted():
                for server in self.servers[1:]:
                    await self.servers[0].ask("CLUSTER", "MEET", "127.0.0.1", server.port, server.bus)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(1.0):
                        while not await self._acquainted():  # noqa: ASYNC110  # the answer is at servers
                            await asyncio.sleep(_POLL)

    async def _acquainted(self) -> bool:
        """Whether all know all; who is still shaking hands has no lasting name."""
        known = [await server.text("CLUSTER", "NODES") for server in self.servers]
        return all(server.id in text for server in self.servers for text in known)

    async def heal(self) -> None:
        """Starts those that were killed. Slots lie where they were moved to."""
        for server in self.servers:
            if not server.running:
                await server.start()
        await self.until_well()

    async def until_well(self) -> None:
        """Until all running servers find the cluster well and all replicas follow."""
        await self._until_all("cluster_state", "ok", "CLUSTER", "INFO")
        for server in self.servers:
            if server.running:
                await self._until(server, "role:slave", "master_link_status:up", "INFO", "replication")

    async def master(self, slot: int) -> Server:
        """Who serves the slot, as the first running server sees it."""
        return next(server for first, last, server in await self._ranges() if first <= slot <= last)

    async def _ranges(self) -> list[tuple[int, int, Server]]:
        by_port = {server.port: server for server in self.servers}
        asked = next(server for server in self.servers if server.running)
        ranges = await asked.ask("CLUSTER", "SLOTS")
        assert isinstance(ranges, list)
        return [(first, last, by_port[master[1]]) for first, last, master, *_ in ranges]

    async def move(self, slot: int, to: Server) -> None:
        """As operators do: keys first, then all masters are told."""
        source = await self.master(slot)
        if source is to:
            return
        await to.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
        await source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", to.id)
        while keys := await source.ask("CLUSTER", "GETKEYSINSLOT", slot, 100):
            assert isinstance(keys, list)
            await source.ask("MIGRATE", "127.0.0.1", to.port, "", 0, 5000, "KEYS", *keys)
        for port in dict.fromkeys([to.port, source.port, *(server.port for _, _, server in await self._ranges())]):
            server = next(each for each in self.servers if each.port == port)
            await server.ask("CLUSTER", "SETSLOT", slot, "NODE", to.id)

    async def migrate(self, slot: int, to: Server) -> None:
        """In one go, as servers of Valkey 9 do it among themselves."""
        source = await self.master(slot)
        await source.ask("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", to.id)
        await self.until_replaced(source, slot)

    async def hand_over(self, slot: int) -> None:
        """A failover that operators ask for: master and replica change places."""
        master = await self.master(slot)
        for server in self.servers:
            if f"master_port:{master.port}\r" in await server.text("INFO", "replication"):
                await server.ask("CLUSTER", "FAILOVER")
                await self.until_replaced(master, slot)
                return
        raise AssertionError("it has no replica")

    async def until_replaced(self, dead: Server, slot: int) -> Server:
        """Who serves the slot once it is not `dead` any more."""
        async with asyncio.timeout(PATIENCE):
            while (server := await self.master(slot)) is dead:  # noqa: ASYNC110  # the answer is at a server
                await asyncio.sleep(_POLL)
        return server

    async def stop(self) -> None:
        await asyncio.gather(*(server.stop() for server in self.servers))

    async def _until_all(self, field: str, value: str, *command: str) -> None:
        async with asyncio.timeout(PATIENCE):
            for server in self.servers:
                while server.running and f"{field}:{value}\r" not in await server.text(*command):  # noqa: ASYNC110
                    await asyncio.sleep(_POLL)

    async def _until(self, server: Server, unless: str, wanted: str, *command: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while unless in (text := await server.text(*command)) and wanted not in text:  # noqa: ASYNC110
                await asyncio.sleep(_POLL)


@contextlib.asynccontextmanager
async def redis_cluster(*, replicas: bool = False) -> AsyncIterator[RedisCluster]:
    """Three servers, or six with replicas; about 10 MB each."""
    folder = temporary_data_dir()
    folder.mkdir(mode=0o700)
    ports = _free_ports(12 if replicas else 6)
    count = len(ports) // 2
    timeout = _QUICK if replicas else _PATIENT
    cluster = RedisCluster([Server(ports[n], ports[n + count], folder / str(n), timeout) for n in range(count)])
    try:
        await cluster.form()
        yield cluster
    finally:
        await cluster.stop()
        shutil.rmtree(folder)


@contextlib.contextmanager
def running_redis_cluster(*, replicas: bool = False) -> Iterator[RedisCluster]:
    """Like `redis_cluster`, for fixtures without an event loop."""
    with asyncio.Runner() as runner:
        context = redis_cluster(replicas=replicas)
        started = runner.run(context.__aenter__())
        try:
            yield started
        finally:
            runner.run(context.__aexit__(None, None, None))


def _free_ports(count: int) -> list[int]:
    """Below those that the kernel hands out, because a server that is killed must find its port free when it is back.
    Servers of a cluster have to be told their ports, so another process might take one in between."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(12_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found.append(port)
    return found
