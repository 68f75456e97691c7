from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.rest.rig import Rest

from .rig import Conversations
from .test_guests import ANNA, SHOP
from .test_messages import new
from .test_participants import role

PATH = "ConversationWithParticipants"
BINDING = {"address": ANNA, "proxy_address": SHOP}


async def make(conversations: Conversations, *participants: object, **values: str) -> Any:  # Any: JSON
    """Each participant is text, or what becomes JSON."""
    texts = [one if isinstance(one, str) else json.dumps(one) for one in participants]
    response = await conversations.http.post(conversations.path(PATH), data={"Participant": texts, **values})
    assert response.status_code == (202 if texts else 201), response.text
    return response.json()


async def test_without_participants_it_is_a_conversation(either: Conversations) -> None:
    made = await make(either, FriendlyName="Trip", State="inactive")
    assert (made["friendly_name"], made["state"]) == ("Trip", "inactive")
    assert made["url"] == either.url(f"Conversations/{made['sid']}")
    assert await either.get(f"Conversations/{made['sid']}") == made


async def test_participants_are_there_from_the_beginning(either: Conversations, rest: Rest) -> None:
    admin = await role(rest, "channel admin")
    made = await make(
        either,
        {"identity": "ann", "attributes": '{ "a" : 1 }', "role_sid": admin},
        {"messaging_binding": BINDING, "attributes": "[2]", "role_sid": admin},
        {"identity": "bob"},
        {"messaging_binding": json.dumps({"address": "+15558675311", "projected_address": SHOP})},
        {"messaging_binding": "whatsapp:+15558675310"},
        UniqueName="trip",
    )
    assert made["unique_name"] == "trip"
    listed = (await either.get("Conversations/trip/Participants"))["participants"]
    found = {one["identity"] or one["messaging_binding"]["address"]: one for one in listed}
    assert set(found) == {"ann", "bob", ANNA, "+15558675311", "whatsapp:+15558675310"}
    assert (found["ann"]["attributes"], found["ann"]["role_sid"]) == ('{ "a" : 1 }', admin)
    assert (found[ANNA]["attributes"], found[ANNA]["role_sid"]) == ("[2]", admin)
    assert found["bob"]["role_sid"] == await role(rest, "channel user")
    assert found["+15558675311"]["messaging_binding"] == {
        "type": "sms",
        "address": "+15558675311",
        "projected_address": SHOP,
    }
    assert await either.get("Conversations/trip") == made
    assert len((await either.get("Users/ann/Conversations"))["conversations"]) == 1


async def test_ten_are_accepted(conversations: Conversations) -> None:
    made = await make(conversations, *({"identity": f"user {n}"} for n in range(10)))
    listed = (await conversations.get(f"Conversations/{made['sid']}/Participants"))["participants"]
    assert [one["identity"] for one in listed] == [f"user {n}" for n in range(10)]


ANN = {"identity": "ann"}
BAD: list[tuple[list[object], int, int]] = [
    ([ANN] * 11, 400, 20001),
    (["{"], 400, 20001),
    (["[]"], 400, 20001),
    (['"ann"'], 400, 20001),
    (["ann"], 400, 20001),
    (["[" * 5000], 400, 20001),
    ([{}], 400, 20001),
    ([{"identity": 1}], 400, 20001),
    ([{"identity": None}], 400, 20001),
    ([{"identity": "ann", "attributes": {}}], 400, 20001),
    ([{"messaging_binding": {}}], 400, 20001),
    ([{"messaging_binding": "{"}], 400, 20001),
    ([{"messaging_binding": []}], 400, 20001),
    ([{"identity": ""}], 400, 50204),
    ([{"identity": "system"}], 400, 50203),
    ([{"identity": "x" * 257}], 400, 50207),
    (['{"identity": "\\u0000"}'], 400, 20001),
    (['{"identity": "\\ud800"}'], 400, 20001),
    ([{"identity": "ann", "attributes": "{"}], 400, 50304),
    ([{"identity": "ann", "role_sid": "RLx"}], 404, 50100),
    ([{"identity": "ann", "messaging_binding": BINDING}], 400, 50211),
    ([{"messaging_binding": {"address": ""}}], 400, 50411),
    ([{"messaging_binding": "anna"}], 400, 50407),
    ([{"messaging_binding": {"address": ANNA, "proxy_address": ""}}], 400, 50412),
    ([{"messaging_binding": {"address": ANNA, "proxy_address": "shop"}}], 400, 50408),
    ([{"messaging_binding": {"address": ANNA, "proxy_address": ANNA}}], 400, 50409),
    ([{"messaging_binding": {"address": ANNA, "proxy_address": f"whatsapp:{SHOP}"}}], 400, 50414),
    ([{"messaging_binding": {"address": "a@b", "projected_address": SHOP}}], 400, 50420),
    ([{"messaging_binding": {"address": ANNA}, "attributes": "{"}], 400, 50304),
    ([ANN, ANN], 409, 50433),
    ([{"messaging_binding": BINDING}, {"messaging_binding": BINDING}], 409, 50416),
]


@pytest.mark.parametrize(("participants", "status", "code"), BAD)
async def test_one_bad_participant_and_nothing_happens(
    conversations: Conversations, participants: list[object], status: int, code: int
) -> None:
    texts = [one if isinstance(one, str) else json.dumps(one) for one in [{"identity": "bob"}, *participants]]
    if len(texts) > 11:
        del texts[0]
    assert await conversations.refused("POST", PATH, {"Participant": texts}) == (status, code)
    assert (await conversations.get("Conversations"))["conversations"] == []
    assert (await conversations.get("Users"))["users"] == []


@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        ({"State": "closed"}, 400, 50384),
        ({"Timers.Inactive": "PT1M"}, 400, 50382),
        ({"State": "active", "Timers.Closed": "PT1M"}, 400, 50376),
        ({"UniqueName": "taken"}, 409, 50353),
        ({"Attributes": "{"}, 400, 50304),
    ],
)
async def test_the_conversation_follows_its_own_rules(
    conversations: Conversations, values: dict[str, str], status: int, code: int
) -> None:
    await conversations.create("Conversations", UniqueName="taken")
    given = {**values, "Participant": json.dumps(ANN)}
    assert await conversations.refused("POST", PATH, given) == (status, code)
    assert (await conversations.get("Users"))["users"] == []


async def test_limits_hold(conversations: Conversations, rest: Rest) -> None:
    await rest.update("", {"Limits.ChannelMembers": "1", "Limits.UserChannels": "1"})
    pair = [json.dumps({"identity": name}) for name in ("ann", "bob")]
    assert await conversations.refused("POST", PATH, {"Participant": pair}) == (403, 50417)
    await conversations.create(f"{await new(conversations)}/Participants", Identity="ann")
    assert await conversations.refused("POST", PATH, {"Participant": pair[:1]}) == (403, 50214)


async def test_it_is_only_made(conversations: Conversations) -> None:
    for method in ("GET", "DELETE"):
        assert await conversations.refused(method, PATH) == (405, 20004)
