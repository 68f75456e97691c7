from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from chatcore.auth.keys import KeyRing, SealedSecret
from chatcore.auth.secrets import SecretBox
from chatcore.auth.tokens import Grant, TokenVerifier
from chatcore.ports.clock import SystemClock
from chatcore.store.keys import Keys

from .rig import Rest, Rig, build_rig


async def verified(rig: Rig, token: str) -> Grant:
    keys: Keys[SealedSecret] = Keys(rig.store.pool, SealedSecret)
    clock = SystemClock()
    return await TokenVerifier(KeyRing(keys, SecretBox(["a key for tests"]), clock), keys, clock).verify(token)


async def test_a_form_gets_a_token_for_its_identity(rig: Rig, rest: Rest) -> None:
    values = {"identity": "名前", "service_sid": rest.service_sid, "ttl": "60", "endpoint_id": "app:x:y"}
    values |= {"push_credential_sid": "CR" + "0" * 32, "role_sid": (await rest.get(""))["default_service_role_sid"]}
    response = await rest.http.post("/token", data=values)
    body = response.json()
    assert (response.status_code, set(body)) == (200, {"identity", "token", "expires_at"})
    assert response.headers["cache-control"] == "no-store"
    grant = await verified(rig, body["token"])
    assert body["identity"] == grant.identity == "名前"
    assert (grant.account_sid, grant.service_sid) == (rest.account.sid, rest.service_sid)
    assert (grant.endpoint_id, grant.deployment_role_sid) == ("app:x:y", values["role_sid"])
    assert grant.push_credential_sid == values["push_credential_sid"]
    assert grant.expires_at == datetime.fromisoformat(body["expires_at"])
    assert grant.expires_at - SystemClock().now() <= timedelta(seconds=60)


@pytest.mark.parametrize("extra", [{}, {"ttl": 86400}, {"ttl": "1", "service_sid": None}])
async def test_json_gets_a_token_too(rig: Rig, rest: Rest, extra: dict[str, Any]) -> None:
    response = await rest.http.post("/token", json={"identity": "ann"} | extra)
    assert response.status_code == 200, response.text
    grant = await verified(rig, response.json()["token"])
    assert (grant.identity, grant.service_sid, grant.key_sid) == ("ann", rest.service_sid, rest.account.key_sid)


async def test_a_key_signs_for_itself(rig: Rig, stranger: Rest) -> None:
    key = await rig.admin.create_key(stranger.account.sid, "second")
    async with rig.http((key.sid, key.secret)) as http:
        response = await http.post("/token", data={"identity": "ann"})
    assert (await verified(rig, response.json()["token"])).key_sid == key.sid


@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        ({}, 400, 20001),
        ({"identity": ""}, 400, 50204),
        ({"identity": "system"}, 400, 50203),
        ({"identity": "x" * 257}, 400, 50207),
        ({"identity": "a\x00"}, 400, 20001),
        ({"identity": "a", "ttl": "0"}, 400, 20001),
        ({"identity": "a", "ttl": "86401"}, 400, 20001),
        ({"identity": "a", "ttl": "an hour"}, 400, 20001),
        ({"identity": "a", "service_sid": "IS" + "0" * 32}, 404, 50050),
        ({"identity": "a", "service_sid": "nonsense"}, 404, 50050),
        ({"identity": "a", "push_credential_sid": "nonsense"}, 400, 20001),
        ({"identity": "a", "role_sid": "RL" + "0" * 32}, 404, 50100),
        ({"identity": "a", "endpoint_id": "x" * 257}, 400, 20001),
    ],
)
async def test_bad_requests_are_refused(rest: Rest, values: dict[str, str], status: int, code: int) -> None:
    assert await rest.refused("POST", "/token", values) == (status, code)
    response = await rest.http.post("/token", json=values)
    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"identity": ["a"]}',
        b'{"identity": true}',
        b'{"identity": "\\ud800"}',
        b'{"identity": "\xff"}',
        b'{"identity": "a", "ttl": 1.5}',
        b'{"identity": "a", "ttl": ' + b"9" * 5000 + b"}",
        b'{"identity": ' * 5000,
    ],
)
async def test_bad_json_is_refused(rest: Rest, body: bytes) -> None:
    headers = {"content-type": "application/json; charset=utf-8"}
    response = await rest.http.post("/token", content=body, headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, 20001)


async def test_services_and_roles_of_others_get_no_token(rest: Rest, stranger: Rest) -> None:
    foreign_role = (await stranger.get(""))["default_service_role_sid"]
    channel_role = (await rest.get(""))["default_channel_role_sid"]
    for name, value, code in (
        ("service_sid", stranger.service_sid, 50050),
        ("role_sid", foreign_role, 50100),
        ("role_sid", channel_role, 50102),
    ):
        assert await rest.refused("POST", "/token", {"identity": "ann", name: value}) == (404, code)


async def test_tokens_need_credentials(rig: Rig) -> None:
    async with rig.http() as http:
        response = await http.post("/token", data={"identity": "ann"})
    assert (response.status_code, response.json()["code"]) == (401, 20003)


async def test_an_account_without_a_key_or_service_gets_no_token(rig: Rig) -> None:
    account = await rig.admin.create_account("bare")
    async with rig.http((account.sid, account.auth_token)) as http:
        without_service = await http.post("/token", data={"identity": "ann"})
        service = (await http.post("http://chat.test/v2/Services", data={"FriendlyName": "S"})).json()["sid"]
        without_key = await http.post("/token", data={"identity": "ann", "service_sid": service})
    assert (without_service.status_code, without_service.json()["code"]) == (400, 20001)
    assert (without_key.status_code, without_key.json()["code"]) == (409, 20409)


async def test_development_hands_out_tokens_in_the_shape_of_sample_apps(rig: Rig, rest: Rest) -> None:
    async with build_rig(rig.store, development=rest.account).http() as http:
        response: httpx.Response = await http.get("/token", params={"identity": "ann", "device": "phone"})
        assert (response.status_code, set(response.json())) == (200, {"identity", "token"})
        grant = await verified(rig, response.json()["token"])
        assert (grant.identity, grant.service_sid) == ("ann", rest.service_sid)
        assert grant.endpoint_id == "chat:ann:phone"
        assert (await http.get("/token")).json()["code"] == 20001
        assert (await http.get("/token?identity=")).json()["code"] == 50204
        assert (await http.post("/token", data={"identity": "ann"})).status_code == 401


async def test_outside_development_tokens_need_a_post(rest: Rest) -> None:
    assert await rest.refused("GET", "/token", identity="ann") == (405, 20004)
