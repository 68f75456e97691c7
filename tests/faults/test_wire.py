"""The wire itself: it loses nothing of a connection that goes on, and does to it what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest

from tests.support.patience import PATIENCE
from tests.support.wire import BOTH, Address, Way, Wire


class Caller:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def say(self, text: str) -> None:
        self._writer.write(text.encode() + b"\n")

    async def hear(self) -> str:
        """Nothing at the end of the connection."""
        async with asyncio.timeout(PATIENCE):
            return (await self._reader.readline()).decode().rstrip()

    async def asked(self, text: str) -> str:
        self.say(text)
        return await self.hear()

    async def is_reset(self) -> bool:
        try:
            return not await self.hear()
        except ConnectionError:
            return True

    async def close(self) -> None:
        await _closed(self._writer)


class Echo:
    """A server that says everything back, behind a wire."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.callers: list[Caller] = []
        self.serving: set[asyncio.Task[None]] = set()
        self.wire: Wire

    async def call(self) -> Caller:
        self.callers.append(Caller(*await asyncio.open_connection("127.0.0.1", self.wire.port)))
        return self.callers[-1]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "a handler is a task"
        self.serving.add(task)
        with suppress(ConnectionError):
            while line := await reader.readline():
                self.heard.append(line)
                writer.write(line)
        await _closed(writer)


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


@asynccontextmanager
async def echo() -> AsyncIterator[Echo]:
    made = Echo()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    async with Wire(Address(port=server.sockets[0].getsockname()[1])) as made.wire:
        yield made
        for caller in made.callers:
            await caller.close()
    server.close()
    await asyncio.gather(*made.serving)


async def until_held(wire: Wire, count: int = 1) -> None:
    async with asyncio.timeout(PATIENCE):
        while sum(connection.swallowed for connection in wire.connections) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_it_passes_everything_and_an_end_too() -> None:
    async with echo() as there:
        caller = await there.call()
        assert await caller.asked("x" * 30_000) == "x" * 30_000
        await caller.close()
        async with asyncio.timeout(PATIENCE):
            while there.wire.connections:  # noqa: ASYNC110
                await asyncio.sleep(0.005)


@pytest.mark.parametrize("ways", [BOTH, (Way.THERE,), (Way.BACK,)])
async def test_what_was_swallowed_arrives_late_and_in_order(ways: Sequence[Way]) -> None:
    async with echo() as there:
        caller = await there.call()
        assert await caller.asked("before") == "before"
        there.wire.hold(*ways)
        caller.say("one")
        caller.say("two")
        await until_held(there.wire)
        assert (b"one\n" in there.heard) == (Way.THERE not in ways)
        there.wire.heal()
        assert [await caller.hear(), await caller.hear(), await caller.asked("after")] == ["one", "two", "after"]


async def test_or_the_connection_is_reset() -> None:
    async with echo() as there:
        caller, idle = await there.call(), await there.call()
        assert await idle.asked("before") == "before"
        assert await caller.asked("before") == "before"
        there.wire.hold(Way.THERE)
        caller.say("lost")
        await until_held(there.wire)
        there.wire.heal(late=False)
        assert await caller.is_reset()
        assert await idle.asked("after") == "after"
        assert b"lost\n" not in there.heard


async def test_who_comes_while_all_is_swallowed_is_accepted_and_reaches_nobody() -> None:
    async with echo() as there:
        there.wire.hold(*BOTH)
        caller = await there.call()
        caller.say("early")
        await until_held(there.wire)
        assert not there.heard
        there.wire.heal()
        assert await caller.hear() == "early"


async def test_a_slow_wire_keeps_the_order() -> None:
    async with echo() as there:
        caller, loop = await there.call(), asyncio.get_running_loop()
        there.wire.slow(0.05, *BOTH)
        began = loop.time()
        for number in range(5):
            caller.say(str(number))
        assert [await caller.hear() for _ in range(5)] == ["0", "1", "2", "3", "4"]
        assert loop.time() - began >= 0.1
        there.wire.heal()
        assert await caller.asked("after") == "after"


async def test_who_is_refused_is_reset_until_it_heals() -> None:
    async with echo() as there:
        old = await there.call()
        assert await old.asked("before") == "before"
        there.wire.refuse()
        assert await old.is_reset()
        assert await (await there.call()).is_reset()
        there.wire.heal()
        caller = await there.call()
        assert await caller.asked("after") == "after"
