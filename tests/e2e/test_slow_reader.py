"""Who does not read is cut off; the others do not notice."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.native import NativeClient
from tests.support.patience import PATIENCE

from .people import People, eventually, gather
from .tokens import access_token

MESSAGES = 260
BODY = "x" * 32_000  # together far more than the queue and the kernel's buffers hold


@pytest.mark.parametrize("protobuf", [False, True])
async def test_slow_reader_is_cut_off_and_nobody_else(people: People, protobuf: bool) -> None:
    alice, bob, sid = await people.pair("python-json")
    room = f"chat:{sid}"
    carol = await people.connect("js-protobuf", "carol", node=1)
    await carol.enter(sid)
    lazy = people.name("lazy")
    slow = await people.native(lazy, node=1, protobuf=protobuf)
    await slow.rpc("channel.join", channel=sid)
    position = (await slow.push(lambda push: push["channel"] == room and "subscribe" in push))["subscribe"]
    got: list[int] = []
    slow.on_push = lambda push: got.append(push["pub"]["offset"]) if push["channel"] == room and "pub" in push else None
    slow.connection.transport.pause_reading()
    # What is handed to the library already must not be read either: it would go on reading.
    slow.connection.recv_messages.pause = lambda: None
    slow.connection.recv_messages.resume = lambda: None

    writers = await people.writers(sid, 4)
    await gather(*(write(writer, sid) for writer in writers))
    for person in (bob, carol):
        await person.feed.until(lambda feed=person.feed: feed.types(room).count("message.added") == MESSAGES)  # type: ignore[misc]
        offsets = person.feed.offsets(room)
        assert offsets == list(range(offsets[0], offsets[0] + len(offsets)))
        assert person.feed.count("connected") == 1

    async def gone() -> bool:
        users = {each.user for each in (await alice.sdk.presence(room)).values()}
        return carol.identity in users and lazy not in users  # both are at the other node, which has answered

    await eventually(gone)
    slow.connection.transport.resume_reading()
    assert await slow.ended() == (3008, "slow")

    # What was dropped is in the log: the same person has everything in the end.
    applied = got[-1] if got else position["offset"]
    assert got == list(range(position["offset"] + 1, applied + 1))
    top = bob.feed.offsets(room)[-1]
    assert applied < top
    back = await people.native(node=0, protobuf=protobuf)
    held = {room: {"recover": True, "offset": applied, "epoch": position["epoch"]}}
    answer = (await back.connect(access_token(lazy), subs=held))["subs"][room]
    assert "recovered" not in answer
    while got[-1:] != [top]:
        since = {"offset": got[-1] if got else applied, "epoch": position["epoch"]}
        found = await back.command("history", channel=room, limit=-1, since=since)
        got += [publication["offset"] for publication in found["publications"]]
    assert got == list(range(position["offset"] + 1, top + 1))


async def write(writer: NativeClient, sid: str) -> None:
    for _ in range(MESSAGES // 4):
        async with asyncio.timeout(PATIENCE):
            await writer.rpc("message.send", channel=sid, body=BODY)
