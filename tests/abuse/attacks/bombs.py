"""Small messages that become large, or deep, for whoever unpacks them."""

from __future__ import annotations

import asyncio
import struct
import zlib

import httpx
from centrifuge.protocol import client_pb2

from tests.abuse.entrances import BAD_REQUEST, DEFLATE, JSON, PROTOBUF, SDK, Entrance
from tests.abuse.raw import CONT, TEXT, Raw, frame
from tests.abuse.street import Street
from tests.abuse.target import Target
from tests.e2e.tokens import ACCOUNT, AUTH_TOKEN, SERVICE
from tests.support.native import delimited, encode_protobuf
from tests.support.twilsock import TwilsockClient

DEPTH = 30_000
LEVELS = (50, 100, 500, 1000, 5000, DEPTH // 2)
COMPRESSED = 4
"""The bit of a message that permessage-deflate made (RFC 7692)."""

TOO_BIG, BAD_DATA, PROTOCOL_ERROR = 1009, 1007, 1002


def nests(depth: int) -> list[str]:
    return ["[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth, "[" * depth, '{"a":' * depth]


async def in_commands(node: Target, street: Street) -> None:
    """What stays readable is kept, the rest refused, never as a failure; the connection goes on or ends with 3501."""
    for entrance in (JSON, PROTOBUF):
        for depth in LEVELS:
            for nest in nests(depth):
                for method in ("channel.create", "user.update", "message.send", "no.such"):
                    params = f'{{"channel":"{street.sid}","body":"x","attributes":{nest}}}'
                    await _told(node, entrance, street.token("nest"), _rpc(entrance, method, params))
                await _told(node, entrance, "", _connect(entrance, nest))


async def _told(node: Target, entrance: Entrance, token: str, message: bytes) -> None:
    if len(message) > entrance.largest:
        return
    async with entrance.opened(node.port, token) as connection:
        await connection.send(entrance.framed(message) + entrance.framed(entrance.probe))
        assert await _answers(connection, entrance) in (None, BAD_REQUEST, 3500), message[:60]


async def _answers(connection: Raw, entrance: Entrance) -> int | None:
    """The close code, or None once the probe is answered."""
    while True:
        opcode, payload = await connection.receive()
        if opcode == 8:
            code: int = struct.unpack("!H", payload[:2])[0]
            return code
        if entrance.echo in payload:
            return None
        assert b'"code":100,' not in payload, "an internal error"


def _rpc(entrance: Entrance, method: str, params: str) -> bytes:
    if entrance is JSON:
        return f'{{"id":2,"rpc":{{"method":"{method}","data":{params}}}}}'.encode()
    return _embedding([{"id": 2, "rpc": {"method": method, "data": PLACE}}], params)


def _connect(entrance: Entrance, nest: str) -> bytes:
    if entrance is JSON:
        return f'{{"id":1,"connect":{{"token":"x","data":{nest},"subs":{{"me":{{"data":{nest}}}}}}}}}'.encode()
    return _embedding([{"id": 1, "connect": {"token": "x", "data": PLACE}}], nest)


PLACE = "here"


def _embedding(commands: list[dict[str, object]], text: str) -> bytes:
    """Protobuf with this text, which need not be JSON, where PLACE stands."""
    command = client_pb2.Command.FromString(encode_protobuf(commands)[1:])
    member = command.rpc if command.HasField("rpc") else command.connect
    member.data = text.encode()
    return delimited(command.SerializeToString())


async def in_twilsock(node: Target, street: Street) -> None:
    """In headers a nest is no header (3501); in payloads it is a bad request."""
    for depth in LEVELS:
        for nest in nests(depth):
            request = f'{{"path":"/x","method":"GET","params":{{"a":{nest}}}}}'
            header = f'{{"method":"message","id":"TM1","http_request":{request}}}'
            framed = b"TWILSOCK V3.0 %d\r\n%b\r\n" % (len(header), header.encode())
            async with SDK.opened(node.port, street.token("nest")) as connection:
                await connection.send(SDK.framed(framed) + SDK.framed(SDK.probe))
                assert await _answers(connection, SDK) in (None, BAD_REQUEST)
    client = await TwilsockClient.open(node.url)
    try:
        assert (await client.init(street.token("nest")))["status"]["code"] == 200
        for depth in LEVELS:
            for nest in nests(depth):
                for path in ("/v4/Subscriptions", "/v3/Lists", "/Client/v1/Conversations", "/v1/registrations"):
                    for body in (nest, f'{{"attributes":{nest},"requests":{nest},"context":{nest},"data":{nest}}}'):
                        answer = await client.request("POST", path, body.encode())
                        assert 200 <= answer.status < 500, (path, depth)
                inner = nest.replace('"', '\\"')
                answer = await client.request(
                    "POST", "/Client/v1/Conversations", f'{{"attributes":"{inner}"}}'.encode()
                )
                assert answer.status in (201, 400)
    finally:
        await client.close()


async def in_rest(node: Target) -> None:
    """Attributes are nested no deeper than every reader can bear: what is kept can be read, in every way."""
    url = f"/v2/Services/{SERVICE}/Channels"
    login = (ACCOUNT, AUTH_TOKEN)
    for depth in LEVELS:
        for nest in nests(depth):
            for path, body in ((url, {"Attributes": nest}), ("/token", {"identity": "x", "ttl": nest})):
                answer = await node.http.post(path, auth=login, data=body)
                assert answer.status_code in (201, 400), (path, answer.text[:200])
            answer = await node.http.post(
                "/token", auth=login, content=nest, headers={"Content-Type": "application/json"}
            )
            _refused(answer)


def _refused(answer: httpx.Response) -> None:
    assert answer.status_code == 400, answer.text[:200]
    assert answer.json()["code"] == 20001


def deflated(data: bytes, level: int = 9) -> bytes:
    """As RFC 7692 has it: without the four bytes that end a block."""
    pack = zlib.compressobj(level, wbits=-12)
    return (pack.compress(data) + pack.flush(zlib.Z_SYNC_FLUSH))[:-4]


async def compressed(node: Target, entrance: Entrance, street: Street, size: int) -> None:
    """Zeros by the megabyte, in some kilobytes: ends with 1009, and nothing but the first bytes is ever unpacked."""
    bomb = await asyncio.to_thread(deflated, bytes(size))
    assert len(bomb) < entrance.largest
    half = len(bomb) // 2
    twice = deflated(bomb)
    whole = frame(bomb, entrance.opcode, rsv=COMPRESSED)
    attempts = {
        "whole": (whole, {TOO_BIG}),
        "in two": (
            frame(bomb[:half], entrance.opcode, fin=False, rsv=COMPRESSED) + frame(bomb[half:], CONT),
            {TOO_BIG},
        ),
        "in bytes": (
            frame(bomb[:1], entrance.opcode, fin=False, rsv=COMPRESSED)
            + b"".join(frame(bomb[at : at + 1], CONT, fin=False) for at in range(1, len(bomb))),
            {TOO_BIG},
        ),
        "twice": (frame(twice, entrance.opcode, rsv=COMPRESSED), {BAD_REQUEST, TOO_BIG}),
        "broken": (frame(b"\xff" * 40, entrance.opcode, rsv=COMPRESSED), {BAD_DATA, PROTOCOL_ERROR}),
        "cut off": (frame(bomb[:20], entrance.opcode, rsv=COMPRESSED), {BAD_REQUEST, BAD_DATA, PROTOCOL_ERROR}),
        "empty": (frame(b"", TEXT, rsv=COMPRESSED), {BAD_REQUEST, BAD_DATA}),
    }
    for name, (data, codes) in attempts.items():
        for token in ("", street.token("bomb")):
            async with entrance.opened(node.port, token, DEFLATE) as connection:
                await connection.send(data)
                ending = await connection.ending()
                assert ending.code in codes, (name, ending)
