from __future__ import annotations

import asyncio

import pytest

from .rig import HOST, Rest


async def new_channel(rest: Rest) -> str:
    """Its path."""
    return f"Channels/{(await rest.create('Channels'))['sid']}"


async def test_a_fresh_message_has_every_property(rest: Rest) -> None:
    path = await new_channel(rest)
    sid = path.removeprefix("Channels/")
    message = await rest.create(f"{path}/Messages")
    assert message == {
        "sid": message["sid"],
        "account_sid": rest.account.sid,
        "service_sid": rest.service_sid,
        "to": sid,
        "channel_sid": sid,
        "date_created": message["date_created"],
        "date_updated": message["date_created"],
        "last_updated_by": None,
        "was_edited": False,
        "from": "system",
        "body": "",
        "attributes": "{}",
        "index": 0,
        "type": "text",
        "media": None,
        "url": f"{HOST}/v2/Services/{rest.service_sid}/{path}/Messages/{message['sid']}",
    }
    assert await rest.get(f"{path}/Messages/{message['sid']}") == message
    channel = await rest.get(path)
    assert (channel["messages_count"], channel["links"]["last_message"]) == (1, message["url"])


async def test_create_takes_every_parameter(rest: Rest) -> None:
    path = await new_channel(rest)
    values = {
        "From": "somebody else",
        "Body": "\U0001f600 two\nlines  ",
        "Attributes": '{ "a" : [1.50, "\\u00e9"] }',
        "DateCreated": "2015-12-16T22:18:37Z",
        "DateUpdated": "2015-12-16T22:18:38.999Z",
        "LastUpdatedBy": "editor",
    }
    message = await rest.create(f"{path}/Messages", values)
    expected = {
        "from": "somebody else",
        "body": values["Body"],
        "attributes": values["Attributes"],
        "date_created": "2015-12-16T22:18:37Z",
        "date_updated": "2015-12-16T22:18:38Z",
        "last_updated_by": "editor",
        "was_edited": False,
    }
    assert {name: message[name] for name in expected} == expected
    assert await rest.get(f"{path}/Messages/{message['sid']}") == message


async def test_update_marks_edits(rest: Rest) -> None:
    path = await new_channel(rest)
    message = await rest.create(f"{path}/Messages", Body="first", From="ann")
    one = f"{path}/Messages/{message['sid']}"
    assert await rest.update(one) == message
    dated = await rest.update(one, From="bob", DateUpdated="2020-01-01T00:00:00Z", DateCreated="2019-01-01T00:00:00Z")
    assert dated == message | {
        "from": "bob",
        "date_updated": "2020-01-01T00:00:00Z",
        "date_created": "2019-01-01T00:00:00Z",
    }
    edited = await rest.update(one, Body="")
    assert (edited["body"], edited["was_edited"], edited["last_updated_by"]) == ("", True, "system")
    again = await rest.update(one, Attributes="[]", LastUpdatedBy="carol")
    assert (again["attributes"], again["last_updated_by"]) == ("[]", "carol")


async def test_deleted_indexes_stay_burnt(rest: Rest) -> None:
    path = await new_channel(rest)
    messages = [await rest.create(f"{path}/Messages", Body=str(n)) for n in range(3)]
    await rest.delete(f"{path}/Messages/{messages[2]['sid']}")
    channel = await rest.get(path)
    assert (channel["messages_count"], channel["links"]["last_message"]) == (2, messages[1]["url"])
    assert (await rest.create(f"{path}/Messages"))["index"] == 3
    for method in ("GET", "POST", "DELETE"):
        assert await rest.refused(method, f"{path}/Messages/{messages[2]['sid']}") == (404, 20404)


async def test_concurrent_sends_get_an_index_each(rest: Rest) -> None:
    path = await new_channel(rest)
    sent = await asyncio.gather(*(rest.create(f"{path}/Messages", Body=str(n)) for n in range(30)))
    assert sorted(message["index"] for message in sent) == list(range(30))


@pytest.mark.parametrize(
    ("name", "value", "status", "code"),
    [
        ("From", "x" * 257, 400, 50310),
        ("Body", "é" * 16385, 400, 50504),
        ("Body", "a\x00", 400, 20001),
        ("Attributes", "", 400, 50304),
        ("Attributes", "undefined", 400, 50304),
        ("Attributes", '"' + "a" * 4096 + '"', 400, 50303),
        ("DateCreated", "1 May", 400, 50308),
        ("DateUpdated", "2015-07-30T25:00:00Z", 400, 50309),
        ("LastUpdatedBy", "x" * 257, 400, 50505),
    ],
)
async def test_bad_messages_are_refused_by_code(rest: Rest, name: str, value: str, status: int, code: int) -> None:
    path = await new_channel(rest)
    assert await rest.refused("POST", f"{path}/Messages", {"Body": "x", name: value}) == (status, code)
    assert (await rest.get(path))["messages_count"] == 0
    message = await rest.create(f"{path}/Messages", Body="y")
    one = f"{path}/Messages/{message['sid']}"
    assert await rest.refused("POST", one, {"Body": "x", name: value}) == (status, code)
    assert await rest.get(one) == message


async def test_the_longest_body_is_accepted(rest: Rest) -> None:
    path = await new_channel(rest)
    body = "\U0001f600" * 8192
    assert (await rest.create(f"{path}/Messages", Body=body))["body"] == body


async def test_unknown_media_is_refused(rest: Rest) -> None:
    path = await new_channel(rest)
    assert await rest.refused("POST", f"{path}/Messages", MediaSid="ME" + "0" * 32) == (404, 50507)
    await rest.create(f"{path}/Messages", MediaSid="")


async def test_messages_are_found_in_their_own_channel_and_by_sid_only(rest: Rest) -> None:
    here, there = await new_channel(rest), await new_channel(rest)
    sid = (await rest.create(f"{there}/Messages"))["sid"]
    await rest.create(f"{here}/Messages")
    for key in (sid, "0", "IMshort", "IM" + "0" * 32):
        for method in ("GET", "POST", "DELETE"):
            assert await rest.refused(method, f"{here}/Messages/{key}") == (404, 20404)
