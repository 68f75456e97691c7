"""The frames themselves, with a client that does what SDKs never do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import websockets
from centrifuge.protocol import client_pb2
from websockets.typing import Origin, Subprotocol

from tests.support.native import decode, delimited, encode_json, encode_protobuf
from tests.support.patience import PATIENCE

from .people import People
from .tokens import access_token

LARGEST = 131_072


@asynccontextmanager
async def raw(
    people: People, identity: str | None = None, *, protobuf: bool = False, query: str = "", **more: str
) -> AsyncIterator[websockets.ClientConnection]:
    """A bare WebSocket; logged in where an identity is given."""
    url = people.node(0).replace("http", "ws", 1) + "/connection/websocket" + query
    offered = [Subprotocol("centrifuge-protobuf")] if protobuf else None
    origin = Origin(more["origin"]) if "origin" in more else None
    async with websockets.connect(
        url, subprotocols=offered, origin=origin, compression=None, ping_interval=None, proxy=None
    ) as socket:
        if identity is not None:
            commands = [{"id": 1, "connect": {"token": access_token(identity)}}]
            await socket.send(encode_protobuf(commands) if protobuf else encode_json(commands), text=not protobuf)
            (connected,) = decode(await receive(socket))
            assert connected["id"] == 1
        yield socket


async def receive(socket: websockets.ClientConnection) -> str | bytes:
    async with asyncio.timeout(PATIENCE):
        return await socket.recv()


async def replies(socket: websockets.ClientConnection, count: int) -> list[dict[str, object]]:
    """So many replies; pings and pushes are left out."""
    found: list[dict[str, object]] = []
    while len(found) < count:
        found += [dict(reply) for reply in decode(await receive(socket)) if "id" in reply]
    return found


async def closed(socket: websockets.ClientConnection) -> int:
    """The close code; what comes before is dropped."""
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                await socket.recv()
    except websockets.ConnectionClosed:
        assert socket.close_code is not None, "it is closed"
        return socket.close_code


async def test_several_commands_in_one_frame(people: People) -> None:
    async with raw(people, people.name()) as socket:
        commands = [{"id": number, "rpc": {"method": "unread.total"}} for number in range(2, 12)]
        await socket.send(encode_json(commands).decode() + "\n")
        answers = await replies(socket, 10)
        assert [answer["id"] for answer in answers] == list(range(2, 12))


async def test_connect_and_calls_in_the_first_frame(people: People) -> None:
    token = access_token(people.name())
    commands = [{"id": 1, "connect": {"token": token}}, {"id": 2, "rpc": {"method": "channel.create"}}]
    for protobuf, encode in ((False, encode_json), (True, encode_protobuf)):
        async with raw(people, protobuf=protobuf) as socket:
            await socket.send(encode(commands), text=not protobuf)
            answers = await replies(socket, 2)
            assert [answer["id"] for answer in answers] == [1, 2]


async def test_encoding_follows_subprotocol_then_query(people: People) -> None:
    ping = [{"id": 1, "connect": {"token": access_token(people.name())}}]
    for query in ("?format=protobuf", "?cf_protocol=protobuf"):
        async with raw(people, query=query) as socket:
            assert socket.subprotocol is None
            await socket.send(encode_protobuf(ping))
            assert isinstance(await receive(socket), bytes)
    async with raw(people, protobuf=True, query="?format=json") as socket:
        assert socket.subprotocol == "centrifuge-protobuf"
    url = people.node(0).replace("http", "ws", 1) + "/connection/websocket"
    offers = {"centrifuge-json": "centrifuge-json", "other": None}
    for offered, echoed in offers.items():
        async with websockets.connect(url, subprotocols=[Subprotocol(offered)], proxy=None) as socket:
            assert socket.subprotocol == echoed
            await socket.send(encode_json(ping), text=True)
            assert isinstance(await receive(socket), str)


async def test_opcode_does_not_matter_on_input(people: People) -> None:
    async with raw(people, people.name()) as socket:
        await socket.send(b'{"id":2,"ping":{}}')
        assert json.loads(await receive(socket)) == {"id": 2, "ping": {}}


async def test_unknown_fields_and_nulls_are_ignored(people: People) -> None:
    async with raw(people, people.name()) as socket:
        await socket.send('{"id":2,"colour":"red","connect":null,"rpc":{"method":"unread.total","x":[1],"data":null}}')
        (answer,) = await replies(socket, 1)
        assert answer == {"id": 2, "rpc": {"data": {"total": 0, "channels": {}}}}
        await socket.send('{"send":{"data":{"method":"no.such"}}}\n{}\n{"id":3,"ping":{}}')
        assert await replies(socket, 1) == [{"id": 3, "ping": {}}]


VIOLATIONS = [
    "",
    "nonsense",
    "[]",
    "7",
    "null",
    '{"id":2}',
    '{"id":0,"ping":{}}',
    '{"id":-1,"ping":{}}',
    '{"id":1.5,"ping":{}}',
    '{"id":"2","ping":{}}',
    '{"id":2,"connect":{"token":"x"}}',
    '{"id":2,"subscribe":{}}',
    '{"id":2,"unsubscribe":{"channel":""}}',
    '{"id":2,"refresh":{}}',
    '{"id":2,"rpc":{"method":5}}',
    '{"id":2,"ping":{}}{"id":3,"ping":{}}',
    "[" * 60_000,
    '{"id":2,"rpc":{"method":"unread.total","data":' + '{"a":' * 20_000,
    '\n\n{"id":',
    "\ufeff{}",
    "\x00",
]


@pytest.mark.parametrize("frame", VIOLATIONS, ids=lambda frame: ascii(frame[:24]))
async def test_violations_of_the_json_protocol_close(people: People, frame: str) -> None:
    async with raw(people, people.name()) as socket:
        await socket.send(frame)
        assert await closed(socket) == 3501


BROKEN = {
    "empty": b"",
    "length beyond the frame": b"\x10\x08\x02",
    "endless length": b"\xff" * 12,
    "wrong wire type": b"\x02\x0d\x01",
    "text": b'{"id":2,"ping":{}}',
    "group": b"\x02\x0b\x0b",
    "bad utf-8": b"\x07\x08\x02\x6a\x03\x12\x01\xff",
    "command without a member": encode_protobuf([{"id": 2}]),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_violations_of_the_protobuf_protocol_close(people: People, name: str) -> None:
    async with raw(people, people.name(), protobuf=True) as socket:
        await socket.send(BROKEN[name])
        assert await closed(socket) == 3501


async def test_nothing_but_connect_may_come_first(people: People) -> None:
    for frame in (
        '{"id":1,"ping":{}}',
        '{"id":1,"rpc":{"method":"unread.total"}}',
        '{"id":1,"subscribe":{"channel":"me"}}',
    ):
        async with raw(people) as socket:
            await socket.send(frame)
            assert await closed(socket) == 3501


async def test_commands_before_a_violation_take_effect(people: People) -> None:
    alice = await people.native(people.name("alice"))
    unique = people.name("room")
    async with raw(people, people.name()) as socket:
        create = {"id": 2, "rpc": {"method": "channel.create", "data": {"unique_name": unique}}}
        await socket.send(encode_json([create]).decode() + "\n{broken")
        assert [answer["id"] for answer in await replies(socket, 1)] == [2]
        assert await closed(socket) == 3501
    assert (await alice.rpc("channel.get", channel=unique))["channel"]["unique_name"] == unique


async def test_invalid_utf8_in_json(people: People) -> None:
    async with raw(people, people.name()) as socket:
        await socket.send(b'{"id":2,"rpc":{"method":"\xff"}}')
        assert await closed(socket) == 3501
    async with raw(people, people.name()) as socket:
        await socket.send(b'{"id":2,"rpc":{"method":"\xff"}}', text=True)
        assert await closed(socket) in (1007, 3501)


@pytest.mark.parametrize("protobuf", [False, True])
async def test_text_that_is_no_text_is_refused(people: People, protobuf: bool) -> None:
    bodies = {r'"lone \ud800 surrogate"': 107, r'"nul \u0000"': 107, r'"\ud83d\ude00"': None}
    async with raw(people, people.name(), protobuf=protobuf) as socket:
        create = [{"id": 2, "rpc": {"method": "channel.create"}}]
        await socket.send(encode_protobuf(create) if protobuf else encode_json(create), text=not protobuf)
        (made,) = await replies(socket, 1)
        sid = made["rpc"]["data"]["channel"]["sid"]  # type: ignore[index]
        for number, (body, code) in enumerate(bodies.items(), 3):
            data = f'{{"channel":"{sid}","body":{body}}}'
            if protobuf:
                command = client_pb2.Command(id=number)
                command.rpc.method, command.rpc.data = "message.send", data.encode()
                await socket.send(delimited(command.SerializeToString()))
            else:
                await socket.send(f'{{"id":{number},"rpc":{{"method":"message.send","data":{data}}}}}')
            (answer,) = await replies(socket, 1)
            error = answer.get("error")
            assert (error["code"] if isinstance(error, dict) else None) == code, body
        assert answer["rpc"]["data"]["message"]["body"] == "😀"  # type: ignore[index]


async def test_largest_message_and_one_byte_more(people: People) -> None:
    head, tail = '{"id":2,"ping":{},"pad":"', '"}'
    pad = "x" * (LARGEST - len(head) - len(tail))
    async with raw(people, people.name()) as socket:
        await socket.send(head + pad + tail)
        assert await replies(socket, 1) == [{"id": 2, "ping": {}}]
        await socket.send(head + pad + "x" + tail)
        assert await closed(socket) == 1009


async def flood(socket: websockets.ClientConnection, answers: list[dict[str, object]]) -> None:
    for start in range(2, 10_000, 200):
        await socket.send(encode_json({"id": start + number, "ping": {}} for number in range(200)), text=True)
        answers += await replies(socket, 200)


async def test_flood_is_told_then_ended(people: People) -> None:
    answers: list[dict[str, object]] = []
    async with raw(people, people.name()) as socket:
        with pytest.raises(websockets.ConnectionClosed):
            await flood(socket, answers)
        assert socket.close_code == 3013
    refused = [answer for answer in answers if "error" in answer]
    assert answers.index(refused[0]) >= 500
    assert refused[0]["error"] == {"code": 111, "message": "too many requests", "temporary": True}


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://localhost:3000", True),
        ("https://evil.example", False),
        ("null", False),
        ("http://localhost.evil", False),
    ],
)
async def test_origin_of_browsers_is_checked(people: People, origin: str, allowed: bool) -> None:
    if allowed:
        async with raw(people, people.name(), origin=origin):
            pass
    else:
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with raw(people, origin=origin):
                pass
        assert refused.value.response.status_code == 403


async def test_other_paths_take_no_sockets(people: People) -> None:
    for path in ("/", "/connection/websocket/", "/connection/sockjs"):
        with pytest.raises(websockets.InvalidStatus) as refused:
            await websockets.connect(people.node(0).replace("http", "ws", 1) + path, proxy=None)
        assert refused.value.response.status_code == 404
