"""Participants that are an address."""

from __future__ import annotations

from typing import Any

import pytest

from chatcore.domain.ids import new_sid
from tests.integration.rest.rig import Rest

from .rig import Conversations
from .test_messages import new, own_sid
from .test_participants import role

ADDRESS, PROXY, PROJECTED = (f"MessagingBinding.{name}" for name in ("Address", "ProxyAddress", "ProjectedAddress"))
ANNA, SHOP = "+15558675310", "+15550009999"


async def invite(conversations: Conversations, path: str, address: str = ANNA, **more: str) -> Any:  # Any: JSON
    return await conversations.create(f"{path}/Participants", {ADDRESS: address, **more})


async def test_a_fresh_one_has_every_property(either: Conversations) -> None:
    path = await new(either)
    made = await invite(either, path, **{PROXY: SHOP})
    url = either.url(f"{path}/Participants/{made['sid']}")
    assert made == own_sid(either) | {
        "sid": made["sid"],
        "account_sid": either.account.sid,
        "conversation_sid": path.removeprefix("Conversations/"),
        "identity": None,
        "attributes": "{}",
        "messaging_binding": {"type": "sms", "address": ANNA, "proxy_address": SHOP},
        "role_sid": None,
        "date_created": made["date_created"],
        "date_updated": made["date_created"],
        "url": url,
        "last_read_message_index": None,
        "last_read_timestamp": None,
    }
    assert await either.get(f"{path}/Participants/{made['sid']}") == made == await either.get(url)
    assert (await either.get(f"{path}/Participants"))["participants"] == [made]
    assert await either.refused("GET", f"{path}/Participants/%2B15558675310") == (404, 20404)


@pytest.mark.parametrize(
    ("address", "own", "kind"),
    [
        ("whatsapp:+15558675310", f"whatsapp:{SHOP}", "whatsapp"),
        ("messenger:1234", "messenger:shop", "messenger"),
        ("anna@example.org", "shop@example.org", "email"),
        (ANNA, "55555", "sms"),
    ],
)
async def test_the_type_follows_from_the_address(
    conversations: Conversations, address: str, own: str, kind: str
) -> None:
    made = await invite(conversations, await new(conversations), address, **{PROXY: own})
    assert made["messaging_binding"] == {"type": kind, "address": address, "proxy_address": own}


async def test_a_projected_address_is_shown_instead(conversations: Conversations) -> None:
    made = await invite(conversations, await new(conversations), **{PROJECTED: SHOP})
    assert made["messaging_binding"] == {"type": "sms", "address": ANNA, "projected_address": SHOP}


async def test_life_of_a_guest(either: Conversations, rest: Rest) -> None:
    path, admin = await new(either), await role(rest, "channel admin")
    values = {
        "DateCreated": "2015-07-30T20:00:00Z",
        "DateUpdated": "2016-07-30T20:00:00Z",
        "Attributes": '{ "a" : 1 }',
        "RoleSid": admin,
    }
    made = await invite(either, path, **values)
    assert made == made | {
        "messaging_binding": {"type": "sms", "address": ANNA},
        "date_created": "2015-07-30T20:00:00Z",
        "date_updated": "2016-07-30T20:00:00Z",
        "attributes": '{ "a" : 1 }',
        "role_sid": admin,
    }
    one = f"{path}/Participants/{made['sid']}"
    assert await either.update(one) == made
    changed = await either.update(one, {PROXY: SHOP, "Attributes": "[]"})
    assert changed == made | {
        "messaging_binding": {"type": "sms", "address": ANNA, "proxy_address": SHOP},
        "attributes": "[]",
        "date_updated": changed["date_updated"],
    }
    for body in "ab":
        await either.create(f"{path}/Messages", Body=body)
    read = await either.update(one, LastReadMessageIndex="1")
    assert (read["last_read_message_index"], read["last_read_timestamp"] is None) == (1, False)
    read = await either.update(one, LastReadTimestamp="2020-01-02T03:04:05Z")
    assert (read["last_read_message_index"], read["last_read_timestamp"]) == (1, "2020-01-02T03:04:05Z")
    read = await either.update(one, LastReadMessageIndex="")
    assert (read["last_read_message_index"], read["last_read_timestamp"]) == (None, None)
    assert await either.refused("POST", one, LastReadMessageIndex="2") == (400, 50421)
    await either.delete(one)
    for method in ("GET", "POST", "DELETE"):
        assert await either.refused(method, one) == (404, 20404)
    assert (await either.get(f"{path}/Participants"))["participants"] == []


async def test_chat_does_not_know_them(conversations: Conversations, rest: Rest) -> None:
    path = await new(conversations)
    made = await invite(conversations, path)
    channel = path.replace("Conversations", "Channels")
    assert (await rest.get(f"{channel}/Members"))["members"] == []
    assert (await rest.get(channel))["members_count"] == 0
    assert await rest.refused("GET", f"{channel}/Members/{made['sid']}") == (404, 20404)


async def test_both_kinds_are_in_one_list(conversations: Conversations) -> None:
    path, made = await new(conversations), []
    for day in range(1, 8):
        who = {"Identity": f"user {day}"} if day % 2 else {ADDRESS: f"+155512300{day:02}"}
        values = {**who, "DateCreated": f"2020-01-0{day}T00:00:00Z"}
        made.append(await conversations.create(f"{path}/Participants", values))
    first = await conversations.get(f"{path}/Participants", PageSize="3")
    assert await conversations.follow(first, "participants") == made
    second = await conversations.get(first["meta"]["next_page_url"])
    assert second["participants"] == made[3:6]
    assert (await conversations.get(second["meta"]["previous_page_url"]))["participants"] == made[:3]
    assert (await conversations.get(f"{path}/Participants", PageSize="2", Page="2"))["participants"] == made[4:6]
    assert (await conversations.get(f"{path}/Participants", PageSize="1000"))["meta"]["page_size"] == 100


BAD: list[tuple[dict[str, str], int]] = [
    ({ADDRESS: ""}, 50411),
    ({ADDRESS: "anna"}, 50407),
    ({ADDRESS: ANNA, PROXY: ""}, 50412),
    ({ADDRESS: ANNA, PROXY: "shop"}, 50408),
    ({ADDRESS: ANNA, PROXY: ANNA}, 50409),
    ({ADDRESS: ANNA, PROXY: f"whatsapp:{SHOP}"}, 50414),
    ({ADDRESS: "anna@example.org", PROJECTED: SHOP}, 50420),
    ({"Identity": "ann", ADDRESS: ANNA}, 50211),
    ({"Identity": "ann", PROXY: SHOP}, 50211),
    ({"Identity": "ann", PROJECTED: SHOP}, 50211),
    ({ADDRESS: ANNA, "Attributes": "{"}, 50304),
    ({ADDRESS: ANNA, "DateCreated": "x"}, 50308),
    ({ADDRESS: ANNA, "DateUpdated": "x"}, 50309),
    ({ADDRESS: ANNA, "RoleSid": ""}, 50103),
]


@pytest.mark.parametrize(("values", "code"), BAD)
async def test_bad_parameters_are_refused(conversations: Conversations, values: dict[str, str], code: int) -> None:
    path = await new(conversations)
    assert await conversations.refused("POST", f"{path}/Participants", values) == (400, code)
    assert (await conversations.get(f"{path}/Participants"))["participants"] == []


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({PROXY: ""}, 50412),
        ({PROXY: "shop"}, 50408),
        ({PROXY: ANNA}, 50409),
        ({PROXY: f"whatsapp:{SHOP}"}, 50414),
        ({"Identity": "ann"}, 50211),
        ({"Attributes": ""}, 50304),
        ({"RoleSid": ""}, 50103),
        ({"LastReadMessageIndex": "-1"}, 50421),
        ({"LastReadTimestamp": "x"}, 20001),
    ],
)
async def test_bad_updates_are_refused(conversations: Conversations, values: dict[str, str], code: int) -> None:
    path = await new(conversations)
    made = await invite(conversations, path)
    assert await conversations.refused("POST", f"{path}/Participants/{made['sid']}", values) == (400, code)
    assert (await conversations.get(f"{path}/Participants"))["participants"] == [made]


async def test_a_role_has_to_be_one_of_conversations(conversations: Conversations, rest: Rest) -> None:
    path = await new(conversations)
    for sid, code in ((new_sid("RL"), 50100), (await role(rest, "service user"), 50109)):
        values = {ADDRESS: ANNA, "RoleSid": sid}
        assert await conversations.refused("POST", f"{path}/Participants", values) == (404, code)


async def test_members_have_no_addresses(conversations: Conversations) -> None:
    path = await new(conversations)
    ann = await conversations.create(f"{path}/Participants", Identity="ann")
    for name in (PROXY, PROJECTED):
        assert await conversations.refused("POST", f"{path}/Participants/ann", {name: SHOP}) == (400, 50420)
    assert await conversations.get(f"{path}/Participants/ann") == ann


async def test_a_pair_is_in_one_open_conversation(conversations: Conversations, stranger: Conversations) -> None:
    path, other = await new(conversations), await new(conversations)
    made = await invite(conversations, path, **{PROXY: SHOP})
    values = {ADDRESS: ANNA, PROXY: SHOP}
    for place in (path, other):
        assert await conversations.refused("POST", f"{place}/Participants", values) == (409, 50416)
    elsewhere = await invite(conversations, other, **{PROXY: "+15550008888"})
    moving = {PROXY: SHOP}
    assert await conversations.refused("POST", f"{other}/Participants/{elsewhere['sid']}", moving) == (409, 50416)
    await invite(stranger, await new(stranger), **{PROXY: SHOP})
    await conversations.delete(f"{path}/Participants/{made['sid']}")
    again = await invite(conversations, path, **{PROXY: SHOP})
    await conversations.update(path, State="closed")
    assert (await invite(conversations, other, **{PROXY: SHOP}))["sid"] != again["sid"]
    await conversations.delete(other)
    await invite(conversations, await new(conversations), **{PROXY: SHOP})


async def test_there_are_fifty_at_most(conversations: Conversations) -> None:
    path = await new(conversations)
    for number in range(50):
        last = await invite(conversations, path, f"+15551230{number:03}")
    values = {ADDRESS: ANNA}
    assert await conversations.refused("POST", f"{path}/Participants", values) == (403, 50418)
    await conversations.create(f"{path}/Participants", Identity="ann")
    await conversations.delete(f"{path}/Participants/{last['sid']}")
    await invite(conversations, path)


async def test_an_address_may_write(conversations: Conversations) -> None:
    path = await new(conversations)
    made = await invite(conversations, path)
    message = await conversations.create(f"{path}/Messages", Author=ANNA, Body="hello")
    assert message["participant_sid"] == made["sid"]
    assert (await conversations.create(f"{path}/Messages", Author=SHOP))["participant_sid"] is None
