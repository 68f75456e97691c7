"""One message in every dialect: the same SID, index, author, body, attributes and dates, whoever sent it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.e2e.people import People
from tests.e2e.tokens import SERVICE

from .guests import Guests

Json = dict[str, Any]


def moment(text: str) -> float:
    """To the second: REST has no more."""
    return int(datetime.fromisoformat(text).timestamp())


async def test_every_dialect_tells_the_same(guests: Guests, people: People) -> None:
    chat = await guests.connect("chat-6.0", "chat", node=0)
    conversations = await guests.connect("conversations-3.0", "conversations", node=1)
    old = await guests.connect("chat-3.4", "old", node=1)
    native = await people.connect("js-json", "native", node=0)
    sid = str((await chat.ask("create_channel", is_private=True))["sid"])
    await chat.ask("join", sid=sid)
    for identity in (conversations.identity, old.identity, native.identity):
        await chat.ask("add", sid=sid, identity=identity)
    await native.feed.take("subscribed", f"chat:{sid}")
    readers = (chat, conversations, old)
    for reader in readers:
        await reader.sdk.take("channel_joined", sid=sid)
        await reader.ask("messages", sid=sid)

    attributes = {"text": "ü€😀", "list": [1, None, {"a": False}]}
    await chat.ask("send", sid=sid, body="from chat 😀", attributes=attributes)
    await conversations.ask("send", sid=sid, body="from conversations", attributes=attributes)
    await old.ask("send", sid=sid, body="from an old SDK", attributes=attributes)
    await native.say(sid, "from the native protocol", attributes=attributes)
    await guests.post(f"/Channels/{sid}/Messages", Body="from REST", From="server", Attributes='{"a": 1}')

    for reader in readers:
        await reader.sdk.heard("message_added", 5)
    answer = await guests.rest.get(f"/v2/Services/{SERVICE}/Channels/{sid}/Messages")
    stored = answer.json()["messages"]
    assert [entry["index"] for entry in stored] == [0, 1, 2, 3, 4]
    published = [(await native.feed.event(f"chat:{sid}", "message.added"))["message"] for _ in stored]
    for entry, live in zip(stored, published, strict=True):
        expected = (entry["sid"], entry["index"], entry["from"], entry["body"])
        assert (live["sid"], live["index"], live["author"], live["body"]) == expected
        for reader in readers:
            seen = next(data for data in reader.sdk.of("message_added") if data["index"] == entry["index"])
            assert (seen["sid"], seen["index"], seen["author"], seen["body"]) == expected
            assert seen["attributes"] == live["attributes"]
            assert moment(seen["date_created"]) == moment(entry["date_created"])
    assert [entry["from"] for entry in stored] == [
        chat.identity,
        conversations.identity,
        old.identity,
        native.identity,
        "server",
    ]
