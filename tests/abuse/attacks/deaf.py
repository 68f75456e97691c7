"""Clients that ask and do not read the answers, or do not read at all."""

from __future__ import annotations

import asyncio
import socket as sockets
from collections import Counter
from contextlib import AsyncExitStack

from tests.abuse.entrances import ENTRANCES, JSON, SDK
from tests.abuse.raw import Raw
from tests.abuse.street import Street
from tests.abuse.target import Figures, Target
from tests.e2e.tokens import ACCOUNT, AUTH_TOKEN, SERVICE
from tests.support.native import encode_json
from tests.support.twilsock import encode

OUTBOUND = 1 << 20
"""Bytes a reader may lag: CHAT_OUTBOUND_LIMIT."""

BODY = "x" * 30_000
ENDS = ('code="3008"', 'code="3012"')


def deafen(connection: Raw) -> None:
    """Reads no more, and has little room for what comes."""
    transport = connection.writer.transport
    transport.get_extra_info("socket").setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    transport.pause_reading()  # type: ignore[attr-defined]  # of the read half


async def readers(node: Target, street: Street, messages: int) -> None:
    """Members of a busy room, one by each way in, who read nothing: each is cut off, for its lag, or on a slow machine
    for the pong that does not come."""
    sid = await _post(node, "", Type="public")
    before = _cut(await node.figures())
    async with AsyncExitStack() as stack:
        for entrance in ENTRANCES.values():
            name = f"deaf-{entrance.name}"
            connection = await stack.enter_async_context(entrance.opened(node.port, street.token(name)))
            await _post(node, f"/{sid}/Members", Identity=street.identity(name))
            if entrance is SDK:
                await _follow(connection, sid)
            deafen(connection)
        for _ in range(messages):
            await _post(node, f"/{sid}/Messages", Body=BODY)
            if _cut(await node.figures()) - before == {"centrifuge": 2, "twilsock": 1}:
                return
    raise AssertionError("somebody is still written to")


def _cut(figures: Figures) -> Counter[str]:
    """How many were cut off so far, by protocol."""
    found: Counter[str] = Counter()
    for protocol in ("centrifuge", "twilsock"):
        for code in ENDS:
            found[protocol] += int(figures.sum("chat_disconnects_total", code, f'protocol="{protocol}"'))
    return found


async def _post(node: Target, path: str, **form: str) -> str:
    """A channel, or something in one; its SID."""
    url = f"/v2/Services/{SERVICE}/Channels{path}"
    answer = await node.http.post(url, auth=(ACCOUNT, AUTH_TOKEN), data=form)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["sid"])


async def _follow(connection: Raw, sid: str) -> None:
    """Hears the messages of the room, by Twilsock."""
    get = {"path": f"/v3/Lists/{sid}.messages", "method": "GET"}
    await connection.send(SDK.framed(encode({"method": "message", "id": "TM1", "http_request": get})))
    _, payload = await connection.receive()
    object_sid = "ES" + payload.partition(b'"sid":"ES')[2][:32].decode()
    wanted = [{"object_sid": object_sid, "object_type": "list", "last_event_id": None}]
    body = encode_json([{"event_protocol_version": 4, "action": "establish", "correlation_id": 1, "requests": wanted}])
    post = {"path": "/v4/Subscriptions", "method": "POST"}
    await connection.send(SDK.framed(encode({"method": "message", "id": "TM2", "http_request": post}, body)))
    while b"subscription_established" not in (await connection.receive())[1]:
        pass


async def askers(node: Target, street: Street, count: int) -> None:
    """Ask for far more than they read. Their commands wait once half of what they may lag is waiting for them, so
    there is never much more; and the node stops reading them too."""
    for entrance, question in ((JSON, _list_by_rpc), (SDK, _list_by_twilsock)):
        async with entrance.opened(node.port, street.token("asker")) as connection:
            if entrance is JSON:
                join = encode_json([{"id": 2, "rpc": {"method": "channel.join", "data": {"channel": street.sid}}}])
                await connection.send(entrance.framed(join))
            deafen(connection)
            block = b"".join(entrance.framed(question(street.sid, number)) for number in range(3, 3 + count))
            sending = asyncio.ensure_future(connection.send(block))
            try:
                most = await _settled_backlog(node)
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
            assert most < 2 * OUTBOUND, entrance.name


async def _settled_backlog(node: Target) -> float:
    """Bytes queued, once they are no longer becoming more."""
    most = -1.0
    while (now := (await node.figures()).sum("chat_outbound_bytes")) > most:
        most = now
        await asyncio.sleep(0.3)
    return most


def _list_by_rpc(sid: str, number: int) -> bytes:
    return encode_json([{"id": number, "rpc": {"method": "message.list", "data": {"channel": sid, "limit": 100}}}])


def _list_by_twilsock(sid: str, number: int) -> bytes:
    http = {"path": "/Client/v1/Configuration", "method": "GET"}
    return encode({"method": "message", "id": f"TM{number}", "http_request": http})
