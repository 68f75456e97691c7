from __future__ import annotations

import asyncio
import re

import httpx
import pytest
from starlette.responses import Response

from chatcore.auth.keys import Principal
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import AccountSid
from chatcore.ports.clock import SystemClock
from gateway.http.api import Api
from gateway.http.call import Call, Handler, Target
from gateway.http.responses import created, deleted, json_response
from gateway.http.router import Route, Router
from gateway.http.urls import Origin, Origins
from tests.support.patience import PATIENCE

ACCOUNT = AccountSid("AC" + "1" * 32)


class Known:
    """One account with the token `token`."""

    async def check(self, sid: str, secret: str) -> Principal | None:
        return Principal(account_sid=ACCOUNT) if (sid, secret) == (ACCOUNT, "token") else None


def resolve(arrived: Origin, public: Origin, path: tuple[str, ...]) -> Target | None:
    if path[:1] != ("chat",):
        return None
    return Target(product="chat", mount="/chat", segments=path[1:] or ("",), resource="/" + "/".join(path[2:]))


async def _show(call: Call) -> Response:
    return json_response(
        {
            "url": call.url("Things", call.params["thing"]),
            "account": call.principal.account_sid,
            "webhooks": call.webhooks,
            "filter": call.query().texts("F"),
        }
    )


async def _create(call: Call) -> Response:
    return created({"name": (await call.form()).required("Name")})


async def _delete(call: Call) -> Response:
    return deleted()


async def _absent(call: Call) -> Response:
    raise ChatError(Code.CHANNEL_NOT_FOUND, "no channel")


async def _gone(call: Call) -> Response:
    raise call.not_found()


async def _crash(call: Call) -> Response:
    raise RuntimeError("secret")


async def _offline(call: Call) -> Response:
    raise ConnectionRefusedError("postgres://secret")


ROUTES: list[Route[Handler]] = [
    Route("GET", "/v2/Things/{thing}", _show),
    Route("DELETE", "/v2/Things/{thing}", _delete),
    Route("POST", "/v2/Things", _create),
    Route("GET", "/v2/Absent", _absent),
    Route("GET", "/v2/Gone", _gone),
    Route("GET", "/v2/Crash", _crash),
    Route("GET", "/v2/Offline", _offline),
]


def api(*routes: Route[Handler], account_limit: int = 0) -> Api:
    return Api(
        resolve=resolve,
        routers={"chat": Router([*ROUTES, *routes])},
        credentials=Known(),
        origins=Origins(),
        clock=SystemClock(),
        account_limit=account_limit,
    )


def client(app: Api, *, auth: tuple[str, str] | None = (ACCOUNT, "token")) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://host/chat/v2", auth=auth)


def refusal(response: httpx.Response) -> tuple[int, int]:
    body = response.json()
    assert set(body) == {"code", "message", "more_info", "status"}
    assert body["status"] == response.status_code
    return response.status_code, body["code"]


async def test_a_handler_is_told_who_asks_what() -> None:
    async with client(api()) as http:
        response = await http.get("/Things/a%2Fb+c/?F=1&F=2", headers={"X-Twilio-Webhook-Enabled": "True"})
    assert response.json() == {
        "url": "http://host/chat/v2/Things/a%2Fb%2Bc",
        "account": ACCOUNT,
        "webhooks": True,
        "filter": ["1", "2"],
    }
    assert response.status_code == 200


async def test_every_answer_is_stamped() -> None:
    async with client(api()) as http:
        for response in (await http.get("/Things/a"), await http.get("/Nothing"), await http.delete("/Things/a")):
            assert re.fullmatch("RQ[0-9a-f]{32}", response.headers["Twilio-Request-Id"])
            assert float(response.headers["Twilio-Request-Duration"]) >= 0


async def test_created_and_deleted_have_their_statuses() -> None:
    async with client(api()) as http:
        made = await http.post("/Things", data={"Name": "x"})
        gone = await http.delete("/Things/a")
    assert (made.status_code, made.json()) == (201, {"name": "x"})
    assert (gone.status_code, gone.content) == (204, b"")


async def test_json_bodies_are_not_read_and_query_parameters_do_not_count_on_post() -> None:
    async with client(api()) as http:
        response = await http.post("/Things?Name=x", json={"Name": "x"})
    assert refusal(response) == (400, 20001)
    assert response.json()["message"] == "Missing required parameter Name in the post body"


async def test_authentication_comes_before_routing() -> None:
    async with client(api(), auth=None) as http:
        response = await http.get("/Nothing")
    assert refusal(response) == (401, 20003)
    assert response.headers["WWW-Authenticate"] == 'Basic realm="Twilio API"'
    async with client(api(), auth=(ACCOUNT, "wrong")) as http:
        assert refusal(await http.get("/Things/a")) == (401, 20003)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/Nothing", (404, 20404)),
        ("PUT", "/Things/a", (405, 20004)),
        ("PATCH", "/Things", (405, 20004)),
        ("GET", "/Absent", (404, 20404)),
        ("GET", "/Gone", (404, 20404)),
        ("GET", "/Crash", (500, 20500)),
        ("GET", "/Offline", (503, 20503)),
        ("GET", "/Things/%FF", (404, 20404)),
        ("GET", "/Things/%00", (404, 20404)),
    ],
)
async def test_refusals_have_their_shape(method: str, path: str, expected: tuple[int, int]) -> None:
    async with client(api()) as http:
        response = await http.request(method, path)
    assert refusal(response) == expected
    assert "secret" not in response.text


async def test_not_found_names_the_path_without_mount_version_and_query() -> None:
    async with client(api()) as http:
        response = await http.get("/Absent?x=1")
        unknown = await http.get("http://host/other/v2/a%20b?x=1")
    assert response.json()["message"] == "The requested resource /Absent was not found"
    assert unknown.json()["message"] == "The requested resource /other/v2/a b was not found"


async def test_unexpected_exceptions_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    async with client(api()) as http:
        await http.get("/Crash")
    assert [record.levelname for record in caplog.records if record.name.startswith("gateway")] == ["ERROR"]


async def test_requests_in_flight_are_bounded_per_account() -> None:
    entered, release = asyncio.Event(), asyncio.Event()

    async def wait(call: Call) -> Response:
        entered.set()
        await release.wait()
        return deleted()

    async with client(api(Route("GET", "/v2/Wait", wait), account_limit=1)) as http, asyncio.timeout(PATIENCE):
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(http.get("/Wait"))
            await entered.wait()
            refused = await http.get("/Things/a")
            release.set()
        assert refusal(refused) == (429, 20429)
        assert refused.headers["Retry-After"] == "1"
        assert waiting.result().status_code == 204
        assert (await http.get("/Things/a")).status_code == 200
