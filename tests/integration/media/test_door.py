"""Browsers and tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest_asyncio

from chatcore.domain.ids import new_sid
from tests.integration.rest.rig import Account, new_account

from .conftest import ClientOf
from .rig import PNG, Caller, Rig, build_rig, link_of, refusal, token

PAGE = "https://app.example.net"


def allowed(response: httpx.Response) -> str | None:
    origin: str | None = response.headers.get("access-control-allow-origin")
    return origin


async def test_a_browser_may_ask_before_it_asks(rig: Rig, server: Caller) -> None:
    sid = new_sid("ME")
    links = [f"/media-content/{sid}?exp=1&sig=x", f"/media-upload/{sid}?exp=1&sig=x"]
    resources = [f"{server.media}{end}" for end in ("", f"/{sid}", f"/{sid}/Content", "Set")]
    async with rig.http() as browser:
        for path in (*links, *resources, resources[0].removeprefix("/mcs")):
            headers = {
                "Origin": PAGE,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "x-twilio-token,content-type",
            }
            response = await browser.options(path, headers=headers)
            assert (response.status_code, response.content) == (204, b""), path
            assert allowed(response) == "*"
            methods = response.headers["access-control-allow-methods"].split(", ")
            assert {"GET", "POST", "OPTIONS"} <= set(methods)
            names = response.headers["access-control-allow-headers"].lower().split(", ")
            assert {"x-twilio-token", "content-type"} <= set(names)
            assert int(response.headers["access-control-max-age"]) > 0


async def test_every_answer_may_be_read_by_pages(rig: Rig, client_of: ClientOf) -> None:
    alice = await client_of("alice")
    record = await alice.upload()
    async with rig.http() as browser:
        for response in (
            await alice.http.get(f"{alice.media}/{record['sid']}", headers={"Origin": PAGE}),
            await alice.http.get(record["links"]["content"]),
            await alice.http.get(f"{alice.media}/{new_sid('ME')}"),
            await browser.get(link_of(record)),
            await browser.get(f"/media-content/{record['sid']}"),
            await browser.get(f"{alice.media}/{record['sid']}"),
        ):
            assert allowed(response) == "*"
            assert "Content-Range" in response.headers["access-control-expose-headers"]


async def test_other_products_are_not_opened(rig: Rig, server: Caller) -> None:
    for path in (f"/v2/Services/{server.account.service_sid}", f"/chat/v1/Services/{server.account.service_sid}/Media"):
        response = await server.http.options(path)
        assert allowed(response) is None
        assert response.status_code in (404, 405)
        async with rig.http(headers={"X-Twilio-Token": token(server.account, "alice")}) as http:
            assert refusal(await http.get(path)) == (401, 20003)


@pytest_asyncio.fixture(loop_scope="package")
async def choosy(rig: Rig, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A node that names the pages it wants."""
    async with build_rig(rig.store, tmp_path, origins=["https://*.example.net", "http://localhost:*"]).http() as http:
        yield http


async def test_pages_may_be_chosen(choosy: httpx.AsyncClient) -> None:
    path = f"/v1/Services/{new_sid('IS')}/Media"
    for origin in (PAGE, "http://localhost:3000"):
        response = await choosy.options(path, headers={"Origin": origin})
        assert (allowed(response), response.headers["vary"]) == (origin, "Origin")
    for headers in ({"Origin": "https://evil.example"}, {}):
        response = await choosy.options(path, headers=headers)
        assert (response.status_code, allowed(response), response.headers["vary"]) == (204, None, "Origin")


async def test_a_token_is_checked_as_at_the_socket(rig: Rig, account: Account) -> None:
    other = await new_account(rig.admin)
    now = datetime.now(UTC)
    tokens = {
        "": 20160,
        "nonsense": 20160,
        token(account, "alice")[:-2] + "xx": 20107,
        token(account, "alice", now=now - timedelta(hours=2)): 20104,
        token(account, "alice", now=now + timedelta(hours=2)): 20105,
        token(other, "alice"): None,
    }
    path = f"/v1/Services/{account.service_sid}/Media"
    async with rig.http() as http:
        for text, code in tokens.items():
            response = await http.post(path, headers={"X-Twilio-Token": text}, content=PNG)
            assert refusal(response) == ((404, 20404) if code is None else (401, code))
            assert allowed(response) == "*"


async def test_a_token_of_a_revoked_key_is_refused(rig: Rig, account: Account) -> None:
    await rig.store.pool.execute("UPDATE api_keys SET revoked_at = now() WHERE sid = $1", account.key_sid)
    async with rig.http(headers={"X-Twilio-Token": token(account, "alice")}) as http:
        response = await http.post(f"/v1/Services/{account.service_sid}/Media", content=PNG)
    assert refusal(response) == (401, 20103)


async def test_whoever_shows_both_is_a_client(rig: Rig, server: Caller) -> None:
    headers = {"X-Twilio-Token": token(server.account, "alice")}
    assert (await server.http.post(server.media, content=PNG, headers=headers)).json()["author"] == "alice"
    response = await server.http.post(server.media, content=PNG, headers={"X-Twilio-Token": "nonsense"})
    assert refusal(response) == (401, 20160)


async def test_a_token_is_no_password(rig: Rig, account: Account) -> None:
    async with rig.http(auth=("token", token(account, "alice"))) as http:
        assert refusal(await http.post(f"/v1/Services/{account.service_sid}/Media", content=PNG)) == (401, 20003)
        assert refusal(await http.get(f"/v2/Services/{account.service_sid}")) == (401, 20003)


async def test_other_methods(server: Caller, client_of: ClientOf) -> None:
    sid = (await server.upload())["sid"]
    for caller in (server, await client_of("alice")):
        assert await caller.refused("PUT", f"/{sid}", content=b"x") == (405, 20004)
        assert await caller.refused("GET", "") == (405, 20004)
        assert await caller.refused("GET", f"/{sid}/Other") == (404, 20404)
