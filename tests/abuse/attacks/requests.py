"""HTTP that two parsers would understand differently, or that is simply too much of it."""

from __future__ import annotations

import asyncio

from tests.abuse.attacks.slow import AUTHORIZATION
from tests.abuse.raw import KEY, raw
from tests.abuse.target import Target

HOST = b"Host: chat.example\r\n"
POST = b"POST /v2/Services HTTP/1.1\r\n" + HOST + AUTHORIZATION
GET = b"GET /healthz HTTP/1.1\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
FORM = POST + b"Content-Type: application/x-www-form-urlencoded\r\n"
UPGRADE = (
    b"GET /connection/websocket HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: " + KEY.encode() + b"\r\n" + HOST
)

SMUGGLED = {
    "length and chunks": POST
    + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    + GET
    + HOST
    + b"\r\n",
    "chunks and length": POST
    + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\nGPOST / HTTP/1.1\r\n\r\n",
    "two lengths": POST + b"Content-Length: 6\r\nContent-Length: 5\r\n\r\nabcdef",
    "a length twice": POST + b"Content-Length: 6\r\nContent-Length: 6\r\n\r\nabcdef",
    "a list of lengths": POST + b"Content-Length: 6, 6\r\n\r\nabcdef",
    "negative length": POST + b"Content-Length: -1\r\n\r\n",
    "signed length": POST + b"Content-Length: +6\r\n\r\nabcdef",
    "hexadecimal length": POST + b"Content-Length: 0x6\r\n\r\nabcdef",
    "length beyond 64 bits": POST + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "other coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "coding behind chunked": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "two codings": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "space before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "vertical tab": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "folded line": POST + b"Content-Length:\r\n 6\r\n\r\nabcdef",
    "bare line feeds": b"GET /healthz HTTP/1.1\nHost: x\n\n",
    "bare carriage returns": b"GET /healthz HTTP/1.1\rHost: x\r\r" + b"\r\n\r\n",
    "NUL in a header": GET + HOST + b"A: b\x00c\r\n\r\n",
    "header without a name": GET + HOST + b": x\r\n\r\n",
    "header before the first": GET + b" " + HOST + b"\r\n",
    "two hosts": GET + HOST + b"Host: evil.example\r\n\r\n",
    "chunk beyond 64 bits": CHUNKED + b"fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    "negative chunk": CHUNKED + b"-1\r\nabc\r\n0\r\n\r\n",
    "chunk without an end": CHUNKED + b"3\r\nabcX\r\n0\r\n\r\n",
    "space in the target": b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n",
    "target beyond ASCII": "GET /ü HTTP/1.1\r\n".encode() + HOST + b"\r\n",
    "authority as the target": b"CONNECT example.org:443 HTTP/1.1\r\n" + HOST + b"\r\n",
    "unknown method": b"FOO /healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    "unknown version": b"GET /healthz HTTP/9.9\r\n" + HOST + b"\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": bytes.fromhex("160301020001000001fc0303") + b"x" * 500,
    "upgrade with a body": UPGRADE + b"Content-Length: 5\r\n\r\nhello",
    "upgrade with chunks": UPGRADE + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "upgrade to an unknown version": UPGRADE.replace(b"Version: 13", b"Version: 777") + b"\r\n" + GET + HOST + b"\r\n",
}
"""Refused with a 4xx, and the connection ends: what follows is nobody's request."""

TOO_MUCH = {
    "target": (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 431),
    "target without an end": (b"GET /" + b"a" * 400_000, 431),
    "one header": (GET + HOST + b"A: " + b"b" * 40_000 + b"\r\n\r\n", 431),
    "many headers": (GET + HOST + b"a:b\r\n" * 10_000 + b"\r\n", 431),
    "headers without an end": (GET + HOST + b"a:b\r\n" * 100_000, 431),
    "a header of an upgrade": (UPGRADE + b"A: " + b"b" * 9_000 + b"\r\n\r\n", 431),
    "headers of an upgrade": (UPGRADE + b"a:b\r\n" * 200 + b"\r\n", 431),
    "announced body": (FORM + b"Content-Length: 9999999999\r\n\r\n", 413),
    "body without an end": (CHUNKED + (b"10000\r\n" + b"x" * 0x10000 + b"\r\n") * 40, 413),
    "parameters": (FORM + b"Content-Length: 4000\r\n\r\n" + b"a=&x" * 1000, 400),
    "parameters of the target": (
        b"GET /v2/Services?" + b"a&" * 1001 + b" HTTP/1.1\r\n" + HOST + AUTHORIZATION + b"\r\n",
        400,
    ),
    "semicolons in the type": (
        POST + b"Content-Length: 2\r\nContent-Type: multipart/form-data" + b";" * 30_000 + b"\r\n\r\nxx",
        400,
    ),
}
"""Refused with this status."""


async def smuggle(node: Target) -> None:
    async def one(name: str, data: bytes) -> None:
        async with raw(node.port) as connection:
            await connection.send(data)
            status = await connection.status()
            assert 400 <= status < 500, (name, status)
            assert b"HTTP/1.1" not in await connection.rest(), name

    await asyncio.gather(*(one(name, data) for name, data in SMUGGLED.items()))


async def overdo(node: Target) -> None:
    async def one(name: str, data: bytes, wanted: int) -> None:
        async with raw(node.port) as connection:
            sending = asyncio.ensure_future(connection.send(data))
            try:
                assert await connection.status() == wanted, name
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)

    await asyncio.gather(*(one(name, *data) for name, data in TOO_MUCH.items()))


async def pipeline(node: Target, count: int) -> None:
    """Requests in one go, on one connection: answered one after the other."""
    async with raw(node.port) as connection:
        await connection.send((GET + HOST + b"\r\n") * (count - 1) + GET + HOST + b"Connection: close\r\n\r\n")
        assert (await connection.rest()).count(b"HTTP/1.1 200 OK\r\n") == count
