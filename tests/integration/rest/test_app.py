"""What stands around the resources: routing, credentials, health, metrics."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from .rig import Rest, Rig, build_rig


async def test_health_readiness_and_metrics_are_open(rig: Rig) -> None:
    async with rig.http() as http:
        alive = await http.get("/healthz")
        assert (alive.status_code, alive.text) == (200, "ok\n")
        assert (await http.get("/readyz")).status_code == 200
        metrics = await http.get("/metrics")
        assert (metrics.status_code, metrics.text) == (200, "chat_connections 0\n")
        assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")


async def test_readiness_names_every_reason_on_a_line_of_its_own(rig: Rig) -> None:
    rig.reasons[:] = ["postgres: no\nanswer", "draining"]
    try:
        async with rig.http() as http:
            response = await http.get("/readyz")
    finally:
        rig.reasons.clear()
    assert (response.status_code, response.text) == (503, "postgres: no answer\ndraining\n")


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("http://x.test", "/v3/Services"),
        ("http://x.test", "/v1/Services/IS1/Channels/CH1/Webhooks"),
        ("http://x.test", "/v9/Services"),
        ("http://x.test", "/v2"),
        ("http://x.test", "/v2/services"),
        ("http://x.test", "/v2/Services//Channels"),
        ("http://x.test", "/conversations/v2/Conversations"),
        ("http://x.test", "/ip-messaging/v3/Services/IS1/Channels/CH1"),
        ("http://x.test", "/mcs/v1/Services/IS1/Media"),
        ("http://sync.twilio.com", "/v2/Services"),
        ("http://x.test", "/"),
        ("http://x.test", "/nothing"),
    ],
)
async def test_what_is_not_offered_is_absent(rest: Rest, base: str, path: str) -> None:
    assert await rest.refused("GET", base + path) == (404, 20404)


async def test_wrong_methods_are_told_apart_from_wrong_paths(rest: Rest) -> None:
    assert await rest.refused("PUT", "Channels") == (405, 20004)
    assert await rest.refused("DELETE", "Channels") == (405, 20004)
    assert await rest.refused("DELETE", "http://chat.test/token") == (405, 20004)
    assert await rest.refused("POST", "http://chat.test/healthz") == (405, 20004)


@pytest.mark.parametrize(
    ("base", "prefix"),
    [
        ("http://chat.example.org", ""),
        ("https://chat.us1.example.org:8443", ""),
        ("http://127.0.0.1:8080", ""),
        ("http://x.test", "/chat"),
    ],
)
async def test_generated_urls_lead_back_the_way_of_the_request(rest: Rest, base: str, prefix: str) -> None:
    service = await rest.get(f"{base}{prefix}/v2/Services/{rest.service_sid}/")
    assert service["url"] == f"{base}{prefix}/v2/Services/{rest.service_sid}"


async def test_the_message_about_absent_objects_has_no_version(rest: Rest) -> None:
    response = await rest.http.get(rest.path("Channels/caf%C3%A9%20x?a=b"))
    path = f"/Services/{rest.service_sid}/Channels/café x"
    assert response.json()["message"] == f"The requested resource {path} was not found"


async def test_credentials_are_asked_for_before_anything_else(rig: Rig, rest: Rest) -> None:
    sid, token = rest.account.sid, rest.account.auth_token
    for auth in (None, (sid, "wrong"), ("AC" + "0" * 32, token), ("", ""), (rest.account.key_sid, token), ("é", "é")):
        async with rig.http(auth) as http:
            for path in ("/v2/Services", "/v2/nothing"):
                response = await http.post(path)
                assert (response.status_code, response.json()["code"]) == (401, 20003)
                assert response.headers["www-authenticate"] == 'Basic realm="Twilio API"'


async def test_a_revoked_key_opens_nothing(rig: Rig, rest: Rest) -> None:
    key = await rig.admin.create_key(rest.account.sid, "short-lived")
    await rig.admin.revoke_key(key.sid)
    async with rig.http((key.sid, key.secret)) as http:
        assert (await http.get("/v2/Services")).status_code == 401


async def test_requests_of_an_account_in_flight_are_bounded(rig: Rig, rest: Rest) -> None:
    limited = build_rig(rig.store, account_limit=1)
    async with limited.http((rest.account.sid, rest.account.auth_token)) as http:
        answers = await asyncio.gather(*(http.get("/v2/Services") for _ in range(8)))
        refused = [answer for answer in answers if answer.status_code == 429]
        assert {answer.status_code for answer in answers} == {200, 429}
        assert all(answer.json()["code"] == 20429 and answer.headers["retry-after"] == "1" for answer in refused)
        assert (await http.get("/v2/Services")).status_code == 200


async def test_a_database_that_is_away_is_temporary(rig: Rig, rest: Rest, database: str) -> None:
    from chatcore.store.postgres import PostgresStore

    store = await PostgresStore.open(database, min_size=1, max_size=1)
    away = build_rig(store)
    await store.close()
    async with away.http((rest.account.sid, rest.account.auth_token)) as http:
        for answer in (await http.get("/v2/Services"), await http.post("/token", data={"identity": "ann"})):
            assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, 20503, "1")


async def test_every_answer_carries_an_id_and_its_duration(rest: Rest) -> None:
    response: httpx.Response = await rest.http.get("/v2/Services")
    assert response.headers["twilio-request-id"].startswith("RQ")
    assert float(response.headers["twilio-request-duration"]) >= 0
