"""The wire itself: it loses nothing of a connection that goes on, and does to it what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from tests.support.wire import BOTH, Address, Way, Wire

DEADLINE = 10.0


@asynccontextmanager
async def echo() -> AsyncIterator[tuple[Wire, list[bytes]]]:
    """A wire to a server that says everything back, and what that server heard."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                heard.append(line)
                writer.write(line)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with Wire(Address(port=server.sockets[0].getsockname()[1])) as wire:
        try:
            yield wire, heard
        finally:
            server.close()


class Caller:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, wire: Wire) -> Caller:
        return cls(*await asyncio.open_connection("127.0.0.1", wire.port))

    def say(self, text: str) -> None:
        self._writer.write(text.encode() + b"\n")

    async def hear(self) -> str:
        """Nothing at the end of the connection."""
        async with asyncio.timeout(DEADLINE):
            return (await self._reader.readline()).decode().rstrip()

    async def asked(self, text: str) -> str:
        self.say(text)
        return await self.hear()

    async def is_reset(self) -> bool:
        try:
            return not await self.hear()
        except ConnectionError:
            return True

    def close(self) -> None:
        self._writer.close()


async def until_held(wire: Wire, count: int = 1) -> None:
    async with asyncio.timeout(DEADLINE):
        while sum(connection.swallowed for connection in wire.connections) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_it_passes_everything_and_an_end_too() -> None:
    async with echo() as (wire, _):
        caller = await Caller.to(wire)
        assert await caller.asked("x" * 30_000) == "x" * 30_000
        caller.close()
        async with asyncio.timeout(DEADLINE):
            while wire.connections:  # noqa: ASYNC110
                await asyncio.sleep(0.005)


@pytest.mark.parametrize("ways", [BOTH, (Way.THERE,), (Way.BACK,)])
async def test_what_was_swallowed_arrives_late_and_in_order(ways: Sequence[Way]) -> None:
    async with echo() as (wire, heard):
        caller = await Caller.to(wire)
        assert await caller.asked("before") == "before"
        wire.hold(*ways)
        caller.say("one")
        caller.say("two")
        await until_held(wire)
        assert (b"one\n" in heard) == (Way.THERE not in ways)
        wire.heal()
        assert [await caller.hear(), await caller.hear(), await caller.asked("after")] == ["one", "two", "after"]
        caller.close()


async def test_or_the_connection_is_reset() -> None:
    async with echo() as (wire, heard):
        caller, idle = await Caller.to(wire), await Caller.to(wire)
        assert await idle.asked("before") == "before"
        assert await caller.asked("before") == "before"
        wire.hold(Way.THERE)
        caller.say("lost")
        await until_held(wire)
        wire.heal(late=False)
        assert await caller.is_reset()
        assert await idle.asked("after") == "after"
        assert b"lost\n" not in heard
        idle.close()


async def test_who_comes_while_all_is_swallowed_is_accepted_and_reaches_nobody() -> None:
    async with echo() as (wire, heard):
        wire.hold(*BOTH)
        caller = await Caller.to(wire)
        caller.say("early")
        await until_held(wire)
        assert not heard
        wire.heal()
        assert await caller.hear() == "early"
        caller.close()


async def test_a_slow_wire_keeps_the_order() -> None:
    async with echo() as (wire, _):
        caller, loop = await Caller.to(wire), asyncio.get_running_loop()
        wire.slow(0.05, *BOTH)
        began = loop.time()
        for number in range(5):
            caller.say(str(number))
        assert [await caller.hear() for _ in range(5)] == ["0", "1", "2", "3", "4"]
        assert loop.time() - began >= 0.1
        wire.heal()
        assert await caller.asked("after") == "after"
        caller.close()


async def test_who_is_refused_is_reset_until_it_heals() -> None:
    async with echo() as (wire, _):
        old = await Caller.to(wire)
        assert await old.asked("before") == "before"
        wire.refuse()
        assert await old.is_reset()
        assert await (await Caller.to(wire)).is_reset()
        wire.heal()
        caller = await Caller.to(wire)
        assert await caller.asked("after") == "after"
        caller.close()
