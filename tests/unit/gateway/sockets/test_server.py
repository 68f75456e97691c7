from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.server import ServerProtocol

from gateway.sockets.close import Close
from gateway.sockets.drain import drain
from gateway.sockets.endpoint import Link
from gateway.sockets.frames import frame
from gateway.sockets.outbound import CROWD, Flusher, fan_out
from gateway.sockets.plain import KEEP_ALIVE, PlainConnection
from gateway.sockets.server import GatewayServer, SocketServer
from tests.support.patience import PATIENCE, until

from .stage import Clock, OpenEndpoint, RecordingPeer, settings

UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def echo(peer: RecordingPeer, payload: bytes) -> None:
    peer.link.send(peer.link.frame(payload))


class Node:
    """A real server on a port of its own."""

    def __init__(self, on_drain: Callable[[Node], Awaitable[None]], **changes: Any) -> None:
        self.peers: list[RecordingPeer] = []
        endpoint = OpenEndpoint(self._peer, max_message=131_072)
        self.sockets = SocketServer({"/ws": endpoint}, settings(**changes))
        config = uvicorn.Config(
            self._app,
            port=0,
            ws=self.sockets.protocol,  # type: ignore[arg-type]  # uvicorn calls it and asks for no more than that
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=1,
        )
        self.server = GatewayServer(config, lambda: on_drain(self))
        self.task: asyncio.Task[None] | None = None

    def _peer(self, link: Link) -> RecordingPeer:
        self.peers.append(RecordingPeer(link, echo))
        return self.peers[-1]

    @staticmethod
    async def _app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async def start(self) -> None:
        self.task = asyncio.create_task(self.server._serve(), name="server")
        await until(lambda: self.server.started)

    async def stop(self) -> None:
        assert self.task is not None
        self.server.should_exit = True
        self.sockets.stop()
        async with asyncio.timeout(PATIENCE):
            await self.task

    def connect(self, **options: Any) -> Any:
        return connect(f"ws://127.0.0.1:{self.server.port}/ws", **options)


async def closed(client: ClientConnection) -> tuple[int, str]:
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(ConnectionClosed) as caught:  # noqa: PT012 - what came before does not matter
            while True:
                await client.recv()
    assert caught.value.rcvd is not None, "the close frame was lost"
    return caught.value.rcvd.code, caught.value.rcvd.reason


async def _no_drain(node: Node) -> None:
    return


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    node = Node(_no_drain)
    await node.start()
    yield node
    await node.stop()


async def test_messages_travel_both_ways_whole_and_in_fragments(node: Node) -> None:
    async with asyncio.timeout(PATIENCE), node.connect() as client:
        for size in (0, 1, 125, 126, 65_535, 65_536, 131_072):
            await client.send("x" * size)
            assert await client.recv() == "x" * size
        await client.send(["one ", "two ", "three"])
        assert await client.recv() == "one two three"
        await (await client.ping())
    await until(lambda: not node.sockets.connections)
    assert node.peers[0].closings == [(1000, "")]


async def test_the_client_sees_why_its_message_was_too_long(node: Node) -> None:
    async with node.connect() as client:
        # Far more than the limit, so that much of it is unread when the server closes.
        sending = asyncio.create_task(client.send("x" * 3_000_000))
        code, _ = await closed(client)
        assert code == 1009
        await asyncio.gather(sending, return_exceptions=True)
    await until(lambda: not node.sockets.connections)


async def test_other_requests_share_the_port(node: Node) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", node.server.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    async with asyncio.timeout(PATIENCE):
        assert (await reader.read()).startswith(b"HTTP/1.1 200")
    writer.close()
    await writer.wait_closed()


async def test_an_idle_connection_is_kept_for_longer_than_proxies_keep_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert KEEP_ALIVE > 60
    monkeypatch.setattr("gateway.sockets.server.KEEP_ALIVE", 0)
    node = Node(_no_drain)
    await node.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", node.server.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    async with asyncio.timeout(PATIENCE):
        assert (await reader.read()).endswith(b"\r\n\r\nok"), "closed once it is idle for too long"
    writer.close()
    await node.stop()


async def test_an_unknown_path_and_a_draining_node_refuse(node: Node) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await connect(f"ws://127.0.0.1:{node.server.port}/nowhere")
    assert caught.value.response.status_code == 404
    node.sockets.draining = True
    with pytest.raises(InvalidStatus) as caught:
        await node.connect()
    assert caught.value.response.status_code == 503


async def test_a_slow_reader_is_cut_while_another_keeps_receiving(node: Node) -> None:
    slow = socket.create_connection(("127.0.0.1", node.server.port))
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.sendall(
        b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    try:
        async with node.connect() as quick:
            await until(lambda: len(node.peers) == 2)
            links = [peer.link for peer in node.peers]
            news = links[0].frame(b"x" * 50_000)
            received = 0
            async with asyncio.timeout(PATIENCE):
                while not any(peer.closings for peer in node.peers):
                    fan_out(list(links), news)  # type: ignore[arg-type]  # they are drivers
                    await quick.recv()
                    received += 1
                    assert all(link.backlog <= 1024 * 1024 for link in links)
                fan_out(list(links), news)  # type: ignore[arg-type]  # they are drivers
                await quick.recv()
            assert received > 20
            assert [peer.closings for peer in node.peers if peer.closings] == [[(3008, "slow")]]
    finally:
        slow.close()
    await until(lambda: not node.sockets.connections)


async def test_what_the_kernel_does_not_take_of_a_crowds_frame_comes_in_order(node: Node) -> None:
    clock = Clock()
    node.sockets.flusher = Flusher(clock)
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(node.connect(max_queue=1, max_size=None)) for _ in range(CROWD)]
        drivers: list[Any] = [peer.link for peer in node.peers]
        for driver in drivers:
            driver.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        news = [f"{number} " + "x" * 60_000 for number in range(8)]
        for text in news:
            clock.now += 1.0
            assert node.sockets.flusher.at_rest()
            assert fan_out(drivers, frame(text.encode(), True)) == CROWD
        assert any(driver.stalled for driver in drivers)
        async with asyncio.timeout(PATIENCE):
            for client in clients:
                assert [await client.recv() for _ in news] == news


async def test_a_connection_that_vanishes_is_forgotten(node: Node) -> None:
    client = await node.connect()
    client.transport.abort()
    await until(lambda: not node.sockets.connections)
    assert node.peers[0].closings == [(1006, "")]


async def test_a_half_closed_connection_is_forgotten(node: Node) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", node.server.port)
    writer.write(
        b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    await until(lambda: len(node.peers) == 1)
    writer.write_eof()
    async with asyncio.timeout(PATIENCE):
        assert (await reader.read()).startswith(b"HTTP/1.1 101")
    writer.close()
    await until(lambda: not node.sockets.connections)
    assert node.peers[0].closings == [(1006, "")]


async def test_pings_are_answered_or_the_connection_ends() -> None:
    node = Node(_no_drain, ping_interval=0.2, pong_timeout=0.1)
    await node.start()
    try:
        async with node.connect() as client:
            async with asyncio.timeout(PATIENCE):
                assert await client.recv() == "{}"
            assert await closed(client) == (3012, "no pong")
    finally:
        await node.stop()


async def test_compressed_messages_travel_both_ways() -> None:
    node = Node(_no_drain, compression=True)
    await node.start()
    try:
        async with asyncio.timeout(PATIENCE), node.connect() as client:
            for _ in range(3):
                await client.send("hello " * 1000)
                assert await client.recv() == "hello " * 1000
            await client.send("short")
            assert await client.recv() == "short"
    finally:
        await node.stop()


async def test_idle_waits_until_every_socket_is_gone(node: Node) -> None:
    await node.sockets.idle(0.01)
    client = await node.connect()
    await node.sockets.idle(0.01)
    assert node.sockets.connections
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(node.sockets.idle(PATIENCE), client.close())
    assert not node.sockets.connections


async def _drain_all(node: Node) -> None:
    node.sockets.draining = True
    await drain(node.sockets.connections, 0.2, lambda link: link.close(*Close.SHUTDOWN.value))
    await node.sockets.idle(5)


@pytest.mark.parametrize("path", ["/ws", "/nowhere"])
async def test_connections_that_go_leave_no_cycle_to_the_collector(node: Node, path: str) -> None:
    """Its stops are felt by everybody."""
    kinds = (PlainConnection, ServerProtocol)
    gc.collect()
    gc.disable()
    try:
        head = f"GET {path} HTTP/1.1\r\nHost: a\r\n{UPGRADE}".encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", node.server.port)
        writer.write(head)
        assert await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()
        await until(lambda: not node.sockets.connections)
        await until(lambda: not [found for found in gc.get_objects() if isinstance(found, kinds)])
    finally:
        gc.enable()


async def test_a_crowd_that_comes_at_once_is_let_in_while_others_are_served(node: Node) -> None:
    """All heads are there before the first is answered."""
    streams = [await asyncio.open_connection("127.0.0.1", node.server.port) for _ in range(100)]
    async with asyncio.timeout(PATIENCE), node.connect() as client:
        for _, writer in streams:
            writer.write(b"GET /ws HTTP/1.1\r\nHost: a\r\n" + UPGRADE.encode())
        await client.send("x")
        assert await client.recv() == "x"
        for reader, writer in streams:
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
            writer.transport.abort()


async def test_who_goes_before_he_is_let_in_is_forgotten(node: Node) -> None:
    for _ in range(20):
        streams = [await asyncio.open_connection("127.0.0.1", node.server.port) for _ in range(10)]
        for _, writer in streams:
            writer.write(b"GET /ws HTTP/1.1\r\nHost: a\r\n" + UPGRADE.encode())
        for _, writer in streams:
            writer.transport.abort()
    await until(lambda: not node.sockets.connections)
    async with asyncio.timeout(PATIENCE), node.connect() as client:
        await client.send("x")
        assert await client.recv() == "x"


async def test_a_signal_drains_while_requests_are_still_served() -> None:
    node = Node(_drain_all)
    await node.start()
    clients = [await node.connect() for _ in range(10)]
    node.server.handle_exit(signal.SIGTERM, None)
    codes = [await closed(client) for client in clients]
    assert codes == [(3001, "shutdown")] * 10
    assert node.task is not None
    async with asyncio.timeout(PATIENCE):
        await node.task
    assert not node.sockets.connections
    node.sockets.stop()


async def test_the_answers_of_a_draining_node_end_their_connections() -> None:
    """So that a proxy does not meet it with its next request when the node closes them all."""
    drained = asyncio.Event()
    node = Node(lambda _: drained.wait())  # type: ignore[arg-type, return-value]  # nobody wants what it returns
    await node.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", node.server.port)
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    async with asyncio.timeout(PATIENCE):
        writer.write(request)
        assert b"connection: close" not in await reader.readuntil(b"ok")
        node.server.handle_exit(signal.SIGTERM, None)
        await until(node.server.stopping)
        writer.write(request)
        assert b"\r\nconnection: close\r\n" in await reader.read()
        drained.set()
        assert node.task is not None
        await node.task
    writer.close()


PROGRAM = """
import asyncio, sys, uvicorn
from gateway.sockets.plain import PlainConnection
from gateway.sockets.server import GatewayServer

async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})

async def on_drain():
    print("draining", flush=True)
    await asyncio.sleep(float(sys.argv[1]))
    print("drained", flush=True)

async def main():
    server = GatewayServer(uvicorn.Config(app, port=0, lifespan="off", log_config=None), on_drain)
    task = asyncio.ensure_future(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    print("ready", flush=True)
    await task

asyncio.run(main())
"""


@pytest.mark.parametrize(("seconds", "signals", "last"), [("0.05", 1, "drained"), ("60", 2, "draining")])
def test_the_process_ends_with_0(seconds: str, signals: int, last: str) -> None:
    root = Path(__file__).parents[4]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, seconds],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.stdout.readline() == "draining\n"
        if signals == 2:
            process.terminate()
        lines = process.stdout.read().split()
        assert process.wait(PATIENCE) == 0
    assert (lines or ["draining"])[-1] == last
