"""Official server libraries beside clients: what one does the other sees."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from .people import People, code_of
from .tokens import ACCOUNT, AUTH_TOKEN, SERVICE


@pytest.fixture
def library() -> Iterator[Client]:
    http = TwilioHttpClient()
    yield Client(ACCOUNT, AUTH_TOKEN, http_client=http)
    if http.session is not None:
        http.session.close()


async def test_python_library_and_clients_see_each_other(people: People, library: Client, kind: str) -> None:
    library.chat.base_url = people.node(0) + "/chat"
    alice = await people.connect(kind, "alice", node=1)
    service = library.chat.v2.services(SERVICE)
    channel = await asyncio.to_thread(service.channels.create, friendly_name="From REST", type="private")
    await asyncio.to_thread(channel.members.create, alice.identity)
    await alice.feed.take("subscribed", f"chat:{channel.sid}")
    joined = await alice.feed.event("me", "channel.joined")
    assert (joined["channel"]["friendly_name"], joined["by"]) == ("From REST", None)
    sent = await asyncio.to_thread(channel.messages.create, from_="bot", body="Hëllo", attributes='{"a": 1}')
    heard = await alice.feed.event(f"chat:{channel.sid}", "message.added")
    assert heard["by"] is None
    assert (heard["message"]["sid"], heard["message"]["author"], heard["message"]["body"]) == (sent.sid, "bot", "Hëllo")
    assert heard["message"]["attributes"] == {"a": 1}
    answer = await alice.say(channel.sid, "Hi bot", attributes={"b": [2]})
    seen = await asyncio.to_thread(channel.messages.list)
    assert [(m.index, m._from, m.body, json.loads(m.attributes)) for m in seen] == [
        (0, "bot", "Hëllo", {"a": 1}),
        (1, alice.identity, "Hi bot", {"b": [2]}),
    ]
    await asyncio.to_thread(channel.messages(answer["sid"]).update, body="***")
    assert (await alice.feed.event(f"chat:{channel.sid}", "message.updated"))["message"]["body"] == "***"
    await asyncio.to_thread(channel.messages(sent.sid).delete)
    assert (await alice.feed.event(f"chat:{channel.sid}", "message.removed"))["message"]["index"] == 0
    await alice.call("read.all", channel=channel.sid)
    member = await asyncio.to_thread(channel.members(alice.identity).fetch)
    assert member.last_consumed_message_index == 1
    await asyncio.to_thread(channel.members(alice.identity).delete)
    assert (await alice.feed.event("me", "channel.left"))["reason"] == "removed"
    await asyncio.to_thread(channel.delete)
    assert await alice.refused("channel.get", channel=channel.sid) == 1300


async def node_library(people: People, path: list[list[Any]], service: str | None = SERVICE, node: int = 1) -> Any:
    """The outcome of a path of calls of the Node library, from the service on."""
    account = {"base_url": people.node(node) + "/chat", "account_sid": ACCOUNT, "auth_token": AUTH_TOKEN}
    return await people.js.call("", "server", path=path, service_sid=service, **account)


async def test_node_library_and_clients_see_each_other(people: People, kind: str) -> None:
    alice = await people.connect(kind, "alice", node=0)
    unique = people.name("room")
    channel = await node_library(people, [["channels"], ["create", {"uniqueName": unique, "friendlyName": "Node"}]])
    assert (channel["uniqueName"], channel["friendlyName"]) == (unique, "Node")
    at: list[list[Any]] = [["channels", unique]]
    member = await node_library(people, [*at, ["members"], ["create", {"identity": alice.identity}]])
    assert member["identity"] == alice.identity
    await alice.feed.take("subscribed", f"chat:{channel['sid']}")
    sent = await node_library(people, [*at, ["messages"], ["create", {"from": "bot", "body": "Grüße"}]])
    heard = await alice.feed.event(f"chat:{channel['sid']}", "message.added")
    assert (heard["message"]["sid"], heard["message"]["body"]) == (sent["sid"], "Grüße")
    await alice.say(unique, "Hallo")
    seen = await node_library(people, [*at, ["messages"], ["list"]])
    assert [(m["index"], m["from"], m["body"]) for m in seen] == [(0, "bot", "Grüße"), (1, alice.identity, "Hallo")]
    assert await node_library(people, [*at, ["remove"]]) is True
    await alice.feed.event(f"chat:{channel['sid']}", "channel.deleted")
    assert await code_of(node_library(people, [*at, ["fetch"]])) == 20404


async def test_node_library_reads_every_page(people: People) -> None:
    alice = await people.connect("js-json", "alice")
    service = await node_library(people, [["create", {"friendlyName": "From Node"}]], service=None)
    assert (await node_library(people, [["fetch"]], service=service["sid"]))["friendlyName"] == "From Node"
    sid = await alice.make_channel()
    for number in range(120):
        await alice.say(sid, f"n{number}")
    path: list[list[Any]] = [["channels", sid], ["messages"]]
    seen = await node_library(people, [*path, ["list", {"pageSize": 50}]])
    assert [message["body"] for message in seen] == [f"n{number}" for number in range(120)]
    newest = await node_library(people, [*path, ["list", {"order": "desc", "limit": 60}]])
    assert [message["index"] for message in newest] == list(range(119, 59, -1))
    for number in range(60):
        await node_library(people, [["channels", sid], ["members"], ["create", {"identity": f"member-{number}"}]])
    members = await node_library(people, [["channels", sid], ["members"], ["list"]])
    assert len({member["identity"] for member in members}) == 61
    assert await node_library(people, [["remove"]], service=service["sid"]) is True
