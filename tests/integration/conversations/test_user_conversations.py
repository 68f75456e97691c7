from __future__ import annotations

import pytest

from chatcore.domain.model import Actor
from tests.integration.rest.rig import Rest, Rig

from .rig import Conversations


async def join(rest: Rest, identity: str = "ann", **values: str) -> str:
    """SID of a new private channel with a member."""
    channel = await rest.create("Channels", {"Type": "private", **values})
    await rest.create(f"Channels/{channel['sid']}/Members", Identity=identity)
    return str(channel["sid"])


async def test_a_user_conversation_has_every_property(either: Conversations, rest: Rest) -> None:
    sid = await join(rest, FriendlyName="Trip", UniqueName="trip", Attributes='{"a": 1}', CreatedBy="bob")
    await rest.create(f"Channels/{sid}/Messages", Body="one")
    channel, member = await rest.get(f"Channels/{sid}"), await rest.get(f"Channels/{sid}/Members/ann")
    user = await either.get("Users/ann")
    expected = {
        "account_sid": either.account.sid,
        "chat_service_sid": either.service_sid,
        "conversation_sid": sid,
        "unread_messages_count": None,
        "last_read_message_index": None,
        "participant_sid": member["sid"],
        "user_sid": user["sid"],
        "friendly_name": "Trip",
        "conversation_state": "active",
        "timers": {},
        "attributes": '{"a": 1}',
        "date_created": channel["date_created"],
        "date_updated": channel["date_updated"],
        "created_by": "bob",
        "notification_level": "default",
        "unique_name": "trip",
        "url": either.url(f"Users/{user['sid']}/Conversations/{sid}"),
        "links": {
            "participant": either.url(f"Conversations/{sid}/Participants/{member['sid']}"),
            "conversation": either.url(f"Conversations/{sid}"),
        },
    }
    assert await either.get("Users/ann/Conversations/trip") == expected
    assert await either.get(expected["url"]) == expected
    page = await either.get("Users/ann/Conversations")
    assert (page["meta"]["key"], page["conversations"]) == ("conversations", [expected])


async def test_update_sets_level_and_horizon(either: Conversations, rest: Rest) -> None:
    sid = await join(rest)
    for body in ("one", "two", "three"):
        await rest.create(f"Channels/{sid}/Messages", Body=body)
    path = f"Users/ann/Conversations/{sid}"
    before = await either.get(path)
    assert await either.update(path) == before
    changed = await either.update(path, NotificationLevel="muted", LastReadMessageIndex="1")
    assert changed == before | {
        "notification_level": "muted",
        "last_read_message_index": 1,
        "unread_messages_count": 1,
        "date_updated": changed["date_updated"],
    }
    assert await either.get(path) == changed
    member = f"Channels/{sid}/Members/ann"
    assert (await rest.get(member))["last_consumption_timestamp"] is not None
    await either.update(path, LastReadTimestamp="2020-01-02T03:04:05Z")
    assert (await rest.get(member))["last_consumption_timestamp"] == "2020-01-02T03:04:05Z"
    assert (await rest.get(member))["last_consumed_message_index"] == 1
    back = await either.update(path, LastReadMessageIndex="0")
    assert (back["unread_messages_count"], back["notification_level"]) == (2, "muted")
    cleared = await either.update(path, LastReadMessageIndex="", NotificationLevel="default")
    assert cleared == before | {"date_updated": cleared["date_updated"]}
    assert (await rest.get(member))["last_consumption_timestamp"] is None


async def test_delete_is_leaving(either: Conversations, rest: Rest) -> None:
    sid = await join(rest)
    path = f"Users/ann/Conversations/{sid}"
    await either.delete(path)
    for method in ("GET", "POST", "DELETE"):
        assert await either.refused(method, path) == (404, 20404)
    assert await rest.refused("GET", f"Channels/{sid}/Members/ann") == (404, 20404)
    assert (await either.get("Users/ann/Conversations"))["conversations"] == []


async def test_public_channels_and_invites_are_invisible(conversations: Conversations, rest: Rest, rig: Rig) -> None:
    public = await rest.create("Channels", Type="public")
    await rest.create(f"Channels/{public['sid']}/Members", Identity="ann")
    first, invited, last = await join(rest), await join(rest, "bob"), await join(rest)
    actor = Actor(account_sid=rest.account.sid, service_sid=rest.service_sid)
    await rig.chat.invites.create(actor, invited, "ann")
    for sid in (invited, public["sid"]):
        assert await conversations.refused("GET", f"Users/ann/Conversations/{sid}") == (404, 20404)
    page = await conversations.get("Users/ann/Conversations", PageSize="1")
    items = await conversations.follow(page, "conversations")
    assert [item["conversation_sid"] for item in items] == [first, last]
    assert await conversations.follow(await conversations.get(page["meta"]["next_page_url"]), "conversations") == [
        items[1]
    ]


async def test_pages_hold_fifty(conversations: Conversations) -> None:
    await conversations.create("Users", Identity="ann")
    page = await conversations.get("Users/ann/Conversations", PageSize="1000")
    assert page["meta"]["page_size"] == 50


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("NotificationLevel", "loud", 50210),
        ("NotificationLevel", "", 50210),
        ("LastReadMessageIndex", "1", 50421),
        ("LastReadMessageIndex", "-1", 50421),
        ("LastReadMessageIndex", "x", 50421),
        ("LastReadTimestamp", "yesterday", 20001),
    ],
)
async def test_bad_parameters_are_refused(
    conversations: Conversations, rest: Rest, name: str, value: str, code: int
) -> None:
    sid = await join(rest)
    await rest.create(f"Channels/{sid}/Messages", Body="one")
    path = f"Users/ann/Conversations/{sid}"
    before = await conversations.get(path)
    assert await conversations.refused("POST", path, {name: value}) == (400, code)
    assert await conversations.get(path) == before


async def test_strangers_and_nobody(conversations: Conversations, stranger: Conversations, rest: Rest) -> None:
    sid = await join(rest)
    await conversations.create("Users", Identity="bob")
    assert await conversations.refused("GET", f"Users/bob/Conversations/{sid}") == (404, 20404)
    assert await conversations.refused("GET", f"Users/nobody/Conversations/{sid}") == (404, 20404)
    assert await stranger.refused("GET", f"Users/ann/Conversations/{sid}") == (404, 20404)
    await stranger.create("Users", Identity="ann")
    assert await stranger.refused("GET", f"Users/ann/Conversations/{sid}") == (404, 20404)
