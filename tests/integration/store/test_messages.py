"""Messages, and the statement that writes many."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import ChannelSid, Identity, MediaSid, MessageSid, new_sid
from chatcore.domain.jobs import Job, JobKind
from chatcore.domain.model import Media, Message, Order, Service
from chatcore.domain.permissions import Permission
from chatcore.store.postgres import PostgresStore

from . import make


def _indexes(messages: Sequence[Message]) -> list[int]:
    return [message.index for message in messages]


async def test_messages_come_back_as_they_were_stored(store: PostgresStore, service: Service) -> None:
    channel = await make.channel(store, service)
    media = Media(sid=MediaSid(new_sid("ME")), content_type="image/png", filename='ä"b.png', size=2**40)
    message = replace(
        make.a_message(channel, None, author="bob", ref="r-1"),
        media=(media,),
        attributes='{"b" : 1, "a":2, "b":3}',
        last_updated_by="carol",
        date_created=make.later(-100),
    )
    channel = make.advanced(channel, message)
    async with store.transaction() as tx:
        await tx.messages.insert_many([message], [make.an_event(message)], [channel], [])
    assert await store.read.messages.get(channel.sid, message.sid) == message
    assert await store.read.messages.get(channel.sid, 0) == message
    assert await store.read.messages.newest(channel.sid) == message
    access = await store.read.channels.access(service.sid, channel.sid, None)
    assert access is not None
    assert access.channel == channel
    (event,) = await store.read.events.since(make.an_event(message).topic, 0, limit=5)
    assert event == make.an_event(message)


async def test_a_message_is_found_within_its_channel_only(store: PostgresStore, service: Service) -> None:
    channel, (message,) = await make.messages(store, await make.channel(store, service), 1)
    other = ChannelSid(new_sid("CH"))
    assert await store.read.messages.get(other, message.sid) is None
    assert await store.read.messages.get(other, 0) is None
    assert await store.read.messages.get(channel.sid, MessageSid(new_sid("IM"))) is None


async def test_one_batch_writes_to_many_channels(store: PostgresStore, service: Service) -> None:
    channels = [await make.channel(store, service) for _ in range(3)]
    sent, after = [], []
    for channel in channels:
        for number in range(4):
            sent.append(make.a_message(channel, f"{number}"))
            channel = make.advanced(channel, sent[-1])
        after.append(channel)
    async with store.transaction() as tx:
        locked = await tx.channels.lock([c.sid for c in channels])
        assert len(locked) == 3
        await tx.messages.insert_many(sent, [make.an_event(m) for m in sent], after, [])
    for channel in after:
        access = await store.read.channels.access(service.sid, channel.sid, None)
        assert access is not None
        assert access.channel == channel
        assert _indexes((await store.read.messages.list(channel.sid, limit=10)).items) == [0, 1, 2, 3]


async def test_jobs_are_written_with_the_messages(store: PostgresStore, service: Service) -> None:
    job = Job(kind=JobKind.PUSH, service_sid=service.sid, job={"name": "Zoë"}, expires_in=timedelta(hours=1))
    twin = Job(kind=JobKind.BADGE, service_sid=service.sid, job={}, expires_in=timedelta(hours=1), dedupe="alice")
    await make.messages(store, await make.channel(store, service), 2, jobs=[job, twin, job, twin])
    rows = await store.pool.fetch(
        "SELECT kind, job, expires_at - due_at AS life FROM outbox WHERE service_sid = $1 ORDER BY id", service.sid
    )
    assert [row["kind"] for row in rows] == ["push", "badge", "push"]
    assert rows[0]["job"] == {"name": "Zoë"}
    assert rows[0]["life"] == timedelta(hours=1)


async def test_concurrent_senders_leave_no_gaps(store: PostgresStore, service: Service) -> None:
    channel = await make.channel(store, service)

    async def send(number: int) -> None:
        async with store.transaction() as tx:
            held = (await tx.channels.lock([channel.sid]))[channel.sid]
            message = make.a_message(held, f"{number}")
            await tx.messages.insert_many([message], [make.an_event(message)], [make.advanced(held, message)], [])

    await asyncio.gather(*(send(number) for number in range(40)))
    messages = (await store.read.messages.list(channel.sid, limit=100)).items
    events = await store.read.events.since(make.an_event(messages[0]).topic, 0, limit=100)
    assert _indexes(messages) == list(range(40))
    assert [event.offset for event in events] == list(range(1, 41))
    assert [json.loads(event.payload)["index"] for event in events] == list(range(40))


async def test_pages_run_both_ways(store: PostgresStore, service: Service) -> None:
    channel, _ = await make.messages(store, await make.channel(store, service), 5)

    async def page(order: Order, **bounds: int) -> tuple[list[int], bool, bool]:
        page = await store.read.messages.list(channel.sid, limit=2, order=order, **bounds)
        return _indexes(page.items), page.has_before, page.has_after

    assert await page(Order.ASC) == ([0, 1], False, True)
    assert await page(Order.ASC, after=1) == ([2, 3], True, True)
    assert await page(Order.ASC, after=3) == ([4], True, False)
    assert await page(Order.ASC, after=4) == ([], True, False)
    assert await page(Order.ASC, after=-1) == ([0, 1], False, True)
    assert await page(Order.ASC, offset=4) == ([4], True, False)
    assert await page(Order.ASC, offset=9) == ([], True, False)
    assert await page(Order.ASC, before=2) == ([0, 1], False, True)
    assert await page(Order.DESC) == ([4, 3], False, True)
    assert await page(Order.DESC, before=3) == ([2, 1], True, True)
    assert await page(Order.DESC, before=1) == ([0], True, False)
    assert await page(Order.DESC, before=0) == ([], True, False)
    assert await page(Order.DESC, after=2) == ([4, 3], False, True)
    assert await page(Order.DESC, offset=3) == ([1, 0], True, False)
    assert await page(Order.DESC, offset=9) == ([], True, False)
    empty = await make.channel(store, service)
    nothing = await store.read.messages.list(empty.sid, limit=2, offset=3)
    assert (list(nothing.items), nothing.has_before, nothing.has_after) == ([], False, False)


async def test_a_message_changes(store: PostgresStore, service: Service) -> None:
    channel, (message,) = await make.messages(store, await make.channel(store, service), 1)
    changed = replace(
        message, body="new", author="bob", was_edited=True, last_updated_by="carol", rev=9, date_updated=make.later(5)
    )
    await store.read.messages.update(changed)
    assert await store.read.messages.get(channel.sid, 0) == changed


async def test_a_deleted_message_burns_its_index(store: PostgresStore, service: Service) -> None:
    channel, sent = await make.messages(store, await make.channel(store, service), 3)
    for _ in range(2):
        await store.read.messages.delete(sent[2])
    assert await store.read.messages.newest(channel.sid) == sent[1]
    assert _indexes((await store.read.messages.list(channel.sid, limit=10)).items) == [0, 1]
    assert await store.pool.fetchval("SELECT count(*) FROM deleted_messages WHERE channel_sid = $1", channel.sid) == 1


async def test_senders_are_told_what_they_may(store: PostgresStore, service: Service) -> None:
    channel = await make.channel(store, service)
    alice, bob, _ = [await make.user(store, service, name) for name in ("alice", "bob", "carol")]
    await make.member(store, service, channel, alice)
    await make.invite(store, service, channel, bob)
    gone = ChannelSid(new_sid("CH"))
    names = ["alice", "bob", "carol", "nobody"]
    found = await store.read.messages.senders(
        [(channel.sid, Identity(name)) for name in names] + [(gone, alice.identity)]
    )
    senders = {(sender.channel_sid, sender.identity): sender for sender in found}
    who = {name: senders[channel.sid, Identity(name)] for name in names}
    assert [(s.member, s.invited) for s in who.values()] == [(True, False), (False, True), *[(False, False)] * 2]
    assert {Permission.SEND_MESSAGE, Permission.CREATE_CHANNEL} <= who["alice"].permissions
    assert [who[name].permissions for name in names[1:]] == [frozenset()] * 3
    assert not senders[gone, alice.identity].member


async def test_references_find_their_messages(store: PostgresStore, service: Service) -> None:
    channel = await make.channel(store, service)
    message = make.a_message(channel, "hello", ref="r-1")
    async with store.transaction() as tx:
        await tx.messages.insert_many([message], [make.an_event(message)], [make.advanced(channel, message)], [])
    refs = [(channel.sid, "alice", "r-1"), (channel.sid, "bob", "r-1"), (channel.sid, "alice", "r-2")]
    assert await store.read.messages.by_refs(refs) == [message]


async def test_a_reference_is_used_once(store: PostgresStore, service: Service) -> None:
    channel = await make.channel(store, service)
    first = make.a_message(channel, "hello", ref="r-1")
    after = make.advanced(channel, first)
    second = make.a_message(after, "hello", ref="r-1")
    with pytest.raises(ChatError) as refused:
        async with store.transaction() as tx:
            await tx.messages.insert_many(
                [first, second], [make.an_event(m) for m in (first, second)], [make.advanced(after, second)], []
            )
    assert refused.value.code is Code.CONFLICT
    assert await store.read.messages.newest(channel.sid) is None
