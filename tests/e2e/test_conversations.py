"""Conversations through the official server libraries, beside clients and the worker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from twilio.rest.conversations.v1 import V1

from tests.support.patience import PATIENCE

from .people import People, code_of
from .tokens import ACCOUNT, AUTH_TOKEN, SERVICE

ANNA, SHOP = "+15558675310", "+15550009999"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


@pytest.fixture
def library(people: People) -> Iterator[V1]:
    http = TwilioHttpClient()
    client = Client(ACCOUNT, AUTH_TOKEN, http_client=http)
    client.conversations.base_url = people.node(0) + "/conversations"
    yield client.conversations.v1
    if http.session is not None:
        http.session.close()


@pytest_asyncio.fixture(loop_scope="session")
async def database(people: People) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect((people.cluster.data_dir / "postgres.dsn").read_text())
    try:
        yield connection
    finally:
        await connection.close()


def refused(error: pytest.ExceptionInfo[TwilioRestException]) -> tuple[int, int]:
    return error.value.status, error.value.code


async def node_library(people: People, *path: list[Any], service: str | None = None) -> Any:  # Any: JSON
    """The outcome of a path of calls of the Node library."""
    base = people.node(1) + "/conversations"
    account = {"base_url": base, "account_sid": ACCOUNT, "auth_token": AUTH_TOKEN, "product": "conversations"}
    return await people.js.call("", "server", path=list(path), service_sid=service, **account)


async def upload(people: People, filename: str) -> str:
    """SID of a file."""
    path = f"/mcs/v1/Services/{SERVICE}/Media?Filename={filename}"
    response = await people.rest.post(path, content=PICTURE, headers={"content-type": "image/png"})
    assert response.status_code == 201, response.text
    return str(response.json()["sid"])


async def test_python_library_speaks_of_a_conversation(people: People, library: V1) -> None:
    name, ann, bob = people.name("trip"), people.name("ann"), people.name("bob")

    def story() -> None:
        made = library.conversations.create(
            friendly_name="Trip",
            unique_name=name,
            attributes='{ "a": 1 }',
            state="active",
            timers_inactive="PT30M",
            timers_closed="P1W",
            bindings_email_address="trip@example.org",
            x_twilio_webhook_enabled="true",
        )
        assert (made.state, made.attributes, made.chat_service_sid) == ("active", '{ "a": 1 }', SERVICE)
        assert made.bindings == {"email": {"name": None, "address": "trip@example.org"}}
        assert isinstance(made.date_created, datetime)
        closing = datetime.fromisoformat(made.timers["date_closed"])
        assert closing - made.date_created <= timedelta(weeks=1)
        trip = library.conversations(name)
        assert trip.fetch().sid == made.sid
        member = trip.participants.create(identity=ann)
        guest = trip.participants.create(messaging_binding_address=ANNA, messaging_binding_proxy_address=SHOP)
        assert guest.messaging_binding == {"type": "sms", "address": ANNA, "proxy_address": SHOP}
        assert [one.sid for one in trip.participants.list()] == [member.sid, guest.sid]
        with pytest.raises(TwilioRestException) as error:
            trip.participants.create(identity=ann)
        assert refused(error) == (409, 50433)
        with pytest.raises(TwilioRestException) as error:
            library.conversations.create(unique_name=name)
        assert refused(error) == (409, 50353)
        message = trip.messages.create(author=ann, body="Grüße \U0001f600", subject="hello")
        assert (message.index, message.participant_sid, message.media) == (0, member.sid, None)
        assert message.delivery["total"] == 1
        assert message.delivery_receipts.list() == []
        assert trip.messages(message.sid).update(body="edited").body == "edited"
        assert trip.participants(ann).update(last_read_message_index=0).last_read_message_index == 0
        assert trip.participants(ann).update(identity=bob).sid == member.sid
        (found,) = library.participant_conversations.list(identity=bob)
        assert (found.conversation_sid, found.participant_identity) == (made.sid, bob)
        assert made.sid in [one.conversation_sid for one in library.participant_conversations.list(address=ANNA)]
        (own,) = library.users(bob).user_conversations.list()
        assert (own.conversation_sid, own.last_read_message_index) == (made.sid, 0)
        webhook = trip.webhooks.create(
            target="webhook", configuration_url="https://example.org/", configuration_filters=["onMessageAdded"]
        )
        assert webhook.configuration == {
            "url": "https://example.org/",
            "method": "POST",
            "filters": ["onMessageAdded"],
        }
        assert trip.webhooks(webhook.sid).update(configuration_method="GET").configuration["method"] == "GET"
        assert trip.webhooks(webhook.sid).delete() is True
        assert trip.participants(guest.sid).delete() is True
        assert trip.messages(message.sid).delete() is True
        assert trip.update(state="closed").timers == {}
        with pytest.raises(TwilioRestException) as error:
            trip.messages.create(body="late")
        assert refused(error) == (400, 50377)
        assert trip.delete() is True

    await asyncio.to_thread(story)


async def test_python_library_reads_every_page(library: V1) -> None:
    def story() -> None:
        service = library.services(library.services.create(friendly_name="Pages").sid)
        people = [json.dumps({"identity": f"user {n}"}) for n in range(9)]
        guest = json.dumps({"messaging_binding": {"address": ANNA, "proxy_address": SHOP}})
        made = service.conversation_with_participants.create(friendly_name="Crowd", participant=[*people, guest])
        crowd = service.conversations(made.sid)
        assert len({one.sid for one in crowd.participants.list(page_size=4)}) == 10
        for number in range(55):
            crowd.messages.create(body=str(number))
        assert [one.body for one in crowd.messages.list(page_size=20)] == [str(n) for n in range(55)]
        newest = crowd.messages.list(order="desc", limit=52)
        assert [one.index for one in newest] == list(range(54, 2, -1))
        assert newest[0].chat_service_sid == service.fetch().sid
        for number in range(52):
            service.conversations.create(date_created=datetime(2020, 1, 1 + number % 28, tzinfo=UTC), state="inactive")
        assert len(service.conversations.list()) == 53
        assert len(service.conversations.list(state="inactive", page_size=10)) == 52
        assert len(service.conversations.list(start_date="2020-01-28", end_date="2020-01-28")) == 1
        assert service.delete() is True

    await asyncio.to_thread(story)


async def test_node_library_speaks_of_a_conversation(people: People) -> None:
    name, ann = people.name("trip"), people.name("ann")
    made = await node_library(people, ["conversations"], ["create", {"uniqueName": name, "friendlyName": "Trip"}])
    assert (made["state"], made["timers"], made["friendlyName"]) == ("active", {}, "Trip")
    at: list[Any] = ["conversations", name]
    member = await node_library(people, at, ["participants"], ["create", {"identity": ann}])
    binding = {"messagingBinding.address": ANNA, "messagingBinding.proxyAddress": SHOP}
    guest = await node_library(people, at, ["participants"], ["create", binding])
    assert guest["messagingBinding"] == {"type": "sms", "address": ANNA, "proxy_address": SHOP}
    listed = await node_library(people, at, ["participants"], ["list"])
    assert [one["sid"] for one in listed] == [member["sid"], guest["sid"]]
    sent = await node_library(people, at, ["messages"], ["create", {"author": ann, "body": "Grüße"}])
    assert (sent["participantSid"], sent["delivery"]["total"]) == (member["sid"], 1)
    found = await node_library(people, ["participantConversations"], ["list", {"identity": ann}])
    assert [one["conversationSid"] for one in found] == [made["sid"]]
    moved = await node_library(people, at, ["update", {"state": "inactive", "timers.closed": "PT10M"}])
    assert (moved["state"], list(moved["timers"])) == ("inactive", ["date_closed"])
    code = await code_of(node_library(people, at, ["update", {"timers.inactive": "PT1S"}]))
    assert code == 50375
    assert await node_library(people, at, ["remove"]) is True
    assert await code_of(node_library(people, at, ["fetch"])) == 20404


async def test_clients_hear_what_libraries_do(people: People, library: V1, kind: str) -> None:
    alice = await people.connect(kind, "alice", node=1)
    participant = json.dumps({"identity": alice.identity})
    made = await asyncio.to_thread(library.conversation_with_participants.create, participant=[participant])
    await alice.feed.take("subscribed", f"chat:{made.sid}")
    trip = library.conversations(made.sid)
    guest = await asyncio.to_thread(trip.participants.create, messaging_binding_address=ANNA)
    heard = await alice.feed.event(f"chat:{made.sid}", "member.joined")
    assert (heard["member"]["sid"], heard["member"]["identity"]) == (guest.sid, None)
    assert heard["member"]["messaging_binding"]["address"] == ANNA
    answer = await alice.say(made.sid, "hello")
    (seen,) = await asyncio.to_thread(trip.messages.list)
    assert (seen.sid, seen.author) == (answer["sid"], alice.identity)
    assert (await asyncio.to_thread(trip.participants(guest.sid).delete)) is True
    assert (await alice.feed.event(f"chat:{made.sid}", "member.left"))["member"]["sid"] == guest.sid


async def test_silence_ends_a_conversation(people: People, library: V1, database: asyncpg.Connection) -> None:
    alice = await people.connect("python-json", "alice")

    def begin() -> str:
        made = library.conversations.create(state="active", timers_inactive="PT1M", timers_closed="PT10M")
        made.participants.create(identity=alice.identity)
        return str(made.sid)

    async def later(column: str) -> None:
        await database.execute(f"UPDATE channels SET {column} = now() - interval '1 second' WHERE sid = $1", sid)

    async def state() -> str:
        return str((await asyncio.to_thread(library.conversations(sid).fetch)).state)

    sid = await asyncio.to_thread(begin)
    await alice.feed.take("subscribed", f"chat:{sid}")
    await later("date_inactive")
    assert (await alice.feed.event(f"chat:{sid}", "channel.updated"))["channel"]["state"] == "inactive"
    assert await state() == "inactive"
    await alice.say(sid, "wait")
    assert (await alice.feed.event(f"chat:{sid}", "channel.updated"))["channel"]["state"] == "active"
    await later("date_closed")
    assert (await alice.feed.event(f"chat:{sid}", "channel.updated"))["channel"]["state"] == "closed"
    assert await state() == "closed"


async def test_libraries_send_media(people: People, library: V1) -> None:
    first, second = await upload(people, "one.png"), await upload(people, "two.png")

    def story() -> Any:  # Any: the library is not typed
        trip = library.conversations.create()
        message = trip.messages.create(media_sid=first)
        assert (message.body, len(message.media)) == (None, 1)
        assert message.media == [
            {"sid": first, "size": len(PICTURE), "content_type": "image/png", "filename": "one.png"}
        ]
        with pytest.raises(TwilioRestException) as error:
            trip.messages.create(media_sid=first)
        assert refused(error) == (409, 50508)
        return trip, message

    trip, message = await asyncio.to_thread(story)
    at: list[Any] = ["conversations", trip.sid]
    sent = await node_library(people, at, ["messages"], ["create", {"mediaSid": second, "body": "look"}])
    assert (sent["body"], sent["media"][0]["filename"]) == ("look", "two.png")
    media = f"/mcs/v1/Services/{SERVICE}/Media/{first}"
    link = (await people.rest.get(media)).json()["links"]["content_direct_temporary"]
    async with httpx.AsyncClient(trust_env=False, verify=False, timeout=PATIENCE) as anybody:
        assert (await anybody.get(link)).content == PICTURE
    assert await asyncio.to_thread(trip.messages(message.sid).delete) is True
    assert (await people.rest.get(media)).status_code == 404
