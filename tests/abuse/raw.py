"""A socket to the node, without manners. Frames are made by hand (RFC 6455 section 5.2)."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from tests.support.patience import PATIENCE

KEY = "dGhlIHNhbXBsZSBub25jZQ=="

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
_MASK: Final = b"\x00\x00\x00\x00"  # a legal key, which leaves the payload as it is
_RESET = (ConnectionResetError, BrokenPipeError, asyncio.IncompleteReadError)


@dataclass(frozen=True, slots=True)
class Ending:
    """How the node ended a connection. `code` is None where there was no close frame."""

    code: int | None
    received: bytes  # payloads of data frames before that, one after the other


def frame(
    payload: bytes = b"", opcode: int = TEXT, *, fin: bool = True, masked: bool = True, rsv: int = 0, size: int = -1
) -> bytes:
    """`size` is what the header claims where that is not the truth."""
    length = len(payload) if size < 0 else size
    first, bit = (0x80 if fin else 0) | rsv << 4 | opcode, 0x80 if masked else 0
    if length < 126:
        head = struct.pack("!BB", first, bit | length)
    elif length < 1 << 16:
        head = struct.pack("!BBH", first, bit | 126, length)
    else:
        head = struct.pack("!BBQ", first, bit | 127, length)
    return head + (_MASK if masked else b"") + payload


def upgrade(path: str, *headers: str) -> bytes:
    lines = (
        f"GET {path} HTTP/1.1",
        "Host: chat.example",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Version: 13",
        *headers,
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Raw:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """A node that has hung up is no failure here."""
        with contextlib.suppress(*_RESET):
            self.writer.write(data)
            async with asyncio.timeout(PATIENCE):
                await self.writer.drain()

    async def head(self) -> bytes:
        """Of an HTTP answer; empty if there is none."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self.reader.readuntil(b"\r\n\r\n")
        except _RESET:
            return b""

    async def status(self) -> int:
        """0 if the node hung up without an answer."""
        head = await self.head()
        return int(head.split(b" ")[1]) if head else 0

    async def rest(self, limit: int = -1) -> bytes:
        """What comes until the node hangs up."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self.reader.read(limit)
        except _RESET:
            return b""

    async def receive(self) -> tuple[int, bytes]:
        """Opcode and payload of the next frame. Raises what asyncio does at the end."""
        async with asyncio.timeout(PATIENCE):
            first, length = await self.reader.readexactly(2)
            if length == 126:
                (length,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", await self.reader.readexactly(8))
            return first & 0x0F, await self.reader.readexactly(length)

    async def ending(self) -> Ending:
        """Fails unless the node ends the connection in time; the socket has to be closed too."""
        received = bytearray()
        code = None
        with contextlib.suppress(*_RESET):
            while code is None:
                opcode, payload = await self.receive()
                if opcode == CLOSE:
                    (code,) = struct.unpack("!H", payload[:2])
                elif opcode in (TEXT, BINARY):
                    received += payload
            await self.send(frame(struct.pack("!H", code), CLOSE))
            async with asyncio.timeout(PATIENCE):
                await self.reader.read()
        return Ending(code, bytes(received))


@asynccontextmanager
async def raw(port: int) -> AsyncIterator[Raw]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    try:
        yield Raw(reader, writer)
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def socket(port: int, path: str, *headers: str, first: bytes = b"") -> AsyncIterator[Raw]:
    """An open WebSocket; `first` is said as soon as it is."""
    async with raw(port) as connection:
        await connection.send(upgrade(path, *headers))
        assert await connection.status() == 101
        if first:
            await connection.send(first)
            await connection.receive()
        yield connection
