from __future__ import annotations

import pytest

from chatcore.domain.errors import ChatError, Code
from gateway.http.errors import HttpError
from gateway.sdkhttp.errors import failure, refusal, translate

from .stage import body_of


@pytest.mark.parametrize("code", Code)
def test_every_refusal_has_a_status_that_fits_its_kind(code: Code) -> None:
    error = translate(ChatError(code, "text"))
    assert 400 <= error.status < 600
    assert error.status not in (406, 417)
    assert (error.status in (429, 500, 503)) == ChatError(code, "").temporary
    assert error.code > 0


@pytest.mark.parametrize(
    ("code", "status", "number"),
    [
        (Code.USER_NOT_FOUND, 404, 50200),
        (Code.CHANNEL_NOT_FOUND, 404, 50300),
        (Code.UNIQUE_NAME_TAKEN, 409, 50307),
        (Code.NOT_A_MEMBER, 403, 50400),
        (Code.MEMBER_EXISTS, 409, 50404),
        (Code.FORBIDDEN, 403, 50430),
        (Code.NOT_AUTHORIZED, 403, 50430),
        (Code.MESSAGE_NOT_FOUND, 404, 50500),
        (Code.INVITE_NOT_FOUND, 404, 50520),
        (Code.SERVICE_NOT_FOUND, 404, 20404),
        (Code.INVALID_PARAMETER, 400, 20001),
        (Code.CHANNEL_RATE_EXCEEDED, 429, 50063),
        (Code.UNAVAILABLE, 503, 20503),
    ],
)
def test_codes_that_applications_know(code: Code, status: int, number: int) -> None:
    error = translate(ChatError(code, "text"))
    assert (error.status, error.code, error.message) == (status, number, "text")


def test_the_body_of_a_refusal() -> None:
    response = refusal(HttpError(404, 50300, "Channel not found"))
    assert response.status == 404
    assert body_of(response) == {
        "status": 404,
        "code": 50300,
        "message": "Channel not found",
        "more_info": "https://www.twilio.com/docs/errors/50300",
    }


def test_broken_text_is_not_quoted() -> None:
    assert body_of(refusal(HttpError(400, 20001, "bad \udcff")))["message"] == "bad ?"


def test_our_faults_have_no_detail() -> None:
    assert body_of(failure())["message"] == "Internal error"
    assert translate(ChatError(Code.INTERNAL, "secret")).message == "Internal error"
