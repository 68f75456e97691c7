from __future__ import annotations

import pytest

from tests.integration.rest.rig import Rest

from .rig import Conversations
from .test_guests import ANNA, PROXY, SHOP, invite
from .test_messages import new


async def test_a_member_is_found_by_identity(either: Conversations) -> None:
    values = {"FriendlyName": "Trip", "UniqueName": "trip", "Attributes": "[1]"}
    timed = {**values, "State": "active", "Timers.Inactive": "P1D"}
    made = await either.create("Conversations", timed)
    who = await either.create("Conversations/trip/Participants", Identity="ann@x +1")
    user = await either.get("Users/ann%40x%20%2B1")
    page = await either.get("ParticipantConversations", Identity="ann@x +1")
    assert page["meta"]["key"] == "conversations"
    assert page["meta"]["url"] == either.url("ParticipantConversations?Identity=ann%40x%20%2B1&PageSize=50&Page=0")
    seen = await either.get(f"Conversations/{made['sid']}")
    assert page["conversations"] == [
        {
            "account_sid": either.account.sid,
            "chat_service_sid": either.service_sid,
            "participant_sid": who["sid"],
            "participant_user_sid": user["sid"],
            "participant_identity": "ann@x +1",
            "participant_messaging_binding": None,
            "conversation_sid": made["sid"],
            "conversation_unique_name": "trip",
            "conversation_friendly_name": "Trip",
            "conversation_attributes": "[1]",
            "conversation_date_created": made["date_created"],
            "conversation_date_updated": seen["date_updated"],
            "conversation_created_by": "system",
            "conversation_state": "active",
            "conversation_timers": seen["timers"],
            "links": {"participant": who["url"], "conversation": made["url"]},
        }
    ]


async def test_a_guest_is_found_by_address(either: Conversations, stranger: Conversations) -> None:
    path = await new(either)
    who = await invite(either, path, **{PROXY: SHOP})
    await invite(stranger, await new(stranger))
    (found,) = (await either.get("ParticipantConversations", Address=ANNA))["conversations"]
    assert found["participant_sid"] == who["sid"]
    assert (found["participant_user_sid"], found["participant_identity"]) == (None, None)
    assert found["participant_messaging_binding"] == {
        "type": "sms",
        "address": ANNA,
        "proxy_address": SHOP,
        "projected_address": None,
        "name": None,
        "level": None,
    }


async def test_nobody_takes_part_in_nothing(conversations: Conversations) -> None:
    await conversations.create("Users", Identity="ann")
    user = await conversations.get("Users/ann")
    for values in ({"Identity": "ann"}, {"Identity": "nobody"}, {"Address": ANNA}, {"Identity": user["sid"]}):
        assert (await conversations.get("ParticipantConversations", **values))["conversations"] == []
    await conversations.create(f"{await new(conversations)}/Participants", Identity="ann")
    assert (await conversations.get("ParticipantConversations", Identity=user["sid"]))["conversations"] == []


async def test_public_channels_and_other_services_are_left_out(conversations: Conversations, rest: Rest) -> None:
    channel = await rest.create("Channels", Type="public")
    await rest.create(f"Channels/{channel['sid']}/Members", Identity="ann")
    other = conversations.in_service((await conversations.create("Services", FriendlyName="Other"))["sid"])
    elsewhere = await new(other)
    await other.create(f"{elsewhere}/Participants", Identity="ann")
    assert (await conversations.get("ParticipantConversations", Identity="ann"))["conversations"] == []
    (found,) = (await other.get("ParticipantConversations", Identity="ann"))["conversations"]
    assert found["conversation_sid"] == elsewhere.removeprefix("Conversations/")


@pytest.mark.parametrize("filters", [{"Identity": "ann"}, {"Address": ANNA}])
async def test_they_come_by_date_of_joining(conversations: Conversations, filters: dict[str, str]) -> None:
    made = []
    for day in (3, 1, 2):
        path = await new(conversations)
        for who in ({"Identity": "ann"}, {"MessagingBinding.Address": ANNA}):
            await conversations.create(f"{path}/Participants", {**who, "DateCreated": f"2020-01-0{day}T00:00:00Z"})
        made.append(path.removeprefix("Conversations/"))
    page = await conversations.get("ParticipantConversations", **filters, PageSize="1")
    found = await conversations.follow(page, "conversations")
    assert [one["conversation_sid"] for one in found] == [made[1], made[2], made[0]]
    second = await conversations.get(page["meta"]["next_page_url"])
    assert (await conversations.get(second["meta"]["previous_page_url"]))["conversations"] == found[:1]
    page = await conversations.get("ParticipantConversations", **filters, PageSize="1000")
    assert page["meta"]["page_size"] == 50


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({}, 20001),
        ({"Identity": ""}, 20001),
        ({"Identity": "ann", "Address": ANNA}, 50451),
        ({"Identity": "ann", "PageSize": "0"}, 20001),
        ({"Identity": "a\x00b"}, 20001),
    ],
)
async def test_bad_queries_are_refused(conversations: Conversations, values: dict[str, str], code: int) -> None:
    assert await conversations.refused("GET", "ParticipantConversations", values) == (400, code)
