"""Too many: connections, commands, subscriptions, frames."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable

from tests.abuse.entrances import JSON, NATIVE, PROTOBUF, SDK, Entrance
from tests.abuse.raw import CLOSE, CONT, PING, TEXT, Ending, Raw, frame, raw, upgrade
from tests.abuse.street import Street
from tests.abuse.target import Target
from tests.support.native import ErrorReply, NativeClient, encode_json, encode_protobuf
from tests.support.patience import PATIENCE
from tests.support.twilsock import Frame, TwilsockClient, encode

TOO_MANY = 3013
RATE_LIMITED = 111
MEMBER = 1404
"""Of the channel already, when this is not the first time."""

SLOW_ENOUGH = 2.0
"""Seconds after which a write that waits shows that the node has stopped reading."""

ROOM = "chat:CH" + "0" * 31 + "%x"


async def connects(node: Target, count: int) -> Counter[int]:
    """As many upgrades as fit at once, half of them gone before the answer. How often there was which status."""
    statuses: Counter[int] = Counter()
    gate = asyncio.Semaphore(200)

    async def one(number: int) -> None:
        entrance = (JSON, PROTOBUF, SDK)[number % 3]
        async with gate, raw(node.port) as connection:
            await connection.send(upgrade(entrance.path))
            if number % 2:
                statuses[await connection.status()] += 1

    await asyncio.gather(*(one(number) for number in range(count)))
    assert set(statuses) <= {101, 503}, statuses
    return statuses


async def logins(node: Target, street: Street, count: int) -> None:
    """Connect and go, again and again, in the middle of it too."""

    async def one(number: int) -> None:
        entrance = (JSON, PROTOBUF, SDK)[number % 3]
        async with raw(node.port) as connection:
            await connection.send(upgrade(entrance.path))
            assert await connection.status() == 101
            await connection.send(entrance.framed(entrance.login(street.token(f"flood{number % 50}"))))
            if number % 2:
                await connection.receive()

    for start in range(0, count, 20):
        await asyncio.gather(*(one(start + number) for number in range(20)))


async def commands(node: Target, street: Street) -> None:
    """More than a connection may ask: first 111, then the end."""
    for entrance, encoded in ((JSON, encode_json), (PROTOBUF, encode_protobuf)):
        async with entrance.opened(node.port, street.token("flood")) as connection:
            block = b"".join(entrance.framed(encoded([{"id": number, "ping": {}}])) for number in range(2, 3000))
            ending = await _flooded(connection, block)
            assert ending.code == TOO_MANY
            answers = ending.received
            assert answers.count(b"too many requests") > 500


async def pongs(node: Target, street: Street) -> None:
    """Nobody asked for them, and strangers have no more right to send them than others."""
    for entrance, pong, separator in ((JSON, b"{}", b"\n"), (PROTOBUF, b"\x00", b"")):
        block = entrance.framed(separator.join([pong] * 40_000))
        for token in ("", street.token("flood")):
            async with entrance.opened(node.port, token) as connection:
                assert (await _flooded(connection, block * 4)).code == TOO_MANY


async def twilsock_requests(node: Target, street: Street) -> None:
    """SDKs repeat nothing, so the flood is not refused but no longer read."""
    async with SDK.opened(node.port, street.token("flood")) as connection:
        http = {"path": "/nowhere", "method": "GET"}
        block = b"".join(
            SDK.framed(encode({"method": "message", "id": f"TM{number}", "http_request": http}, b"x" * 1000))
            for number in range(5000)
        )
        assert not await _taken(connection, block * 4), "20 MB are not taken in"
        opcode, payload = await connection.receive()
        assert opcode != CLOSE
        assert b'"code":404' in payload


async def tiny_frames(node: Target, entrance: Entrance, street: Street) -> None:
    """The smallest frames there are, for as long as the node reads them: that is not long."""
    kinds = (
        frame(b"[", TEXT, fin=False) + frame(b"[", CONT, fin=False) * 100_000,
        frame(b"", TEXT, fin=False) + frame(b"", CONT, fin=False) * 1_000_000,
        frame(b"", PING) * 1_000_000,
    )

    async def one(data: bytes, token: str) -> None:
        async with entrance.opened(node.port, token) as connection:
            assert (await _flooded(connection, data)).code == TOO_MANY

    await asyncio.gather(*(one(data, token) for data in kinds for token in ("", street.token("tiny"))))


async def subscriptions(node: Target, street: Street) -> None:
    """To rooms that are not there, to one again and again, and to what cannot be subscribed."""
    url = node.url.replace("http", "ws", 1) + NATIVE
    client = await NativeClient.open(url)
    try:
        await client.connect(street.token("subscriber"), mode="feed")
        calls = [client.post("subscribe", channel=ROOM % (number % 16)) for number in range(300)]
        codes = Counter(await asyncio.gather(*(_code(call) for call in calls)))
        assert set(codes) <= {103, RATE_LIMITED}, codes
        assert await _code(client.post("rpc", method="channel.join", data={"channel": street.sid})) in (0, MEMBER)
        name = f"chat:{street.sid}"
        for _ in range(40):
            assert await _code(client.post("subscribe", channel=name)) == 0
            assert await _code(client.post("subscribe", channel=name)) == 105
            assert await _code(client.post("unsubscribe", channel=name)) == 0
    finally:
        await client.close()


async def watching(node: Target, street: Street) -> None:
    """The same people many times over."""
    client = await NativeClient.open(node.url.replace("http", "ws", 1) + NATIVE)
    try:
        await client.connect(street.token("watcher"))
        names = [street.identity(kind) for kind in ("json", "protobuf", "twilsock")]
        for _ in range(30):
            await client.rpc("user.watch", identities=(names * 34)[:100])
            await client.rpc("user.unwatch", identities=names)
        with contextlib.suppress(ErrorReply):
            await client.rpc("user.watch", identities=[f"nobody{number}" for number in range(100)])
        assert await _code(client.post("rpc", method="user.watch", data={"identities": ["x"] * 5000})) == 107
    finally:
        await client.close()


async def sync_objects(node: Target, street: Street) -> None:
    """Subscriptions to a thousand objects that are not there; one more is refused."""
    client = await TwilsockClient.open(node.url)
    try:
        assert (await client.init(street.token("subscriber")))["status"]["code"] == 200
        for count, status in ((1000, 200), (1001, 400)):
            wanted = [
                {"object_sid": f"ES{number:032x}", "object_type": "list", "last_event_id": number}
                for number in range(count)
            ]
            body = {"event_protocol_version": 4, "action": "establish", "correlation_id": 1, "requests": wanted}
            assert (await client.request("POST", "/v4/Subscriptions", body)).status == status
        calls: list[asyncio.Future[Frame]] = [client.post("POST", "/v3/Lists", {"context": {}}) for _ in range(300)]
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*calls)
    finally:
        await client.close()


async def _code(call: Awaitable[object]) -> int:
    try:
        async with asyncio.timeout(PATIENCE):
            await call
    except ErrorReply as error:
        return error.code
    return 0


async def _flooded(connection: Raw, block: bytes) -> Ending:
    sending = asyncio.ensure_future(connection.send(block))
    try:
        return await connection.ending()
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def _taken(connection: Raw, data: bytes) -> bool:
    """Whether the node reads all of it; False once it has stopped for a while, or hung up."""
    try:
        connection.writer.write(data)
        async with asyncio.timeout(SLOW_ENOUGH):
            await connection.writer.drain()
    except (TimeoutError, OSError):
        return False
    return True
