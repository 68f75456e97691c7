"""Files of messages, and what becomes of them when messages, channels and services go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from chatcore.commands.media import UploadDraft
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import MediaSid, ServiceSid, new_sid
from chatcore.ports.media import Discarded
from chatcore.store.maintenance import Maintenance
from chatcore.store.media_trash import MediaTrash

from .conftest import ClientOf
from .rig import PNG, Caller, Rig, link_of, pieces, refusal

DRAFT = UploadDraft(content_type="image/png")


def channels(caller: Caller) -> str:
    return f"/chat/v2/Services/{caller.account.service_sid}/Channels"


async def test_a_message_shows_its_file(server: Caller) -> None:
    channel = await server.channel()
    record = await server.upload(Filename="kůň.png")
    message = await server.send(channel, record["sid"])
    shown = {"sid": record["sid"], "size": len(PNG), "content_type": "image/png", "filename": "kůň.png"}
    assert (message["type"], message["body"], message["media"]) == ("media", None, shown)
    path = f"{channels(server)}/{channel}/Messages/{message['sid']}"
    assert (await server.http.get(path)).json()["media"] == shown
    conversation = path.replace("/chat/v2/", "/conversations/v1/").replace("/Channels/", "/Conversations/")
    response = await server.http.get(conversation)
    if response.status_code == 200:
        assert response.json()["media"] == [shown]


async def test_a_file_goes_with_one_message_only(server: Caller, stranger: Caller) -> None:
    channel = await server.channel()
    record = await server.upload()
    await server.send(channel, record["sid"], Body="look")
    foreign = await stranger.upload()
    for sid, refused in (
        (record["sid"], (409, 50508)),
        (new_sid("ME"), (404, 50507)),
        (foreign["sid"], (404, 50507)),
    ):
        response = await server.http.post(f"{channels(server)}/{channel}/Messages", data={"MediaSid": sid})
        assert refusal(response) == refused


async def test_the_body_of_a_file_without_text_stays_away(server: Caller) -> None:
    channel = await server.channel()
    message = await server.send(channel, (await server.upload())["sid"])
    path = f"{channels(server)}/{channel}/Messages/{message['sid']}"
    assert refusal(await server.http.post(path, data={"Body": "text"})) == (400, 50509)


async def test_a_deleted_message_takes_its_file_along(rig: Rig, server: Caller) -> None:
    channel = await server.channel()
    record, other = await server.upload(), await server.upload()
    message = await server.send(channel, record["sid"])
    response = await server.http.delete(f"{channels(server)}/{channel}/Messages/{message['sid']}")
    assert response.status_code == 204
    assert await server.refused("GET", f"/{record['sid']}") == (404, 20404)
    assert refusal(await server.http.get(link_of(record))) == (404, 20404)
    await rig.housekeeping.step()
    assert rig.files(server.account.service_sid) == [other["sid"]]


async def test_a_deleted_channel_takes_its_files_along(rig: Rig, server: Caller, client_of: ClientOf) -> None:
    alice = await client_of("alice")
    channel, kept = await server.channel(), await server.upload()
    records = [await alice.upload() for _ in range(3)]
    for record in records:
        await server.send(channel, record["sid"])
    assert (await server.http.delete(f"{channels(server)}/{channel}")).status_code == 204
    for caller in (server, alice):
        assert await caller.refused("GET", f"/{records[0]['sid']}") == (404, 20404)
    assert refusal(await server.http.get(link_of(records[0]))) == (404, 20404)
    await rig.housekeeping.step()
    assert await rig.records(server.account.service_sid) == [kept["sid"]]
    assert rig.files(server.account.service_sid) == [kept["sid"]]


async def test_a_deleted_service_takes_all_files_along(rig: Rig, server: Caller) -> None:
    channel = await server.channel()
    record, unattached = await server.upload(), await server.upload()
    await server.send(channel, record["sid"])
    await server.http.delete(f"/chat/v2/Services/{server.account.service_sid}")
    assert await server.refused("GET", f"/{record['sid']}") == (404, 20404)
    assert refusal(await server.http.get(link_of(unattached))) == (404, 20404)
    await Maintenance(rig.store.pool).purge()
    await rig.housekeeping.step()
    assert await rig.records(server.account.service_sid) == []
    assert rig.files(server.account.service_sid) == []


async def test_a_file_that_is_never_sent_goes_after_a_day(rig: Rig, server: Caller) -> None:
    attached, unattached = await server.upload(), await server.upload()
    await server.send(await server.channel(), attached["sid"])
    await rig.housekeeping.step()
    assert len(rig.files(server.account.service_sid)) == 2
    rig.clock.ahead = timedelta(hours=24, minutes=1)
    try:
        await rig.housekeeping.step()
    finally:
        rig.clock.ahead = timedelta()
    assert rig.files(server.account.service_sid) == [attached["sid"]]
    assert await server.refused("GET", f"/{unattached['sid']}") == (404, 20404)


async def test_what_a_crash_left_goes_after_a_day(rig: Rig, server: Caller) -> None:
    """A record without bytes, and the beginning of a file beside the place where it was to be."""
    file = await rig.media.announce(server.actor, DRAFT, 10)
    folder = rig.folder / server.account.service_sid / file.sid[-2:]
    folder.mkdir(parents=True)
    (folder / f"{file.sid}#1").write_bytes(b"half")
    rig.clock.ahead = timedelta(hours=25)
    try:
        await rig.housekeeping.step()
    finally:
        rig.clock.ahead = timedelta()
    assert rig.files(server.account.service_sid) == []
    assert await rig.records(server.account.service_sid) == []


async def test_many_files_go_in_batches(rig: Rig, server: Caller) -> None:
    trash = MediaTrash(rig.store.pool)
    channel = await server.channel()
    for _ in range(5):
        await server.send(channel, (await server.upload(b"x"))["sid"])
    await server.http.delete(f"{channels(server)}/{channel}")
    assert [await trash.discard_deleted(2) for _ in range(4)] == [2, 2, 1, 0]
    assert await rig.records(server.account.service_sid) == []


async def test_each_piece_of_trash_is_given_to_one_worker(rig: Rig, server: Caller) -> None:
    trash = MediaTrash(rig.store.pool)
    await rig.housekeeping.step()
    service = ServiceSid(server.account.service_sid)
    entries = {Discarded(service, MediaSid(new_sid("ME"))) for _ in range(6)}
    for entry in entries:
        await trash.add(entry.service_sid, entry.sid)
    taken = await asyncio.gather(*(trash.take(2, timedelta(minutes=1)) for _ in range(4)))
    given = [entry for batch in taken for entry in batch]
    assert (len(given), set(given)) == (6, entries)
    await trash.forget([entry.sid for entry in given])


async def test_trash_that_could_not_be_removed_comes_again(rig: Rig, server: Caller) -> None:
    trash = MediaTrash(rig.store.pool)
    await trash.add(ServiceSid(server.account.service_sid), MediaSid(new_sid("ME")))
    first = await trash.take(100, timedelta(0))
    again = await trash.take(100, timedelta(0))
    assert len(first) == len(again) > 0
    await rig.housekeeping.step()
    assert await trash.take(100, timedelta(0)) == []


async def test_a_file_that_is_deleted_while_it_comes_leaves_nothing(rig: Rig, server: Caller) -> None:
    file = await rig.media.announce(server.actor, DRAFT, 128 * 1024)

    async def chunks() -> AsyncIterator[bytes]:
        async for piece in pieces(2):
            yield piece
        async with rig.store.transaction() as tx:
            await tx.media.delete([file.sid])
        await rig.housekeeping.step()

    with pytest.raises(ChatError) as refused:
        await rig.media.fill(file.sid, chunks())
    assert refused.value.code is Code.NOT_FOUND
    await rig.housekeeping.step()
    assert rig.files(server.account.service_sid) == []
