from __future__ import annotations

import re

import pytest

from chatcore.domain.ids import MediaSid, ServiceSid, new_sid
from chatcore.domain.media import MediaFile
from chatcore.domain.model import MediaCategory
from chatcore.ports.clock import SystemClock
from chatcore.store.postgres import PostgresStore
from tests.integration.rest.rig import Rest

from .rig import Conversations


async def new(conversations: Conversations) -> str:
    """The path of a new conversation."""
    return f"Conversations/{(await conversations.create('Conversations'))['sid']}"


async def uploaded(store: PostgresStore, service_sid: str, filename: str = "car.jpg") -> str:
    """SID of a file that waits for its message."""
    now = SystemClock().now()
    file = MediaFile(
        sid=MediaSid(new_sid("ME")),
        service_sid=ServiceSid(service_sid),
        author=None,
        category=MediaCategory.MEDIA,
        content_type="image/jpeg",
        filename=filename,
        size=42056,
        multipart=False,
        channel_sid=None,
        message_sid=None,
        message_index=None,
        uploaded_at=now,
        date_created=now,
        date_updated=now,
    )
    await store.read.media.insert(file)
    return file.sid


def own_sid(caller: Conversations) -> dict[str, str]:
    """What only the service form shows."""
    return {"chat_service_sid": caller.service_sid} if caller.named else {}


async def test_a_fresh_message_has_every_property(either: Conversations) -> None:
    path = await new(either)
    made = await either.create(f"{path}/Messages", Body="hello")
    url = either.url(f"{path}/Messages/{made['sid']}")
    assert made == own_sid(either) | {
        "sid": made["sid"],
        "account_sid": either.account.sid,
        "conversation_sid": path.removeprefix("Conversations/"),
        "index": 0,
        "author": "system",
        "body": "hello",
        "media": None,
        "attributes": "{}",
        "participant_sid": None,
        "date_created": made["date_created"],
        "date_updated": made["date_created"],
        "delivery": None,
        "content_sid": None,
        "url": url,
        "links": {"delivery_receipts": f"{url}/Receipts"},
    }
    assert re.fullmatch("IM[0-9a-f]{32}", made["sid"])
    assert await either.get(f"{path}/Messages/{made['sid']}") == made == await either.get(url)
    page = await either.get(f"{path}/Messages")
    assert (page["meta"]["key"], page["messages"]) == ("messages", [made])


async def test_life_of_a_message(either: Conversations, rest: Rest) -> None:
    path = await new(either)
    ann = await either.create(f"{path}/Participants", Identity="ann")
    values = {
        "Author": "ann",
        "Body": "héllo",
        "DateCreated": "2015-07-30T20:00:00Z",
        "DateUpdated": "2016-07-30T20:00:00Z",
        "Attributes": '{ "a" : 1 }',
        "Subject": "greeting",
    }
    made = await either.create(f"{path}/Messages", values)
    assert made == made | {
        "author": "ann",
        "participant_sid": ann["sid"],
        "body": "héllo",
        "date_created": "2015-07-30T20:00:00Z",
        "date_updated": "2016-07-30T20:00:00Z",
        "attributes": '{ "a" : 1 }',
    }
    one = f"{path}/Messages/{made['sid']}"
    assert await either.update(one) == made
    changed = await either.update(one, Body="", Attributes="[]", Author="bob", Subject="")
    assert changed == made | {
        "body": "",
        "attributes": "[]",
        "author": "bob",
        "date_updated": changed["date_updated"],
        "participant_sid": changed["participant_sid"],
    }
    assert (await rest.get(one.replace("Conversations", "Channels")))["last_updated_by"] == "system"
    await either.delete(one)
    for method in ("GET", "POST", "DELETE"):
        assert await either.refused(method, one) == (404, 20404)
    assert (await either.create(f"{path}/Messages"))["index"] == 1


async def test_an_empty_message_has_an_empty_body(conversations: Conversations) -> None:
    path = await new(conversations)
    assert (await conversations.create(f"{path}/Messages"))["body"] == ""
    assert (await conversations.create(f"{path}/Messages", Author=""))["author"] == "system"


async def test_media_is_an_array(either: Conversations, store: PostgresStore, rest: Rest) -> None:
    path = await new(either)
    first, second = await uploaded(store, either.service_sid), await uploaded(store, either.service_sid, "ü.jpg")
    media = [{"sid": first, "size": 42056, "content_type": "image/jpeg", "filename": "car.jpg"}]
    made = await either.create(f"{path}/Messages", MediaSid=first)
    assert (made["body"], made["media"]) == (None, media)
    assert (await rest.get(f"{path.replace('Conversations', 'Channels')}/Messages/{made['sid']}"))["media"] == media[0]
    told = await either.create(f"{path}/Messages", MediaSid=second, Body="look")
    assert (told["body"], told["media"][0]["filename"]) == ("look", "ü.jpg")
    assert await either.refused("POST", f"{path}/Messages/{made['sid']}", Body="x") == (400, 50509)
    assert await either.refused("POST", f"{path}/Messages", MediaSid=first) == (409, 50508)


async def test_a_file_has_to_be_there(
    conversations: Conversations, stranger: Conversations, store: PostgresStore
) -> None:
    path = await new(conversations)
    foreign = await uploaded(store, stranger.service_sid)
    for sid in (foreign, new_sid("ME")):
        assert await conversations.refused("POST", f"{path}/Messages", MediaSid=sid) == (404, 50507)
    assert await conversations.refused("POST", f"{path}/Messages", MediaSid="ME12") == (400, 50510)
    assert (await conversations.get(f"{path}/Messages"))["messages"] == []


async def test_a_content_template_stands_in_for_body_and_file(
    conversations: Conversations, store: PostgresStore
) -> None:
    path, content = await new(conversations), "HX" + "a" * 32
    values = {"ContentSid": content, "ContentVariables": '{"1": "x"}', "Body": "no", "MediaSid": "none"}
    made = await conversations.create(f"{path}/Messages", values)
    assert (made["content_sid"], made["body"], made["media"]) == (content, None, None)
    row = await store.pool.fetchrow("SELECT content_variables FROM messages WHERE sid = $1", made["sid"])
    assert row["content_variables"] == '{"1": "x"}'
    assert (await conversations.create(f"{path}/Messages", ContentVariables="{", Body="x"))["body"] == "x"


async def test_a_subject_is_stored(conversations: Conversations, store: PostgresStore) -> None:
    path = await new(conversations)
    made = await conversations.create(f"{path}/Messages", Body="x", Subject="s" * 256)
    query = "SELECT subject FROM messages WHERE sid = $1"
    assert await store.pool.fetchval(query, made["sid"]) == "s" * 256
    await conversations.update(f"{path}/Messages/{made['sid']}", Subject="other")
    assert await store.pool.fetchval(query, made["sid"]) == "other"


async def test_lists_are_by_index_in_either_order(either: Conversations) -> None:
    path = await new(either)
    for number in range(5):
        await either.create(f"{path}/Messages", Body=str(number), DateCreated=f"2020-01-0{9 - number}T00:00:00Z")
    up = await either.get(f"{path}/Messages", PageSize="2")
    assert [m["body"] for m in await either.follow(up, "messages")] == list("01234")
    down = await either.get(f"{path}/Messages", PageSize="2", Order="desc")
    assert "Order=desc" in down["meta"]["next_page_url"]
    assert [m["body"] for m in await either.follow(down, "messages")] == list("43210")
    second = await either.get(down["meta"]["next_page_url"])
    assert [m["body"] for m in second["messages"]] == ["2", "1"]
    assert [m["body"] for m in (await either.get(second["meta"]["previous_page_url"]))["messages"]] == ["4", "3"]
    assert (await either.get(f"{path}/Messages", PageSize="1000"))["meta"]["page_size"] == 100


@pytest.mark.parametrize(
    ("name", "value", "status", "code"),
    [
        ("Author", "x" * 257, 400, 50310),
        ("Body", "x" * 32_769, 400, 50504),
        ("Body", "a\x00b", 400, 20001),
        ("DateCreated", "x", 400, 50308),
        ("DateUpdated", "x", 400, 50309),
        ("Attributes", "", 400, 50304),
        ("Attributes", '"' + "x" * 4095 + '"', 400, 50303),
        ("Subject", "x" * 257, 400, 20001),
    ],
)
async def test_bad_parameters_are_refused(
    conversations: Conversations, name: str, value: str, status: int, code: int
) -> None:
    path = await new(conversations)
    made = await conversations.create(f"{path}/Messages", Body="x")
    assert await conversations.refused("POST", f"{path}/Messages", {name: value}) == (status, code)
    assert await conversations.refused("POST", f"{path}/Messages/{made['sid']}", {name: value}) == (status, code)
    assert (await conversations.get(f"{path}/Messages"))["messages"] == [made]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"ContentSid": "HX12"}, 20001),
        ({"ContentSid": "HX" + "a" * 32, "ContentVariables": "{"}, 20001),
        ({"ContentSid": "HX" + "a" * 32, "ContentVariables": "[" * 10_000}, 20001),
        ({"ContentSid": "HX" + "a" * 32, "ContentVariables": '"' + "x" * 16_383 + '"'}, 20001),
    ],
)
async def test_bad_templates_are_refused(conversations: Conversations, values: dict[str, str], code: int) -> None:
    path = await new(conversations)
    assert await conversations.refused("POST", f"{path}/Messages", values) == (400, code)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [("Order", "up", 20001), ("PageSize", "0", 20001), ("PageToken", "-1", 19038), ("PageToken", "x", 20001)],
)
async def test_bad_lists_are_refused(conversations: Conversations, name: str, value: str, code: int) -> None:
    path = await new(conversations)
    assert await conversations.refused("GET", f"{path}/Messages", {name: value}) == (400, code)


async def test_a_message_belongs_to_its_conversation(conversations: Conversations, stranger: Conversations) -> None:
    path, other = await new(conversations), await new(conversations)
    made = await conversations.create(f"{path}/Messages", Body="x")
    assert await conversations.refused("GET", f"{other}/Messages/{made['sid']}") == (404, 20404)
    assert await stranger.refused("GET", f"{path}/Messages/{made['sid']}") == (404, 20404)
    assert await conversations.refused("GET", f"{path}/Messages/0") == (404, 20404)
    assert await conversations.refused("GET", f"{path}/Messages/{made['sid']}/ChannelMetadata") == (404, 20404)
