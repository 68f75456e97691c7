from __future__ import annotations

import pytest

from chatcore.auth.tokens import TokenCode, TokenError
from chatcore.domain.errors import ChatError, Code
from gateway.hub.standing import Lost
from gateway.twilsock import errors
from gateway.twilsock.messages import Status, words

KILLING = {406, 417}


@pytest.mark.parametrize("code", TokenCode)
def test_every_defect_of_a_token_asks_for_another_one(code: TokenCode) -> None:
    status = errors.of_token(TokenError(code, "text"))
    assert status.code in (401, 403)
    assert status.error_code == code
    assert status.description


@pytest.mark.parametrize("code", Code)
def test_no_chat_error_kills_a_client(code: Code) -> None:
    status = errors.of_chat(ChatError(code, "text"))
    assert status.code == 403
    assert status.error_code
    assert status.description


@pytest.mark.parametrize("why", Lost)
def test_every_loss_is_final_until_there_is_a_new_token(why: Lost) -> None:
    status = errors.gone(why)
    assert (status.code, status.status) == (401, "UNAUTHORIZED")
    assert status.error_code
    assert status.error_code != TokenCode.EXPIRED


def test_no_status_kills_a_client() -> None:
    statuses = [
        errors.EXPIRED,
        errors.OFFLOADED,
        errors.other_identity(),
        errors.too_many_connections(),
        errors.bad_request("x"),
        *(value for value in vars(errors).values() if isinstance(value, Status)),
    ]
    assert not KILLING & {status.code for status in statuses}


def test_words() -> None:
    assert [words(code) for code in (200, 201, 401, 404, 429)] == [
        "OK",
        "CREATED",
        "UNAUTHORIZED",
        "NOT_FOUND",
        "TOO_MANY_REQUESTS",
    ]
    assert words(299) == "299"
