from __future__ import annotations

import re

import pytest

from tests.integration.rest.rig import Rest

from .rig import Conversations
from .test_messages import new, own_sid


async def role(rest: Rest, name: str) -> str:
    roles = (await rest.get("Roles"))["roles"]
    return str(next(r["sid"] for r in roles if r["friendly_name"] == name))


async def test_a_fresh_participant_has_every_property(either: Conversations, rest: Rest) -> None:
    path = await new(either)
    made = await either.create(f"{path}/Participants", Identity="ann")
    url = either.url(f"{path}/Participants/{made['sid']}")
    assert made == own_sid(either) | {
        "sid": made["sid"],
        "account_sid": either.account.sid,
        "conversation_sid": path.removeprefix("Conversations/"),
        "identity": "ann",
        "attributes": "{}",
        "messaging_binding": None,
        "role_sid": await role(rest, "channel user"),
        "date_created": made["date_created"],
        "date_updated": made["date_created"],
        "url": url,
        "last_read_message_index": None,
        "last_read_timestamp": None,
    }
    assert re.fullmatch("MB[0-9a-f]{32}", made["sid"])
    for address in (made["sid"], "ann"):
        assert await either.get(f"{path}/Participants/{address}") == made
    page = await either.get(f"{path}/Participants")
    assert (page["meta"]["key"], page["participants"]) == ("participants", [made])
    assert (await either.get("Users/ann"))["identity"] == "ann"
    assert (await rest.get(f"{path.replace('Conversations', 'Channels')}/Members/ann"))["sid"] == made["sid"]


async def test_life_of_a_participant(either: Conversations, rest: Rest) -> None:
    path, admin = await new(either), await role(rest, "channel admin")
    values = {
        "Identity": "a b/ü@x",
        "DateCreated": "2015-07-30T20:00:00Z",
        "DateUpdated": "2016-07-30T20:00:00Z",
        "Attributes": '{ "a" : 1 }',
        "RoleSid": admin,
    }
    made = await either.create(f"{path}/Participants", values)
    assert made == made | {
        "identity": "a b/ü@x",
        "date_created": "2015-07-30T20:00:00Z",
        "date_updated": "2016-07-30T20:00:00Z",
        "attributes": '{ "a" : 1 }',
        "role_sid": admin,
    }
    one = f"{path}/Participants/a%20b%2F%C3%BC%40x"
    assert await either.update(one) == made
    changed = await either.update(one, Attributes="[]", RoleSid=await role(rest, "channel user"))
    assert (changed["attributes"], changed["role_sid"]) == ("[]", await role(rest, "channel user"))
    assert changed["date_updated"] > made["date_updated"]
    await either.delete(one)
    for method in ("GET", "POST", "DELETE"):
        assert await either.refused(method, one) == (404, 20404)


async def test_what_a_participant_has_read(either: Conversations) -> None:
    path = await new(either)
    await either.create(f"{path}/Participants", Identity="ann")
    one = f"{path}/Participants/ann"
    assert await either.refused("POST", one, LastReadMessageIndex="0") == (400, 50421)
    for body in "abc":
        await either.create(f"{path}/Messages", Body=body)
    read = await either.update(one, LastReadMessageIndex="2")
    assert read["last_read_message_index"] == 2
    assert read["last_read_timestamp"] is not None
    back = await either.update(one, LastReadMessageIndex="1", LastReadTimestamp="2020-01-02T03:04:05Z")
    assert (back["last_read_message_index"], back["last_read_timestamp"]) == (1, "2020-01-02T03:04:05Z")
    dated = await either.update(one, LastReadTimestamp="2021-01-02T03:04:05Z")
    assert (dated["last_read_message_index"], dated["last_read_timestamp"]) == (1, "2021-01-02T03:04:05Z")
    cleared = await either.update(one, LastReadMessageIndex="")
    assert (cleared["last_read_message_index"], cleared["last_read_timestamp"]) == (None, None)
    for index in ("3", "-1", "x"):
        assert await either.refused("POST", one, LastReadMessageIndex=index) == (400, 50421)
    assert await either.refused("POST", one, LastReadTimestamp="x") == (400, 20001)


async def test_another_identity_takes_the_place(either: Conversations, rest: Rest) -> None:
    path = await new(either)
    admin = await role(rest, "channel admin")
    made = await either.create(f"{path}/Participants", Identity="ann", RoleSid=admin, Attributes="[1]")
    for body in "abc":
        await either.create(f"{path}/Messages", Body=body)
    made = await either.update(f"{path}/Participants/ann", LastReadMessageIndex="1")
    assert await either.update(f"{path}/Participants/ann", Identity="ann") == made
    moved = await either.update(f"{path}/Participants/ann", Identity="bob")
    assert moved == made | {"identity": "bob", "date_updated": moved["date_updated"]}
    assert await either.refused("GET", f"{path}/Participants/ann") == (404, 20404)
    assert (
        await either.get(f"{path}/Participants/bob") == moved == await either.get(f"{path}/Participants/{made['sid']}")
    )
    assert (await either.get("Users/ann/Conversations"))["conversations"] == []
    assert len((await either.get("Users/bob/Conversations"))["conversations"]) == 1
    for identity, count in (("ann", 0), ("bob", 1)):
        assert (await rest.get(f"Users/{identity}"))["joined_channels_count"] == count
    values = {
        "Identity": "cid",
        "Attributes": "[2]",
        "LastReadMessageIndex": "2",
        "DateCreated": "2020-01-01T00:00:00Z",
    }
    again = await either.update(f"{path}/Participants/bob", values)
    assert (again["attributes"], again["last_read_message_index"], again["role_sid"]) == ("[2]", 2, admin)
    assert again["date_created"] == "2020-01-01T00:00:00Z"
    assert (await rest.get(path.replace("Conversations", "Channels")))["members_count"] == 1


@pytest.mark.parametrize(
    ("identity", "status", "code"),
    [
        ("bob", 409, 50433),
        ("", 400, 50204),
        ("system", 400, 50203),
        ("US" + "0" * 32, 400, 50206),
        ("x" * 257, 400, 50207),
    ],
)
async def test_bad_identities_are_refused(conversations: Conversations, identity: str, status: int, code: int) -> None:
    path = await new(conversations)
    ann = await conversations.create(f"{path}/Participants", Identity="ann")
    bob = await conversations.create(f"{path}/Participants", Identity="bob")
    assert await conversations.refused("POST", f"{path}/Participants", Identity=identity) == (status, code)
    assert await conversations.refused("POST", f"{path}/Participants/ann", Identity=identity) == (status, code)
    assert (await conversations.get(f"{path}/Participants"))["participants"] == [ann, bob]


@pytest.mark.parametrize(
    ("name", "value", "status", "code"),
    [
        ("DateCreated", "x", 400, 50308),
        ("DateUpdated", "x", 400, 50309),
        ("Attributes", "", 400, 50304),
        ("Attributes", '"' + "x" * 4095 + '"', 400, 50303),
        ("RoleSid", "", 400, 50103),
        ("RoleSid", "RL" + "0" * 32, 404, 50100),
    ],
)
async def test_bad_parameters_are_refused(
    conversations: Conversations, name: str, value: str, status: int, code: int
) -> None:
    path = await new(conversations)
    ann = await conversations.create(f"{path}/Participants", Identity="ann")
    values = {"Identity": "bob", name: value}
    assert await conversations.refused("POST", f"{path}/Participants", values) == (status, code)
    assert await conversations.refused("POST", f"{path}/Participants/ann", {name: value}) == (status, code)
    assert (await conversations.get(f"{path}/Participants"))["participants"] == [ann]


async def test_a_role_has_to_be_one_of_conversations(conversations: Conversations, rest: Rest) -> None:
    path, wrong = await new(conversations), await role(rest, "service user")
    await conversations.create(f"{path}/Participants", Identity="ann")
    values = {"Identity": "bob", "RoleSid": wrong}
    assert await conversations.refused("POST", f"{path}/Participants", values) == (404, 50109)
    assert await conversations.refused("POST", f"{path}/Participants/ann", RoleSid=wrong) == (404, 50109)


async def test_somebody_has_to_be_named(conversations: Conversations) -> None:
    path = await new(conversations)
    for values in ({}, {"Attributes": "{}"}, {"MessagingBinding.ProxyAddress": "+15550009999"}):
        assert await conversations.refused("POST", f"{path}/Participants", values) == (400, 20001)
    response = await conversations.http.post(conversations.path(f"{path}/Participants"))
    assert response.json()["message"] == "Missing required parameter Identity in the post body"


async def test_limits(conversations: Conversations, rest: Rest) -> None:
    path = await new(conversations)
    await rest.update("", {"Limits.ChannelMembers": "1", "Limits.UserChannels": "1"})
    await conversations.create(f"{path}/Participants", Identity="ann")
    assert await conversations.refused("POST", f"{path}/Participants", Identity="bob") == (403, 50417)
    other = await new(conversations)
    assert await conversations.refused("POST", f"{other}/Participants", Identity="ann") == (403, 50214)


async def test_participants_of_others(conversations: Conversations, stranger: Conversations) -> None:
    path, other = await new(conversations), await new(conversations)
    ann = await conversations.create(f"{path}/Participants", Identity="ann")
    for method in ("GET", "POST", "DELETE"):
        assert await stranger.refused(method, f"{path}/Participants/ann") == (404, 20404)
        assert await conversations.refused(method, f"{other}/Participants/{ann['sid']}") == (404, 20404)
    assert await conversations.get(f"{path}/Participants/ann") == ann
