from __future__ import annotations

import re

import pytest

from tests.integration.rest.rig import Rest

from .rig import Conversations

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


async def test_a_fresh_conversation_has_every_property(either: Conversations) -> None:
    made = await either.create("Conversations")
    url = either.url(f"Conversations/{made['sid']}")
    configuration = await either.get("/v1/Configuration")
    assert made == {
        "sid": made["sid"],
        "account_sid": either.account.sid,
        "chat_service_sid": either.service_sid,
        "messaging_service_sid": configuration["default_messaging_service_sid"],
        "friendly_name": None,
        "unique_name": None,
        "attributes": "{}",
        "date_created": made["date_created"],
        "date_updated": made["date_created"],
        "state": "active",
        "timers": {},
        "bindings": {},
        "url": url,
        "links": {name: f"{url}/{name.capitalize()}" for name in ("participants", "messages", "webhooks")},
    }
    assert re.fullmatch("CH[0-9a-f]{32}", made["sid"])
    assert DATE.fullmatch(made["date_created"])
    assert await either.get(f"Conversations/{made['sid']}") == made == await either.get(url)


async def test_life_of_a_conversation(either: Conversations) -> None:
    messaging = "MG" + "a" * 32
    values = {
        "FriendlyName": "Trip",
        "UniqueName": "trip / ü",
        "DateCreated": "2015-07-30T20:00:00Z",
        "DateUpdated": "2016-07-30T20:00:00.999+02:00",
        "MessagingServiceSid": messaging,
        "Attributes": '{ "a" : 1 }',
        "State": "inactive",
        "Bindings.Email.Address": "trip@example.org",
        "Bindings.Email.Name": "Trip",
    }
    made = await either.create("Conversations", values)
    shown = {
        "friendly_name": "Trip",
        "unique_name": "trip / ü",
        "date_created": "2015-07-30T20:00:00Z",
        "date_updated": "2016-07-30T18:00:00Z",
        "messaging_service_sid": messaging,
        "attributes": '{ "a" : 1 }',
        "state": "inactive",
        "bindings": {"email": {"name": "Trip", "address": "trip@example.org"}},
    }
    assert made == made | shown
    path = f"Conversations/{made['sid']}"
    assert await either.update(path) == made
    changed = await either.update(
        path, {"FriendlyName": "Tour", "State": "initializing", "Bindings.Email.Name": "Tour"}
    )
    assert changed == made | {
        "friendly_name": "Tour",
        "state": "initializing",
        "bindings": {"email": {"name": "Tour", "address": "trip@example.org"}},
        "date_updated": changed["date_updated"],
    }
    assert changed["date_updated"] > made["date_updated"]
    empty = {"FriendlyName": "", "UniqueName": "", "Bindings.Email.Name": "", "Bindings.Email.Address": ""}
    cleared = await either.update(path, empty)
    assert (cleared["friendly_name"], cleared["unique_name"], cleared["bindings"]) == (None, None, {})
    await either.delete(path)
    for method in ("GET", "POST", "DELETE"):
        assert await either.refused(method, path) == (404, 20404)


async def test_a_unique_name_works_in_the_path(either: Conversations) -> None:
    made = await either.create("Conversations", UniqueName="a room")
    assert await either.get("Conversations/a%20room") == made
    assert (await either.update("Conversations/a%20room", FriendlyName="x"))["sid"] == made["sid"]
    assert (await either.get("Conversations/a%20room/Messages"))["messages"] == []
    await either.delete("Conversations/a%20room")


async def test_both_forms_show_the_same_conversation(conversations: Conversations) -> None:
    made = await conversations.create("Conversations")
    named = conversations.in_service()
    seen = await named.get(f"Conversations/{made['sid']}")
    assert seen == made | {"url": seen["url"], "links": seen["links"]}
    assert seen["url"] == named.url(f"Conversations/{made['sid']}")


async def test_chat_sees_a_private_channel(conversations: Conversations, rest: Rest) -> None:
    made = await conversations.create("Conversations", FriendlyName="Trip")
    channel = await rest.get(f"Channels/{made['sid']}")
    assert (channel["type"], channel["friendly_name"], channel["created_by"]) == ("private", "Trip", "system")


async def test_a_private_channel_of_chat_is_a_conversation(either: Conversations, rest: Rest) -> None:
    channel = await rest.create("Channels", Type="private", UniqueName="old")
    seen = await either.get("Conversations/old")
    assert seen["sid"] == channel["sid"]
    assert seen["messaging_service_sid"] == (await either.get("/v1/Configuration"))["default_messaging_service_sid"]
    assert (await either.get("Conversations"))["conversations"] == [seen]
    assert (await either.update("Conversations/old", FriendlyName="new"))["friendly_name"] == "new"


async def test_public_channels_are_invisible(either: Conversations, rest: Rest) -> None:
    channel = await rest.create("Channels", Type="public", UniqueName="open")
    for method in ("GET", "POST", "DELETE"):
        assert await either.refused(method, f"Conversations/{channel['sid']}") == (404, 20404)
        assert await either.refused(method, "Conversations/open") == (404, 20404)
    for part in ("Messages", "Participants"):
        assert await either.refused("GET", f"Conversations/open/{part}") == (404, 20404)
    assert (await either.get("Conversations"))["conversations"] == []
    assert await either.refused("POST", "Conversations", UniqueName="open") == (409, 50353)


async def test_other_accounts_and_services_have_no_part_in_it(
    conversations: Conversations, stranger: Conversations
) -> None:
    made = await conversations.create("Conversations")
    other = await conversations.create("Services", FriendlyName="Other")
    for caller in (stranger, stranger.in_service(conversations.service_sid), conversations.in_service(other["sid"])):
        for method in ("GET", "POST", "DELETE"):
            assert await caller.refused(method, f"Conversations/{made['sid']}") == (404, 20404)
    assert await stranger.in_service(conversations.service_sid).refused("POST", "Conversations") == (404, 20404)
    assert (await stranger.get("Conversations"))["conversations"] == []
    assert await conversations.get(f"Conversations/{made['sid']}") == made


async def test_not_found_names_the_path_with_its_version(conversations: Conversations) -> None:
    response = await conversations.http.get("/v1/Conversations/a%20b")
    assert response.json()["message"] == "The requested resource /v1/Conversations/a b was not found"


@pytest.mark.parametrize("state", ["initializing", "active", "inactive"])
async def test_states_change_freely_until_closed(conversations: Conversations, state: str) -> None:
    made = await conversations.create("Conversations", State=state)
    assert made["state"] == state
    path = f"Conversations/{made['sid']}"
    for wanted in ("initializing", "inactive", "active", "closed"):
        assert (await conversations.update(path, State=wanted))["state"] == wanted
    for values in ({"State": "active"}, {"FriendlyName": "x"}, {"Timers.Inactive": "PT1M"}):
        assert await conversations.refused("POST", path, values) == (400, 50377)
    assert (await conversations.update(path))["state"] == "closed"


async def test_a_closed_conversation_can_be_read_and_emptied(conversations: Conversations) -> None:
    made = await conversations.create("Conversations")
    path = f"Conversations/{made['sid']}"
    message = await conversations.create(f"{path}/Messages", Body="last")
    ann = await conversations.create(f"{path}/Participants", Identity="ann")
    guest = await conversations.create(f"{path}/Participants", {"MessagingBinding.Address": "+15558675310"})
    await conversations.update(path, State="closed")
    assert await conversations.refused("POST", f"{path}/Messages", Body="more") == (400, 50377)
    assert await conversations.refused("POST", f"{path}/Messages/{message['sid']}", Body="x") == (400, 50377)
    assert await conversations.refused("POST", f"{path}/Participants", Identity="bob") == (400, 50377)
    other = {"MessagingBinding.Address": "+15558675311"}
    assert await conversations.refused("POST", f"{path}/Participants", other) == (400, 50377)
    for sid in (ann["sid"], guest["sid"]):
        assert await conversations.refused("POST", f"{path}/Participants/{sid}", Attributes="[]") == (400, 50377)
    assert (await conversations.get(f"{path}/Messages"))["messages"] == [message | {"delivery": _undelivered()}]
    assert (await conversations.get(f"{path}/Participants"))["participants"] == [ann, guest]
    await conversations.delete(f"{path}/Messages/{message['sid']}")
    await conversations.delete(f"{path}/Participants/{ann['sid']}")
    await conversations.delete(f"{path}/Participants/{guest['sid']}")
    await conversations.delete(path)


def _undelivered() -> dict[str, object]:
    return {"total": 1} | dict.fromkeys(("sent", "delivered", "read", "failed", "undelivered"), "none")


BAD_ANYWHERE = [
    ("FriendlyName", "x" * 257, 400, 50003),
    ("FriendlyName", "a\x00b", 400, 20001),
    ("UniqueName", "x" * 257, 400, 50004),
    ("UniqueName", "CH" + "0" * 32, 400, 50390),
    ("UniqueName", "taken", 409, 50353),
    ("DateCreated", "yesterday", 400, 50308),
    ("DateUpdated", "2015-13-01T00:00:00Z", 400, 50309),
    ("MessagingServiceSid", "", 400, 50340),
    ("MessagingServiceSid", "MG12", 400, 50341),
    ("MessagingServiceSid", "IS" + "0" * 32, 400, 50341),
    ("Attributes", "", 400, 50304),
    ("Attributes", "{", 400, 50304),
    ("Attributes", '"' + "x" * (16 * 1024 - 1) + '"', 400, 50303),
    ("State", "", 400, 50374),
    ("State", "open", 400, 50378),
    ("State", "Active", 400, 50378),
    ("Timers.Inactive", "PT59S", 400, 50375),
    ("Timers.Closed", "PT9M59S", 400, 50376),
    ("Timers.Inactive", "60", 400, 50379),
    ("Timers.Closed", "P101Y", 400, 50380),
    ("Bindings.Email.Address", "x" * 257, 400, 20001),
    ("Bindings.Email.Name", "x" * 257, 400, 20001),
]


@pytest.mark.parametrize(("name", "value", "status", "code"), BAD_ANYWHERE)
async def test_bad_parameters_are_refused(
    conversations: Conversations, name: str, value: str, status: int, code: int
) -> None:
    await conversations.create("Conversations", UniqueName="taken")
    made = await conversations.create("Conversations")
    values = {name: value} if name == "State" else {"State": "active", name: value}
    assert await conversations.refused("POST", "Conversations", values) == (status, code)
    assert await conversations.refused("POST", f"Conversations/{made['sid']}", values) == (status, code)
    assert await conversations.get(f"Conversations/{made['sid']}") == made
    assert len((await conversations.get("Conversations"))["conversations"]) == 2


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"State": "closed"}, 50384),
        ({"Timers.Inactive": "PT1M"}, 50382),
        ({"Timers.Closed": "PT10M"}, 50382),
        ({"Timers.Closed": ""}, 50382),
    ],
)
async def test_bad_beginnings_are_refused(conversations: Conversations, values: dict[str, str], code: int) -> None:
    assert await conversations.refused("POST", "Conversations", values) == (400, code)
    assert (await conversations.get("Conversations"))["conversations"] == []


async def test_longest_values_are_accepted(conversations: Conversations) -> None:
    values = {
        "FriendlyName": "🎉" * 256,
        "UniqueName": "ü" * 256,
        "Attributes": '"' + "x" * (16 * 1024 - 2) + '"',
        "Bindings.Email.Name": "x" * 256,
        "Bindings.Email.Address": "x" * 256,
    }
    made = await conversations.create("Conversations", values)
    assert (made["friendly_name"], made["unique_name"]) == (values["FriendlyName"], values["UniqueName"])
    assert made["attributes"] == values["Attributes"]
