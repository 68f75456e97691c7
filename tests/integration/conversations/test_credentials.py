from __future__ import annotations

import pytest

from tests.integration.rest.rig import Rest

from .rig import HOST, Conversations

PATH = "Credentials"
FCM = {"Type": "fcm", "Secret": "a legacy server key"}


async def test_a_credential_is_that_of_chat(conversations: Conversations, rest: Rest) -> None:
    made = await conversations.create(PATH, FCM, FriendlyName="phones")
    assert made == {
        "sid": made["sid"],
        "account_sid": conversations.account.sid,
        "friendly_name": "phones",
        "type": "fcm",
        "sandbox": None,
        "date_created": made["date_created"],
        "date_updated": made["date_created"],
        "url": f"{HOST}/v1/Credentials/{made['sid']}",
    }
    assert await conversations.get(made["url"]) == made
    in_chat = await rest.get(f"/v2/Credentials/{made['sid']}")
    assert in_chat == made | {"url": f"http://chat.test/v2/Credentials/{made['sid']}"}


async def test_an_update_changes_what_is_given_and_may_change_the_type(conversations: Conversations) -> None:
    made = await conversations.create(PATH, FCM, FriendlyName="phones")
    path = f"{PATH}/{made['sid']}"
    assert await conversations.update(path) == made
    changed = await conversations.update(path, FriendlyName="", Type="gcm")
    assert changed == made | {"friendly_name": None, "type": "gcm", "date_updated": changed["date_updated"]}
    assert await conversations.get(path) == changed
    await conversations.delete(path)
    for method in ("GET", "POST", "DELETE"):
        assert await conversations.refused(method, path) == (404, 20404)


async def test_lists_have_pages_of_a_hundred(conversations: Conversations) -> None:
    made = [await conversations.create(PATH, FCM) for _ in range(3)]
    page = await conversations.get(PATH, PageSize="1000")
    assert (page["meta"]["page_size"], page["meta"]["key"], page["credentials"]) == (100, "credentials", made)
    assert await conversations.follow(await conversations.get(PATH, PageSize="2"), "credentials") == made


async def test_credentials_belong_to_their_account(conversations: Conversations, stranger: Conversations) -> None:
    made = await conversations.create(PATH, FCM)
    for method in ("GET", "POST", "DELETE"):
        assert await stranger.refused(method, f"{PATH}/{made['sid']}") == (404, 20404)
    assert (await stranger.get(PATH))["credentials"] == []


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({}, 20001),
        ({"Type": "wns"}, 20001),
        ({"Type": ""}, 20001),
        (FCM | {"FriendlyName": "x" * 257}, 50003),
        ({"Type": "apn", "Sandbox": "yes"}, 20001),
        ({"Type": "apn", "Certificate": "no PEM", "PrivateKey": "no PEM"}, 20001),
        (FCM | {"Secret": "a\x00b"}, 20001),
    ],
)
async def test_bad_parameters_are_refused(conversations: Conversations, values: dict[str, str], code: int) -> None:
    assert await conversations.refused("POST", PATH, values) == (400, code)
    assert (await conversations.get(PATH))["credentials"] == []
