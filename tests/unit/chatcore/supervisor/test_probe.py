"""Asking a gateway whether it is ready."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from chatcore.supervisor.errors import SupervisorError
from chatcore.supervisor.probe import ask, until_ready


class Peer:
    def __init__(self) -> None:
        self.answers = [b"HTTP/1.1 503 Unavailable\r\n\r\nPostgres does not answer\n"]
        self.asked: list[bytes] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(self.answers[0] if len(self.answers) == 1 else self.answers.pop(0))
        await writer.drain()
        writer.close()


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    answering = Peer()
    server = await asyncio.start_server(answering.serve, "127.0.0.1", 0)
    answering.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield answering


async def test_status_and_body_are_told(peer: Peer) -> None:
    assert await ask(f"{peer.url}/readyz") == (503, "Postgres does not answer\n")
    assert peer.asked[0].startswith(b"GET /readyz HTTP/1.0\r\nHost: 127.0.0.1:")


async def test_it_waits_until_the_gateway_is_ready(peer: Peer) -> None:
    peer.answers.append(b"HTTP/1.1 200 OK\r\n\r\n")
    await until_ready(peer.url, 30)
    assert len(peer.asked) == 2


async def test_the_last_reason_is_told_when_it_never_gets_ready(peer: Peer) -> None:
    with pytest.raises(SupervisorError, match="503 Postgres does not answer"):
        await until_ready(peer.url, 0.0)


async def test_nonsense_and_silence_are_no_answer(peer: Peer) -> None:
    peer.answers[0] = b"what?\r\n\r\n"
    assert (await ask(f"{peer.url}/readyz"))[0] == 0
    assert (await ask("http://127.0.0.1:1/readyz"))[0] == 0
