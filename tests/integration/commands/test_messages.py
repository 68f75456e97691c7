from __future__ import annotations

import json
from datetime import UTC, datetime

from chatcore.commands.messages import MessagePatch
from chatcore.commands.sending import SendDraft
from chatcore.domain import serial
from chatcore.domain.errors import Code
from chatcore.domain.events import channel_topic
from chatcore.domain.ids import MessageSid
from chatcore.domain.model import Channel, LastMessage, Order

from .world import World, decoded, refused, unknown

IMPORTED = datetime(2015, 12, 16, 22, 18, 37, tzinfo=UTC)


async def test_a_sent_message_is_kept_logged_and_told(world: World) -> None:
    alice = await world.user("alice")
    channel = await world.channel("alice", unique_name="general")
    world.published.calls.clear()
    draft = SendDraft(channel="general", body="Zoë 🎉", attributes='{"b" : 1, "a":2}', client_ref="r-1")
    sent = await world.chat.messages.send(alice, draft)
    message = sent.message
    assert not sent.duplicate
    assert (message.index, message.author, message.body) == (0, "alice", "Zoë 🎉")
    assert (message.attributes, message.client_ref) == ('{"b" : 1, "a":2}', "r-1")
    assert (message.was_edited, message.last_updated_by) == (False, None)
    assert message.rev == message.created_rev == 2
    assert await world.chat.messages.get(alice, channel.sid, 0) == message
    assert await world.chat.messages.get(alice, "general", message.sid) == message
    found = await world.now(channel)
    assert (found.messages_count, found.next_index, found.stream.offset) == (1, 1, 2)
    assert found.last_message == LastMessage(index=0, date_created=message.date_created)
    assert found.last_message_sid == message.sid
    assert found.rev == channel.rev, "sending does not change the channel itself"
    ((event,),) = world.published.calls
    payload = decoded(event)
    assert payload == {
        "type": "message.added",
        "at": serial.date(message.date_created),
        "by": "alice",
        "channel_sid": channel.sid,
        "message": json.loads(serial.message(message)),
        "offset": 2,
    }
    assert (await world.log(channel_topic(channel.sid)))[-1] == event


async def test_attributes_pass_byte_for_byte(world: World) -> None:
    channel = await world.channel()
    text = '{"z":1.50e+02,"a":[true,null],"a":"\\u00e9\\ud83c\\udf89 \\/","n":12345678901234567890123}'
    message = await world.send(channel, attributes=text)
    assert (await world.chat.messages.get(world.rest, channel.sid, 0)).attributes == text
    (event,) = await world.log(channel_topic(channel.sid))
    assert f'"attributes":{text},'.encode() in event.payload
    spread = '{\r\n "a" : "x\\n y" ,\n\t"b": [ 1 , 2 ] }'
    await world.chat.messages.update(world.rest, channel.sid, message.sid, MessagePatch(attributes=spread))
    assert (await world.chat.messages.get(world.rest, channel.sid, 0)).attributes == spread
    event = (await world.log(channel_topic(channel.sid)))[-1]
    assert b'"attributes":{"a":"x\\n y","b":[1,2]},' in event.payload
    assert b"\n" not in event.payload
    assert b"\r" not in event.payload


async def test_a_message_may_be_empty(world: World) -> None:
    channel = await world.channel()
    sent = await world.chat.messages.send(world.rest, SendDraft(channel=channel.sid))
    assert (sent.message.body, sent.message.author) == ("", "system")


async def test_an_imported_message_keeps_author_and_dates(world: World) -> None:
    channel = await world.channel()
    message = await world.send(
        channel, author="someone long gone", date_created=IMPORTED, last_updated_by="editor", date_updated=IMPORTED
    )
    assert (message.author, message.last_updated_by) == ("someone long gone", "editor")
    assert message.date_created == message.date_updated == IMPORTED
    assert await world.chat.messages.get(world.rest, channel.sid, 0) == message
    last = (await world.now(channel)).last_message
    assert last == LastMessage(index=0, date_created=IMPORTED)


async def test_unknown_media_cannot_be_attached(world: World) -> None:
    channel = await world.channel()
    with refused(Code.MEDIA_NOT_FOUND):
        await world.send(channel, media_sids=(unknown("ME"),))
    assert (await world.now(channel)).next_index == 0


async def test_messages_that_are_not_there(world: World) -> None:
    channel, other = await world.channel(), await world.channel()
    message = await world.send(other)
    for key in (0, 2**62, message.sid, MessageSid("nonsense"), MessageSid("")):
        with refused(Code.MESSAGE_NOT_FOUND):
            await world.chat.messages.get(world.rest, channel.sid, key)


# Pages.


async def page(world: World, channel: Channel, **bounds: object) -> tuple[list[int], bool]:
    _, found = await world.chat.messages.list(world.rest, channel.sid, **bounds)  # type: ignore[arg-type]  # as the test says
    return [m.index for m in found.items], found.has_after


async def test_pages_of_messages_say_whether_more_follows_in_their_order(world: World) -> None:
    channel = await world.channel()
    for number in range(7):
        await world.send(channel, str(number))
    for index in (2, 5):
        await world.chat.messages.delete(world.rest, channel.sid, index)
    assert await page(world, channel, limit=3) == ([0, 1, 3], True)
    assert await page(world, channel, limit=5) == ([0, 1, 3, 4, 6], False)
    assert await page(world, channel, limit=3, after=3) == ([4, 6], False)
    assert await page(world, channel, limit=3, order=Order.DESC) == ([6, 4, 3], True)
    assert await page(world, channel, limit=3, order=Order.DESC, before=3) == ([1, 0], False)
    assert await page(world, channel, limit=2, order=Order.DESC, before=4) == ([3, 1], True)
    assert await page(world, channel, limit=3, order=Order.DESC, before=0) == ([], False)


async def test_the_channel_of_a_page_is_not_newer_than_the_page(world: World) -> None:
    channel = await world.channel()
    await world.send(channel)
    access, found = await world.chat.messages.list(world.rest, channel.sid, limit=10)
    assert access.channel.stream.offset == found.items[-1].rev


# Updating.


async def test_an_edit_marks_the_message_and_names_the_editor(world: World) -> None:
    alice, bob = await world.user("alice"), await world.user("bob")
    channel = await world.channel("alice", "bob", created_by="bob")
    await world.send(channel, "old", by=alice)
    edited = await world.chat.messages.update(alice, channel.sid, 0, MessagePatch(body="new"))
    assert (edited.body, edited.was_edited, edited.last_updated_by) == ("new", True, "alice")
    assert edited.rev == (await world.now(channel)).stream.offset == edited.created_rev + 1
    assert edited.date_updated > edited.date_created
    assert await world.chat.messages.get(bob, channel.sid, 0) == edited
    event = (await world.channel_log(channel))[-1]
    assert (event["type"], event["by"]) == ("message.updated", "alice")
    assert event["message"] == json.loads(serial.message(edited))


async def test_changing_author_or_dates_alone_is_no_edit(world: World) -> None:
    channel = await world.channel()
    await world.send(channel)
    patch = MessagePatch(author="other", date_created=IMPORTED, date_updated=IMPORTED, last_updated_by="x")
    changed = await world.chat.messages.update(world.rest, channel.sid, 0, patch)
    assert (changed.was_edited, changed.author, changed.last_updated_by) == (False, "other", "x")
    assert changed.date_created == changed.date_updated == IMPORTED
    last = (await world.now(channel)).last_message
    assert last == LastMessage(index=0, date_created=IMPORTED)


async def test_a_message_once_edited_stays_so(world: World) -> None:
    channel = await world.channel()
    await world.send(channel)
    await world.chat.messages.update(world.rest, channel.sid, 0, MessagePatch(body="new"))
    changed = await world.chat.messages.update(world.rest, channel.sid, 0, MessagePatch(author="other"))
    assert (changed.was_edited, changed.last_updated_by) == (True, "system")


async def test_a_message_update_of_nothing_leaves_no_event(world: World) -> None:
    channel = await world.channel()
    message = await world.send(channel)
    assert await world.chat.messages.update(world.rest, channel.sid, 0, MessagePatch()) == message
    assert len(await world.channel_log(channel)) == 1


async def test_a_message_update_can_require_a_revision(world: World) -> None:
    channel = await world.channel()
    message = await world.send(channel)
    await world.send(channel)
    await world.chat.messages.update(world.rest, channel.sid, 0, MessagePatch(body="a"), if_rev=message.rev)
    with refused(Code.REVISION_MISMATCH):
        await world.chat.messages.update(world.rest, channel.sid, 0, MessagePatch(body="b"), if_rev=message.rev)


async def test_the_author_of_a_changed_author_is_its_owner(world: World) -> None:
    alice, bob = await world.user("alice"), await world.user("bob")
    channel = await world.channel("alice", "bob")
    await world.send(channel, by=alice)
    await world.chat.messages.update(world.rest, channel.sid, 0, MessagePatch(author="bob"))
    with refused(Code.NOT_AUTHORIZED):
        await world.chat.messages.update(alice, channel.sid, 0, MessagePatch(body="x"))
    await world.chat.messages.update(bob, channel.sid, 0, MessagePatch(body="x"))


# Reading and writing need what they need.


async def test_an_update_of_nothing_shows_a_message_to_members_only(world: World) -> None:
    stranger = await world.user("stranger")
    channel = await world.channel()
    await world.send(channel, "secret")
    with refused(Code.NOT_A_MEMBER):
        await world.chat.messages.update(stranger, channel.sid, 0, MessagePatch())


async def test_strangers_cannot_find_out_which_messages_there_are(world: World) -> None:
    stranger = await world.user("stranger")
    channel = await world.channel()
    await world.send(channel)
    for index in (0, 1):
        with refused(Code.NOT_AUTHORIZED):
            await world.chat.messages.update(stranger, channel.sid, index, MessagePatch(body="x"))
        with refused(Code.NOT_AUTHORIZED):
            await world.chat.messages.delete(stranger, channel.sid, index)


# Deleting.


async def test_a_deleted_message_burns_its_index(world: World) -> None:
    channel = await world.channel()
    first = await world.send(channel)
    await world.chat.messages.delete(world.rest, channel.sid, first.sid)
    with refused(Code.MESSAGE_NOT_FOUND):
        await world.chat.messages.get(world.rest, channel.sid, 0)
    with refused(Code.MESSAGE_NOT_FOUND):
        await world.chat.messages.delete(world.rest, channel.sid, 0)
    assert (await world.send(channel)).index == 1
    removed = (await world.channel_log(channel))[1]
    assert (removed["type"], removed["message"]) == ("message.removed", {"sid": first.sid, "index": 0, "rev": 2})


async def test_the_last_message_moves_when_it_is_deleted(world: World) -> None:
    channel = await world.channel()
    messages = [await world.send(channel, str(number)) for number in range(4)]
    for deleted, expected in ((1, messages[3].sid), (3, messages[2].sid), (2, messages[0].sid), (0, None)):
        await world.chat.messages.delete(world.rest, channel.sid, deleted)
        assert (await world.now(channel)).last_message_sid == expected
