from __future__ import annotations

from tests.integration.rest.rig import Rest

from .rig import HOST, Conversations


async def test_a_service_is_that_of_chat_in_other_words(conversations: Conversations, rest: Rest) -> None:
    service = await conversations.create("Services", FriendlyName="Shop")
    url = f"{HOST}/v1/Services/{service['sid']}"
    assert service == {
        "sid": service["sid"],
        "account_sid": conversations.account.sid,
        "friendly_name": "Shop",
        "date_created": service["date_created"],
        "date_updated": service["date_created"],
        "url": url,
        "links": {
            "conversations": f"{url}/Conversations",
            "users": f"{url}/Users",
            "roles": f"{url}/Roles",
            "bindings": f"{url}/Bindings",
            "configuration": f"{url}/Configuration",
            "participant_conversations": f"{url}/ParticipantConversations",
            "conversation_with_participants": f"{url}/ConversationWithParticipants",
        },
    }
    assert await conversations.get(url) == service
    assert (await rest.get(f"/v2/Services/{service['sid']}"))["friendly_name"] == "Shop"
    listed = await conversations.get("Services")
    assert (listed["meta"]["key"], listed["services"][-1]) == ("services", service)


async def test_there_is_no_update(conversations: Conversations) -> None:
    path = f"/v1/Services/{conversations.service_sid}"
    assert await conversations.refused("POST", path, FriendlyName="renamed") == (405, 20004)


async def test_deletion_is_final(conversations: Conversations, rest: Rest) -> None:
    service = await conversations.create("Services", FriendlyName="Shop")
    path = f"/v1/Services/{service['sid']}"
    await conversations.delete(path)
    for gone in (path, f"{path}/Users", f"{path}/Configuration", f"{path}/Configuration/Webhooks"):
        assert await conversations.refused("GET", gone) == (404, 20404)
    assert await rest.refused("GET", f"/v2/Services/{service['sid']}") == (404, 20404)
    assert await conversations.refused("DELETE", path) == (404, 20404)


async def test_bad_names_are_refused(conversations: Conversations) -> None:
    assert await conversations.refused("POST", "Services") == (400, 20001)
    assert await conversations.refused("POST", "Services", FriendlyName="") == (400, 50000)
    assert await conversations.refused("POST", "Services", FriendlyName="x" * 257) == (400, 50003)
    assert await conversations.refused("POST", "Services", FriendlyName="a\x00b") == (400, 20001)
    await conversations.create("Services", FriendlyName="x" * 256)


async def test_pages_hold_a_hundred(conversations: Conversations) -> None:
    made = [await conversations.create("Services", FriendlyName=f"{n}") for n in range(3)]
    page = await conversations.get("Services", PageSize="1000")
    assert page["meta"]["page_size"] == 100
    items = await conversations.follow(await conversations.get("Services", PageSize="2"), "services")
    assert items[-3:] == made


async def test_another_account_sees_nothing(conversations: Conversations, stranger: Conversations) -> None:
    path = f"/v1/Services/{conversations.service_sid}"
    for gone in (path, f"{path}/Users", f"{path}/Roles", f"{path}/Configuration/Notifications"):
        assert await stranger.refused("GET", gone) == (404, 20404)
    assert await stranger.refused("DELETE", path) == (404, 20404)


async def test_the_message_about_an_absent_resource_names_the_version(conversations: Conversations) -> None:
    path = f"/v1/Services/{'IS' + '0' * 32}/Users/a%20b"
    response = await conversations.http.get(path)
    assert (
        response.json()["message"] == f"The requested resource /v1/Services/{'IS' + '0' * 32}/Users/a b was not found"
    )
