from __future__ import annotations

import pytest

from .rig import HOST, Rest

PATH = "/v2/Credentials"


async def test_a_fresh_credential_has_every_property_and_no_secret(rest: Rest) -> None:
    credential = await rest.create(PATH, Type="fcm", FriendlyName="phones", Secret="hush")
    assert credential == {
        "sid": credential["sid"],
        "account_sid": rest.account.sid,
        "friendly_name": "phones",
        "type": "fcm",
        "sandbox": None,
        "date_created": credential["date_created"],
        "date_updated": credential["date_created"],
        "url": f"{HOST}{PATH}/{credential['sid']}",
    }
    path = f"{PATH}/{credential['sid']}"
    assert await rest.get(path) == await rest.update(path) == credential
    assert (await rest.get(PATH))["credentials"] == [credential]
    await rest.delete(path)
    assert await rest.refused("GET", path) == (404, 20404)
    assert await rest.refused("DELETE", path) == (404, 20404)


async def test_sandbox_is_a_text_and_apples(rest: Rest) -> None:
    credential = await rest.create(PATH, Type="apn")
    assert credential["sandbox"] == "false"
    assert (await rest.update(f"{PATH}/{credential['sid']}", Sandbox="True"))["sandbox"] == "true"
    assert (await rest.create(PATH, Type="gcm", Sandbox="true", ApiKey="x"))["sandbox"] is None


async def test_the_type_stays_and_the_name_may_go(rest: Rest) -> None:
    credential = await rest.create(PATH, Type="gcm", FriendlyName="phones", ApiKey="x")
    changed = await rest.update(f"{PATH}/{credential['sid']}", Type="apn", FriendlyName="", ApiKey="y")
    assert (changed["type"], changed["friendly_name"]) == ("gcm", None)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, (400, 20001)),
        ({"Type": "web"}, (400, 20001)),
        ({"Type": ""}, (400, 20001)),
        ({"Type": "apn", "FriendlyName": "x" * 257}, (400, 50003)),
        ({"Type": "apn", "Sandbox": "maybe"}, (400, 20001)),
        ({"Type": "apn", "Certificate": "garbage"}, (400, 20001)),
        ({"Type": "apn", "PrivateKey": "garbage"}, (400, 20001)),
        ({"Type": "apn", "KeyId": "x"}, (400, 20001)),
        ({"Type": "fcm", "Secret": "{}"}, (400, 20001)),
        ({"Type": "fcm", "Secret": "a\x00b"}, (400, 20001)),
        ({"Type": "gcm", "ApiKey": "[1]"}, (400, 20001)),
    ],
)
async def test_bad_credentials_are_refused_by_code(
    rest: Rest, values: dict[str, str], expected: tuple[int, int]
) -> None:
    assert await rest.refused("POST", PATH, values) == expected
    assert (await rest.get(PATH))["credentials"] == []


async def test_the_refusal_names_the_parameter(rest: Rest) -> None:
    response = await rest.http.post(PATH, data={"Type": "apn", "PrivateKey": "garbage"})
    assert response.json()["message"] == "PrivateKey is not a private key in PEM"


async def test_credentials_belong_to_their_account(rest: Rest, stranger: Rest) -> None:
    credential = await rest.create(PATH, Type="apn")
    path = f"{PATH}/{credential['sid']}"
    for method in ("GET", "POST", "DELETE"):
        assert await stranger.refused(method, path) == (404, 20404)
    assert (await stranger.get(PATH))["credentials"] == []
    assert await rest.get(path) == credential


async def test_pages_are_of_a_thousand(rest: Rest) -> None:
    made = [await rest.create(PATH, Type="apn", FriendlyName=str(number)) for number in range(5)]
    assert (await rest.get(PATH, PageSize="5000"))["meta"]["page_size"] == 1000
    assert await rest.follow(await rest.get(PATH, PageSize="2"), "credentials") == made


async def test_all_versions_serve_the_same_store(rest: Rest) -> None:
    credential = await rest.create(PATH, Type="apn", FriendlyName="phones")
    for base in (f"{HOST}/v1", "http://x.test/ip-messaging/v1", "http://ip-messaging.x.test/v2"):
        url = f"{base}/Credentials/{credential['sid']}"
        assert await rest.get(url) == {**credential, "url": url}
    other = await rest.http.get(f"http://x.test/conversations/v1/Credentials/{credential['sid']}")
    assert other.json()["friendly_name"] == "phones"
