from __future__ import annotations

from urllib.parse import quote

import pytest

from chatcore.domain.ids import Identity
from tests.integration.rest.rig import Rest, Rig

from .rig import Conversations


async def test_a_fresh_user_has_every_property(either: Conversations, rest: Rest) -> None:
    user = await either.create("Users", Identity="ann")
    url = either.url(f"Users/{user['sid']}")
    assert user == {
        "sid": user["sid"],
        "account_sid": either.account.sid,
        "chat_service_sid": either.service_sid,
        "role_sid": (await rest.get(""))["default_service_role_sid"],
        "identity": "ann",
        "friendly_name": None,
        "attributes": "{}",
        "is_online": None,
        "is_notifiable": None,
        "date_created": user["date_created"],
        "date_updated": user["date_created"],
        "url": url,
        "links": {"user_conversations": f"{url}/Conversations"},
    }
    assert await either.get(f"Users/{user['sid']}") == await either.get("Users/ann") == user
    assert (await rest.get("Users/ann"))["sid"] == user["sid"]


async def test_life_of_a_user(either: Conversations) -> None:
    roles = {r["friendly_name"]: r["sid"] for r in (await either.get("Roles"))["roles"]}
    attributes = '{ "a" : "\U0001f600" }'
    values = {"Identity": "bob", "FriendlyName": "Bob", "Attributes": attributes, "RoleSid": roles["service admin"]}
    user = await either.create("Users", values)
    assert (user["friendly_name"], user["attributes"], user["role_sid"]) == ("Bob", attributes, values["RoleSid"])
    assert await either.update("Users/bob") == user
    changed = await either.update("Users/bob", Attributes="7", FriendlyName="", RoleSid=roles["service user"])
    assert changed == user | {
        "attributes": "7",
        "friendly_name": None,
        "role_sid": roles["service user"],
        "date_updated": changed["date_updated"],
    }
    await either.delete("Users/bob")
    for method in ("GET", "POST", "DELETE"):
        assert await either.refused(method, "Users/bob") == (404, 20404)


@pytest.mark.parametrize("identity", ["a@b.example", "a b", "a+b", "a:b%20c", "名前", "a/b", "?x", "%41"])
async def test_any_identity_is_found(conversations: Conversations, identity: str) -> None:
    user = await conversations.create("Users", Identity=identity)
    assert await conversations.get(f"Users/{quote(identity, safe='')}") == user


async def test_reachability_is_told_of_single_users(conversations: Conversations, rig: Rig) -> None:
    await conversations.in_service().update("Configuration", ReachabilityEnabled="true")
    ann = Identity(f"ann of {conversations.account.sid}")
    rig.reachability.known[ann] = True
    await conversations.create("Users", Identity=ann)
    assert (await conversations.get(f"Users/{ann}"))["is_online"] is True
    assert (await conversations.get("Users"))["users"][0]["is_online"] is None


async def test_lists_have_pages_of_fifty(either: Conversations) -> None:
    made = [await either.create("Users", Identity=f"{n}") for n in range(3)]
    page = await either.get("Users", PageSize="100")
    assert (page["meta"]["page_size"], page["meta"]["key"]) == (50, "users")
    assert page["meta"]["url"].startswith(either.url("Users?"))
    assert await either.follow(await either.get("Users", PageSize="1"), "users") == made


@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        ({}, 400, 20001),
        ({"Identity": ""}, 400, 50204),
        ({"Identity": "system"}, 400, 50203),
        ({"Identity": "US" + "0" * 32}, 400, 50206),
        ({"Identity": "x" * 257}, 400, 50207),
        ({"Identity": "ann"}, 409, 50201),
        ({"Identity": "bob", "FriendlyName": "x" * 257}, 400, 50003),
        ({"Identity": "bob", "Attributes": ""}, 400, 50304),
        ({"Identity": "bob", "Attributes": '"' + "x" * 4095 + '"'}, 400, 50303),
        ({"Identity": "bob", "RoleSid": ""}, 400, 50103),
        ({"Identity": "bob", "RoleSid": "RL" + "0" * 32}, 404, 50100),
    ],
)
async def test_bad_parameters_are_refused(
    conversations: Conversations, values: dict[str, str], status: int, code: int
) -> None:
    await conversations.create("Users", Identity="ann")
    assert await conversations.refused("POST", "Users", values) == (status, code)


async def test_a_conversation_role_is_none_for_users(conversations: Conversations) -> None:
    roles = {r["friendly_name"]: r["sid"] for r in (await conversations.get("Roles"))["roles"]}
    values = {"Identity": "bob", "RoleSid": roles["channel user"]}
    assert await conversations.refused("POST", "Users", values) == (404, 50102)


async def test_users_of_other_services_are_absent(conversations: Conversations, stranger: Conversations) -> None:
    user = await stranger.create("Users", Identity="ann")
    for key in ("ann", user["sid"]):
        for path in (f"Users/{key}", f"Users/{key}/Conversations"):
            assert await conversations.refused("GET", path) == (404, 20404)


async def test_webhooks_hear_of_users_only_where_the_request_asks_for_it(
    conversations: Conversations, rig: Rig
) -> None:
    values = {"PostWebhookUrl": "https://example.com/", "Filters": ["onUserAdded", "onUserUpdated"]}
    await conversations.in_service().update("Configuration/Webhooks", values)

    async def jobs() -> int:
        found: int = await rig.store.pool.fetchval(
            "SELECT count(*) FROM outbox WHERE service_sid = $1", conversations.service_sid
        )
        return found

    asking = {"X-Twilio-Webhook-Enabled": "True"}
    await conversations.create("Users", Identity="ann")
    await conversations.update("Users/ann", FriendlyName="Ann")
    assert await jobs() == 0
    assert (await conversations.http.post("/v1/Users", data={"Identity": "bob"}, headers=asking)).status_code == 201
    assert await jobs() == 1
    await conversations.http.post("/v1/Users/bob", data={"FriendlyName": "Bob"}, headers=asking)
    assert await jobs() == 2
