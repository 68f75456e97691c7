"""Sync on the wire: access, pages, replays, order."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.e2e.tokens import SERVICE
from tests.support.patience import PATIENCE
from tests.support.twilsock import SYNC, TwilsockClient

from .guests import Guests

Json = dict[str, Any]


async def place(guests: Guests, *members: str, private: bool = True) -> str:
    channel = await guests.post("/Channels", Type="private" if private else "public")
    for identity in members:
        await guests.post(f"/Channels/{channel['sid']}/Members", Identity=identity)
    return str(channel["sid"])


async def send(guests: Guests, sid: str, *bodies: str) -> None:
    for body in bodies:
        await guests.post(f"/Channels/{sid}/Messages", Body=body)


async def read(client: TwilsockClient, path: str, **params: Any) -> Json:
    answer = await client.request("GET", path, params=params)
    assert answer.status == 200, answer
    assert isinstance(answer.body, dict)
    return answer.body


async def subscribe(client: TwilsockClient, *objects: tuple[str, str, int | None], version: int = 4) -> None:
    requests = [{"object_sid": sid, "object_type": kind, "last_event_id": since} for sid, kind, since in objects]
    body = {"event_protocol_version": version, "action": "establish", "correlation_id": 77, "requests": requests}
    answer = await client.request("POST", "/v4/Subscriptions", body)
    assert answer.status == 200, answer
    assert answer.body["max_batch_size"] >= 100


def heard(client: TwilsockClient) -> list[tuple[str, Json]]:
    """Type and event of everything that Sync told, in order."""
    found = []
    for frame in client.frames:
        if frame.header.get("message_type") == SYNC:
            body = frame.json
            events = body["events"] if "events" in body else [body["event"]]
            found += [(body["event_type"], event) for event in events]
    return found


async def until(client: TwilsockClient, kind: str, count: int = 1) -> list[Json]:
    """The first events of this type."""
    async with asyncio.timeout(PATIENCE):
        while len(found := [event for name, event in heard(client) if name == kind]) < count:
            await client.news()
    return found[:count]


async def test_strangers_open_nothing_private(guests: Guests) -> None:
    alice, mallory = guests.name("alice"), guests.name("mallory")
    sid = await place(guests, alice)
    client = await guests.wire(mallory)
    for path in (f"/v3/Documents/{sid}.channel", f"/v3/Lists/{sid}.messages", f"/v3/Maps/{sid}.roster"):
        answer = await client.request("GET", path)
        assert (answer.status, answer.body["code"]) == (403, 54007), path
    owner = await guests.wire(alice)
    document = await read(owner, f"/v3/Documents/{sid}.channel")
    roster, messages = await read(owner, f"/v3/Maps/{sid}.roster"), await read(owner, f"/v3/Lists/{sid}.messages")
    await subscribe(
        client,
        (document["sid"], "document", None),
        (messages["sid"], "list", None),
        (roster["sid"], "map", None),
        ("ET" + "0" * 32, "document", None),
    )
    failed = await until(client, "subscription_failed", 4)
    assert sorted(event["error"]["status"] for event in failed) == [403, 403, 403, 404]
    for path in (f"/v3/Maps/{document['sid']}", f"/v3/Documents/{roster['sid']}", "/v3/Maps/nothing"):
        assert (await client.request("GET", path)).status == 404, path


async def test_nobody_opens_the_channels_of_somebody_else(guests: Guests) -> None:
    alice, mallory = await guests.wire(guests.name("alice")), await guests.wire(guests.name("mallory"))
    configuration = await read(alice, "/Client/v2/Configuration")
    own, info = (configuration["sync_objects"][name] for name in ("my_conversations", "my_user_info"))
    assert (await read(alice, f"/v3/Maps/{own}"))["unique_name"] == own
    for path in (f"/v3/Maps/{own}", f"/v3/Maps/{own}/Items"):
        answer = await mallory.request("GET", path)
        assert (answer.status, answer.body["code"]) == (403, 54007)
    assert (await read(mallory, f"/v3/Maps/{info}", Include="items"))["items"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v3/Documents"),
        ("POST", "/v3/Maps"),
        ("POST", "/v3/Maps/{roster}/Items"),
        ("POST", "/v3/Maps/{roster}/Items/x"),
        ("DELETE", "/v3/Lists/{messages}/Items/0"),
        ("POST", "/v3/Lists/{messages}/Items"),
        ("DELETE", "/v3/Documents/{document}"),
    ],
)
async def test_clients_write_nothing(guests: Guests, method: str, path: str) -> None:
    alice = guests.name("alice")
    sid = await place(guests, alice)
    client = await guests.wire(alice)
    path = path.format(roster=f"{sid}.roster", messages=f"{sid}.messages", document=f"{sid}.channel")
    answer = await client.request(method, path, {"data": {"a": 1}})
    assert (answer.status, answer.body["code"]) == (403, 54007)


async def test_pages_of_messages_tell_where_they_end(guests: Guests) -> None:
    alice = guests.name("alice")
    sid = await place(guests, alice)
    await send(guests, sid, *(str(number) for number in range(12)))
    client = await guests.wire(alice)
    path = f"/v3/Lists/{sid}.messages/Items"

    async def page(**params: Any) -> tuple[list[int], bool, bool]:
        body = await read(client, path, **params)
        meta = body["meta"]
        indexes = [item["index"] for item in body["items"]]
        return indexes, meta["previous_token"] is None, meta["next_token"] is None

    assert await page(Order="desc", PageSize=5) == ([11, 10, 9, 8, 7], True, False)
    assert await page(Order="desc", PageSize=5, From=6) == ([6, 5, 4, 3, 2], False, False)
    assert await page(Order="desc", PageSize=5, From=1) == ([1, 0], False, True)
    assert await page(Order="asc", PageSize=20) == (list(range(12)), True, True)
    assert await page(From=99) == ([], False, True)
    assert await page(Index=7) == ([7], True, True)
    assert await page(Index=70) == ([], True, True)
    read_all: list[int] = []
    body = await read(client, path, Order="desc", PageSize=5)
    while True:
        read_all += [item["index"] for item in body["items"]]
        if body["meta"]["next_token"] is None:
            break
        body = await read(client, path, PageToken=body["meta"]["next_token"])
    assert read_all == list(range(11, -1, -1))


async def test_long_messages_make_short_pages_that_lead_to_the_others(guests: Guests) -> None:
    alice = guests.name("alice")
    sid = await place(guests, alice)
    await send(guests, sid, *(f"{number} " + "ü" * 16_000 for number in range(12)))
    client = await guests.wire(alice)
    path = f"/v3/Lists/{sid}.messages/Items"
    newest = await read(client, path, Order="desc", PageSize=100)
    assert [item["index"] for item in newest["items"]] == list(range(11, 3, -1)), "as many as fit into 256 KiB"
    older = await read(client, path, PageToken=newest["meta"]["next_token"])
    assert [item["index"] for item in older["items"]] == list(range(3, -1, -1))
    assert older["meta"]["next_token"] is None


async def followed(client: TwilsockClient, path: str, **params: Any) -> list[list[Json]]:
    """The items of a page and of those behind it."""
    pages = [await read(client, path, **params)]
    while token := pages[-1]["meta"]["next_token"]:
        pages.append(await read(client, path, **params, PageToken=token))
    return [page[next(iter(page.keys() - {"meta"}))] for page in pages]


async def test_long_attributes_make_short_pages_that_lead_to_the_others(guests: Guests) -> None:
    alice, long = guests.name("alice"), json.dumps("x" * 4000)
    channels = []
    for _ in range(20):
        channel = await guests.post("/Channels", Type="private", Attributes=json.dumps("x" * 16_000))
        await guests.post(f"/Channels/{channel['sid']}/Members", Identity=alice)
        channels.append(channel["sid"])
    for _ in range(80):
        await guests.post(f"/Channels/{channels[0]}/Members", Identity=guests.name(), Attributes=long)
    client = await guests.wire(alice)
    own = await followed(client, "/Client/v1/MyConversations", PageSize=100)
    assert len(own) == 2, "as many as fit into 256 KiB"
    assert [channel["sid"] for page in own for channel in page] == channels
    roster = await followed(client, f"/v3/Maps/{channels[0]}.roster/Items", PageSize=100)
    assert len(roster) == 2
    assert len({item["key"] for page in roster for item in page}) == 81
    users = await followed(client, "/Client/v1/Users", ConversationSid=channels[0], PageSize=10)
    assert len({user["sid"] for page in users for user in page}) == 81


async def test_rosters_are_paged_by_key(guests: Guests) -> None:
    names = [guests.name() for _ in range(5)]
    sid = await place(guests, *names)
    client = await guests.wire(names[0])
    path = f"/v3/Maps/{sid}.roster/Items"
    whole = await read(client, path)
    keys = [item["key"] for item in whole["items"]]
    assert keys == sorted(keys)
    assert sorted(item["data"]["identity"] for item in whole["items"]) == sorted(names)
    first = await read(client, path, PageSize=2)
    assert [item["key"] for item in first["items"]] == keys[:2]
    second = await read(client, path, PageToken=first["meta"]["next_token"])
    assert [item["key"] for item in second["items"]] == keys[2:4]
    assert second["meta"]["previous_token"] is not None
    back = await read(client, path, PageToken=second["meta"]["previous_token"])
    assert [item["key"] for item in back["items"]] == keys[1::-1]
    middle = await read(client, path, From=keys[3], PageSize=10)
    assert [item["key"] for item in middle["items"]] == keys[3:]
    assert middle["meta"]["previous_token"] is not None
    assert [item["key"] for item in (await read(client, path, Key=keys[2]))["items"]] == [keys[2]]
    assert (await read(client, path, Key="MB" + "0" * 32))["items"] == []


@pytest.mark.parametrize("version", [3, 4])
async def test_a_replay_brings_everything_since(guests: Guests, version: int) -> None:
    alice, bob = guests.name("alice"), guests.name("bob")
    sid = await place(guests, alice, bob)
    await send(guests, sid, "a", "b")
    client = await guests.wire(alice)
    document = await read(client, f"/v3/Documents/{sid}.channel")
    messages, roster = await read(client, f"/v3/Lists/{sid}.messages"), await read(client, f"/v3/Maps/{sid}.roster")
    await send(guests, sid, "c")
    first = (await read(client, f"/v3/Lists/{sid}.messages/Items", Index=0))["items"][0]["data"]["sid"]
    await guests.post(f"/Channels/{sid}/Messages/{first}", 200, Body="A")
    await guests.rest.delete(f"/v2/Services/{SERVICE}/Channels/{sid}/Members/{bob}")
    await guests.post(f"/Channels/{sid}", 200, FriendlyName="new")
    await subscribe(
        client,
        (document["sid"], "document", document["last_event_id"]),
        (messages["sid"], "list", messages["last_event_id"]),
        (roster["sid"], "map", roster["last_event_id"]),
        version=version,
    )
    await until(client, "subscription_established", 3)
    events = [(kind, event) for kind, event in heard(client) if kind != "subscription_established"]
    kinds = [kind for kind, _ in events]
    assert sorted(kinds) == ["document_updated", "list_item_added", "list_item_updated", "map_item_removed"]
    by_kind = dict(events)
    assert by_kind["list_item_added"]["item_data"]["text"] == "c"
    assert by_kind["list_item_updated"]["item_data"]["text"] == "A"
    assert by_kind["document_updated"]["document_data"]["friendlyName"] == "new"
    # From here on it is live, and continues where the replay ended.
    ends = {event["object_sid"]: event["last_event_id"] for event in await until(client, "subscription_established", 3)}
    await send(guests, sid, "live")
    told = (await until(client, "list_item_added", 2))[1]
    assert told["item_data"]["text"] == "live"
    assert told["id"] > ends[messages["sid"]]


async def test_a_long_replay_comes_in_parts(guests: Guests) -> None:
    alice = guests.name("alice")
    sid = await place(guests, alice)
    client = await guests.wire(alice)
    messages = await read(client, f"/v3/Lists/{sid}.messages")
    await asyncio.gather(*(send(guests, sid, str(number)) for number in range(300)))
    since = messages["last_event_id"]
    for seen in range(1, 6):
        await subscribe(client, (messages["sid"], "list", since))
        results = await until(client, "subscription_established", seen)
        since = results[-1]["last_event_id"]
        if results[-1]["replay_status"] == "completed":
            break
    indexes = [event["item_index"] for kind, event in heard(client) if kind == "list_item_added"]
    assert indexes == list(range(300))


async def test_an_event_stands_before_the_answer_that_contains_it(guests: Guests) -> None:
    alice = guests.name("alice")
    sid = await place(guests, alice)
    client = await guests.wire(alice, node=1)
    messages = await read(client, f"/v3/Lists/{sid}.messages")
    await subscribe(client, (messages["sid"], "list", messages["last_event_id"]))
    await until(client, "subscription_established")
    for number in range(30):
        sending = asyncio.create_task(send(guests, sid, str(number)))
        body = await read(client, f"/v3/Lists/{sid}.messages/Items", Order="desc", PageSize=1)
        await sending
        told = {event["item_index"] for kind, event in heard(client) if kind == "list_item_added"}
        assert {item["index"] for item in body["items"]} <= told


async def test_a_removed_member_hears_nothing_more(guests: Guests) -> None:
    alice, bob = guests.name("alice"), guests.name("bob")
    sid = await place(guests, alice, bob)
    client = await guests.wire(bob)
    messages, roster = await read(client, f"/v3/Lists/{sid}.messages"), await read(client, f"/v3/Maps/{sid}.roster")
    await subscribe(
        client,
        (messages["sid"], "list", messages["last_event_id"]),
        (roster["sid"], "map", roster["last_event_id"]),
    )
    await until(client, "subscription_established", 2)
    await guests.rest.delete(f"/v2/Services/{SERVICE}/Channels/{sid}/Members/{bob}")
    await until(client, "map_item_removed")
    await send(guests, sid, "secret")
    other = await guests.wire(alice)
    assert (await read(other, f"/v3/Lists/{sid}.messages/Items"))["items"]
    assert (await client.request("GET", f"/v3/Lists/{sid}.messages/Items")).status == 403
    assert not [event for kind, event in heard(client) if kind == "list_item_added"]


async def test_bad_subscriptions_are_refused(guests: Guests) -> None:
    client = await guests.wire(guests.name())
    bodies: tuple[object, ...] = (
        {},
        {"action": "establish"},
        {"action": "dance", "requests": []},
        {"action": "establish", "requests": [{"object_sid": "x", "object_type": "stream"}]},
        {"action": "establish", "requests": [{"object_sid": 7, "object_type": "map"}]},
        [],
    )
    for body in bodies:
        answer = await client.request("POST", "/v4/Subscriptions", body)
        assert (answer.status, answer.body["code"]) == (400, 20001), body
    await client.request("GET", "/Client/v2/Configuration")
