"""Clients that take their time: requests that never end, answers that are never read."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack
from typing import TypeVar

from gateway.sockets.driver import LINGER
from gateway.sockets.plain import HEAD_TIME
from tests.abuse.entrances import JSON, NATIVE, SDK, STALE
from tests.abuse.raw import CONT, TEXT, Raw, frame, raw, upgrade
from tests.abuse.target import Target
from tests.e2e.tokens import ACCOUNT, AUTH_TOKEN
from tests.support.patience import within

T = TypeVar("T")

PACE = 0.5
"""Seconds between two bytes."""

AUTHORIZATION = b"Authorization: Basic " + base64.b64encode(f"{ACCOUNT}:{AUTH_TOKEN}".encode()) + b"\r\n"
HEAD = b"GET /healthz HTTP/1.1\r\nHost: chat.example\r\n"
WEBSOCKET = upgrade(NATIVE)
BODY = b"POST /token HTTP/1.1\r\nHost: chat.example\r\n%bContent-Length: 500000\r\n\r\n"


async def meanwhile(connection: Raw, pieces: Iterable[bytes], outcome: Awaitable[T]) -> T:
    """One piece after the other, slowly, until the outcome is there."""

    async def trickle() -> None:
        for piece in pieces:
            await connection.send(piece)
            await asyncio.sleep(PACE)

    async with asyncio.TaskGroup() as tasks:
        trickling = tasks.create_task(trickle())
        try:
            return await outcome
        finally:
            trickling.cancel()


def bytewise(data: bytes) -> Iterator[bytes]:
    return (bytes((byte,)) for byte in data)


async def silence(connection: Raw) -> None:
    """Not a byte: closed without a word."""
    assert await connection.rest() == b""


async def slow_head(connection: Raw) -> None:
    assert await meanwhile(connection, bytewise(HEAD * 10), connection.status()) == 408


async def slow_upgrade(connection: Raw) -> None:
    assert await meanwhile(connection, bytewise(WEBSOCKET[:-4] + b"x" * 1000), connection.status()) == 408


async def slow_second_head(connection: Raw) -> None:
    await connection.send(HEAD + b"\r\n")
    assert await connection.status() == 200
    await connection.reader.readexactly(len("ok\n"))
    assert await meanwhile(connection, bytewise(HEAD * 10), connection.status()) == 408


async def body_after_the_answer(connection: Raw) -> None:
    """Refused at once, for want of credentials; what was announced goes on coming."""
    await connection.send(BODY % b"")
    assert await connection.status() == 401
    await meanwhile(connection, bytewise(b"x" * 1000), connection.rest())


async def no_connect(connection: Raw) -> None:
    await connection.send(upgrade(JSON.path))
    assert await connection.status() == 101
    assert (await connection.ending()).code == STALE


async def no_init(connection: Raw) -> None:
    await connection.send(upgrade(SDK.path))
    assert await connection.status() == 101
    assert (await connection.ending()).code == STALE


async def slow_connect(connection: Raw) -> None:
    """A connect command that comes in fragments of one byte, and never ends."""
    await connection.send(upgrade(JSON.path))
    assert await connection.status() == 101
    pieces = (frame(b"{", TEXT, fin=False), *[frame(b" ", CONT, fin=False)] * 100)
    assert (await meanwhile(connection, pieces, connection.ending())).code == STALE


async def slow_frame(connection: Raw) -> None:
    """A frame that claims a kilobyte and brings a byte now and then."""
    await connection.send(upgrade(SDK.path))
    assert await connection.status() == 101
    await connection.send(frame(b"", size=1000))
    assert (await meanwhile(connection, bytewise(b"x" * 60), connection.ending())).code == STALE


KINDS: tuple[Callable[[Raw], Awaitable[None]], ...] = (
    silence,
    slow_head,
    slow_upgrade,
    slow_second_head,
    body_after_the_answer,
    no_connect,
    no_init,
    slow_connect,
    slow_frame,
)


async def handshakes(node: Target, each: int) -> None:
    """So many of each kind at the same time: none keeps its connection for much longer than HEAD_TIME, and
    those who cannot hear that it is over, than LINGER more."""

    async def one(kind: Callable[[Raw], Awaitable[None]]) -> None:
        async with within(HEAD_TIME + LINGER + 3.0), raw(node.port) as connection:
            await kind(connection)

    async with asyncio.TaskGroup() as tasks:
        for kind in KINDS:
            for _ in range(each):
                tasks.create_task(one(kind), name=kind.__name__)


async def vanish(node: Target, count: int) -> None:
    """In the middle of a body that they were allowed to send."""
    paths = (b"/token", b"/v2/Services", b"/v1/Services/IS1/Media")
    async with AsyncExitStack() as stack:
        for number in range(count):
            connection = await stack.enter_async_context(raw(node.port))
            head = (BODY % AUTHORIZATION).replace(b"/token", paths[number % len(paths)])
            await connection.send(head + b"FriendlyName=x")
