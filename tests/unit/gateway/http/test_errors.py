from __future__ import annotations

import json

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chatcore.commands.rates import RateExceeded
from chatcore.domain.errors import ChatError, Code
from gateway.http.errors import (
    ABSENT,
    HttpError,
    error_response,
    http_exception_handler,
    missing_parameter,
    not_found,
    refusal_handler,
    status_of,
    translate,
    unexpected_handler,
)

STATUS = {
    "401": "20003",
    "403": "50418 50321 20403 50056 50107 50208 50400 50403",
    "404": "50320 20404 50050 50100 50101 50102 50106 50200 50300 50402 50500 50507 50601",
    "409": "50416 20409 50201 50212 50307 50404 50508",
    "412": "20412",
    "429": "20429 50063 50074",
    "500": "20500",
    "503": "20503",
}
EXPECTED = {int(code): int(status) for status, codes in STATUS.items() for code in codes.split()}


@pytest.mark.parametrize("code", Code)
def test_every_code_of_the_domain_has_its_status(code: Code) -> None:
    assert status_of(code) == EXPECTED.get(code, 400)


@pytest.mark.parametrize(("code", "status"), [(50353, 409), (50433, 409), (50417, 403), (50432, 404), (50363, 400)])
def test_codes_of_conversations_have_their_status(code: int, status: int) -> None:
    assert status_of(code) == status


def test_the_body_has_exactly_four_members() -> None:
    response = error_response(HttpError(409, 50307, "taken"))
    assert json.loads(bytes(response.body)) == {
        "code": 50307,
        "message": "taken",
        "more_info": "https://www.twilio.com/docs/errors/50307",
        "status": 409,
    }
    assert response.status_code == 409
    assert response.headers["content-type"].startswith("application/json")


def test_a_message_that_quotes_broken_text_is_still_sent() -> None:
    assert json.loads(bytes(error_response(HttpError(400, 20001, "bad \ud800")).body))["message"] == "bad ?"


def test_wordings_that_applications_match() -> None:
    assert not_found("/Services/ISx").message == "The requested resource /Services/ISx was not found"
    assert missing_parameter("Identity").message == "Missing required parameter Identity in the post body"


@pytest.mark.parametrize("code", sorted(ABSENT))
def test_absent_objects_are_about_the_path(code: Code) -> None:
    error = translate(ChatError(code, "channel not found"), "/Services/ISx")
    assert (error.status, error.code, error.message) == (404, 20404, not_found("/Services/ISx").message)


def test_objects_named_in_the_body_keep_their_code() -> None:
    error = translate(ChatError(Code.CHANNEL_ROLE_NOT_FOUND, "no such role"), "/Services/ISx")
    assert (error.status, error.code, error.message) == (404, 50101, "no such role")


def test_temporary_refusals_say_when_to_come_back() -> None:
    assert translate(ChatError(Code.UNAVAILABLE, "away"), "/").headers == {"Retry-After": "1"}
    exceeded = RateExceeded(Code.CHANNEL_RATE_EXCEEDED, "slow down", 4)
    assert translate(exceeded, "/").headers == {"Retry-After": "4"}
    assert translate(ChatError(Code.UNIQUE_NAME_TAKEN, "taken"), "/").headers == {}


def test_internal_errors_do_not_leak() -> None:
    assert "secret" not in translate(ChatError(Code.INTERNAL, "secret table"), "/").message


async def _raise_chat(request: Request) -> Response:
    raise ChatError(Code.UNIQUE_NAME_TAKEN, "taken")


async def _raise_http(request: Request) -> Response:
    raise HTTPException(413)


async def _crash(request: Request) -> Response:
    raise RuntimeError("secret")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/no", (404, 20404)),
        ("PUT", "/chat", (405, 20004)),
        ("GET", "/chat", (409, 50307)),
        ("GET", "/big", (413, 20001)),
        ("GET", "/crash", (500, 20500)),
    ],
)
async def test_starlette_answers_in_the_same_shape(method: str, path: str, expected: tuple[int, int]) -> None:
    app = Starlette(
        routes=[Route("/chat", _raise_chat), Route("/big", _raise_http), Route("/crash", _crash)],
        exception_handlers={
            HTTPException: http_exception_handler,
            HttpError: refusal_handler,
            ChatError: refusal_handler,
            Exception: unexpected_handler,
        },
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
        response = await client.request(method, path)
    assert (response.status_code, response.json()["code"]) == expected
    assert response.json()["status"] == response.status_code
    assert "secret" not in response.text
