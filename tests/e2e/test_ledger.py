from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from tests.support.cluster import Cluster, cluster
from tests.support.ledger import Member, Reader

from .tokens import access_token

WRITERS = 20
MESSAGES = 5000
HEALED = 60.0
"""Seconds within which everything has arrived after the last send was acknowledged."""

Fault = Callable[[Cluster], Awaitable[None]]


async def no_fault(_: Cluster) -> None:
    pass


async def kill_valkey(nodes: Cluster) -> None:
    old = nodes.pid_of("valkey")
    await nodes.kill("valkey")
    await nodes.back("valkey", old)


async def kill_a_node(nodes: Cluster) -> None:
    await nodes.kill(1)


@pytest.mark.parametrize("fault", [no_fault, kill_valkey, kill_a_node])
async def test_every_reader_has_every_message_once_and_in_order(fault: Fault) -> None:
    async with cluster(nodes=2) as nodes:
        first, second = (node.url.replace("http", "ws") + "/connection/websocket" for node in nodes.nodes)
        room = f"ledger-{secrets.token_hex(4)}"
        async with contextlib.AsyncExitStack() as stack:
            group = await stack.enter_async_context(asyncio.TaskGroup())
            writers = [
                Member(f"writer-{n}", [first, second] if n % 2 else [second, first], access_token)
                for n in range(WRITERS)
            ]
            stays = [group.create_task(writer.stay()) for writer in writers]
            sid = (await writers[0].call("channel.create", unique_name=room))["channel"]["sid"]
            await asyncio.gather(*(writer.call("channel.join", channel=sid) for writer in writers[1:]))
            readers = [
                Reader(f"reader-{n}", urls, access_token, sid, protobuf=protobuf)
                for n, (urls, protobuf) in enumerate(
                    [
                        ([first, second], False),
                        ([second, first], False),
                        ([first, second], True),
                        ([second, first], True),
                    ]
                )
            ]
            for reader in readers:
                await writers[0].call("member.add", channel=sid, identity=reader.identity)
            stays += [group.create_task(reader.stay()) for reader in readers]
            for reader in readers:
                await reader.call("channel.get", channel=sid)

            acknowledged: list[int] = []
            half = asyncio.Event()

            async def write(writer: Member) -> None:
                for n in range(MESSAGES // WRITERS):
                    acknowledged.append((await writer.send(sid, f"{writer.identity} {n}"))["index"])
                    if len(acknowledged) >= MESSAGES // 2:
                        half.set()

            async def strike() -> None:
                await half.wait()
                await fault(nodes)

            async with asyncio.timeout(150):
                await asyncio.gather(strike(), *(write(writer) for writer in writers))
            assert sorted(acknowledged) == list(range(MESSAGES))
            for reader in readers:
                await reader.has(MESSAGES, HEALED)
                assert reader.indexes == list(range(MESSAGES)), reader.identity
                assert reader.offsets == list(range(reader.offsets[0], reader.offsets[0] + len(reader.offsets)))
            counts = Counter(reader.connections > 1 for reader in readers)
            assert counts[True] == (2 if fault is kill_a_node else 0)
            for stay in stays:
                stay.cancel()
